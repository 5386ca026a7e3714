/** What a finished ship says: results to stdout, one line an image or one line of JSON; remarks to stderr. */
import { formatBytes, formatSeconds } from '../../shared/terminal/units.ts';
import type { SeededImage } from '../seed-pool.ts';
import type { ShipResult } from '../ship-image.ts';

export interface ReportOptions {
  readonly json: boolean;
  /** Also say where the bytes went. */
  readonly explain: boolean;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export function printResult(result: ShipResult, { json, explain, stdout, stderr }: ReportOptions): void {
  for (const note of result.notes) stderr.write(`${note}\n`);
  if (json) {
    const { images, wire, seconds } = result;
    stdout.write(
      `${JSON.stringify({ event: result.dryRun ? 'estimated' : 'shipped', images, wire, seconds, ...(explain && { breakdown: result.breakdown }) })}\n`,
    );
    return;
  }
  for (const image of result.images) {
    const name = image.ref === '' ? '<untagged>' : image.ref;
    stdout.write(
      `${name} ${image.imageId} ${image.layers.total} layers (${image.layers.held} held), ${formatBytes(image.newBytes)} new of ${formatBytes(image.archiveBytes)}\n`,
    );
    for (const pushed of image.pushed) stdout.write(`${pushed}\n`);
  }
  const verb = result.dryRun ? 'would send' : 'sent';
  stdout.write(
    `${verb} ${formatBytes(result.wire.sentBytes)}, received ${formatBytes(result.wire.receivedBytes)} in ${formatSeconds(result.seconds.total)}\n`,
  );
  if (explain) printBreakdown(result, stdout);
}

/** What was read into the pool. */
export function seededLine({ source, archiveBytes, newBytes }: SeededImage): string {
  return `seeded the pool with ${source}: ${formatBytes(newBytes)} new of ${formatBytes(archiveBytes)}`;
}

function printBreakdown({ breakdown }: ShipResult, stdout: ReportOptions['stdout']): void {
  const sections = [
    ['What crossed the wire', breakdown.parts],
    ['Content by kind of file', breakdown.kinds],
    ['The dearest files', breakdown.files],
  ] as const;
  for (const [title, parts] of sections) {
    if (parts.length === 0) continue;
    stdout.write(`\n${title}\n`);
    for (const part of parts) stdout.write(`${String(part.bytes).padStart(14)}  ${part.name}\n`);
  }
}
