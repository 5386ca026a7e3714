/** What a finished ship says: results to stdout, one line an image or one line of JSON; remarks to stderr. */
import { formatBytes, formatSeconds } from '../../shared/terminal/units.ts';
import type { SeededImage } from '../seed-pool.ts';
import type { ShipResult } from '../ship-image.ts';
import { secondsToSend, type Estimate } from './estimate.ts';
import { formatRate } from '../../shared/terminal/quantities.ts';

export interface ReportOptions {
  readonly json: boolean;
  /** Also say where the bytes went. */
  readonly explain: boolean;
  /** Of a dry run. */
  readonly estimate: Estimate | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
}

interface Output {
  write(text: string): unknown;
}

export function printResult(result: ShipResult, { json, explain, estimate, stdout, stderr }: ReportOptions): void {
  for (const note of result.notes) stderr.write(`${note}\n`);
  if (json) stdout.write(`${JSON.stringify(eventOf(result, explain, estimate))}\n`);
  else printText(result, explain, estimate, stdout);
}

function eventOf(
  { transfer, images, wire, reconnections, seconds, perLayer, breakdown, dryRun }: ShipResult,
  explain: boolean,
  estimate: Estimate | undefined,
): object {
  return {
    event: dryRun ? 'estimated' : 'shipped',
    transfer,
    images,
    wire,
    reconnections,
    seconds,
    perLayer,
    ...(estimate !== undefined && { estimate: { ...estimate, seconds: secondsToSend(wire.sentBytes, estimate) } }),
    ...(explain && { breakdown }),
  };
}

function printText(result: ShipResult, explain: boolean, estimate: Estimate | undefined, stdout: Output): void {
  for (const image of result.images) {
    const name = image.ref === '' ? '<untagged>' : image.ref;
    stdout.write(
      `${name} ${image.imageId} ${image.layers.total} layers (${image.layers.held} held), ${formatBytes(image.newBytes)} new of ${formatBytes(image.archiveBytes)}\n`,
    );
    for (const pushed of image.pushed) stdout.write(`${pushed}\n`);
  }
  if (estimate !== undefined || explain) printLayers(result, stdout);
  const verb = result.dryRun ? 'would send' : 'sent';
  stdout.write(
    `${verb} ${formatBytes(result.wire.sentBytes)}, received ${formatBytes(result.wire.receivedBytes)} in ${formatSeconds(result.seconds.total)}\n`,
  );
  if (estimate !== undefined) stdout.write(`${estimateLine(result, estimate)}\n`);
  if (explain) printBreakdown(result, stdout);
}

/** Every layer with its bytes, and what belongs to none: together all that `wire` counts. */
function printLayers({ perLayer, wire }: ShipResult, stdout: Output): void {
  const line = (sent: number, received: number, what: string): void => {
    stdout.write(`${String(sent).padStart(14)}${String(received).padStart(12)}  ${what}\n`);
  };
  stdout.write(`${'bytes sent'.padStart(14)}${'received'.padStart(12)}  layer\n`);
  let { sentBytes, receivedBytes } = wire;
  for (const { image, layer, member, state, announcement, content, answers } of perLayer) {
    sentBytes -= announcement + content;
    receivedBytes -= answers;
    const what = [image, layer, member].filter((word) => word !== '').join(' ');
    line(announcement + content, answers, state === 'sent' ? what : `${what} (${state})`);
  }
  line(sentBytes, receivedBytes, 'handshake, offers, answers, commits');
}

function estimateLine({ wire }: ShipResult, estimate: Estimate): string {
  const seconds = secondsToSend(wire.sentBytes, estimate);
  const counted = `counted at effort ${estimate.effort}, without progress and receipts`;
  if (estimate.bitsPerSecond === null || seconds === null) return `${counted}; no rate of this link is known: give --rate for the time`;
  return `${formatSeconds(seconds)} at ${formatRate(estimate.bitsPerSecond)} (${estimate.rateFrom}); ${counted}`;
}

/** What was read into the pool. */
export function seededLine({ source, archiveBytes, newBytes }: SeededImage): string {
  return `seeded the pool with ${source}: ${formatBytes(newBytes)} new of ${formatBytes(archiveBytes)}`;
}

function printBreakdown({ breakdown }: ShipResult, stdout: Output): void {
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
