/** What a sync says: a line for each image and destination as it comes, and a table or one line of JSON at the end. */
import { formatBytes, formatSeconds } from '../../shared/terminal/units.ts';
import type { SyncResult } from '../sync/run.ts';
import { formatTable } from './table.ts';

export interface Output {
  write(text: string): unknown;
}

export interface SyncReport {
  result(result: SyncResult): void;
  end(results: readonly SyncResult[]): void;
}

export function createSyncReport(
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
): SyncReport {
  return {
    result(result) {
      if (!quiet) stderr.write(`${lineOf(result)}\n`);
    },
    end(results) {
      const count = (state: SyncResult['state']): number => results.filter((result) => result.state === state).length;
      if (json) {
        const counts = { delivered: count('delivered'), unchanged: count('unchanged'), paused: count('paused'), failed: count('failed') };
        stdout.write(`${JSON.stringify({ event: 'synced', ...counts, results })}\n`);
        return;
      }
      stdout.write(tableOf(results));
    },
  };
}

function lineOf(result: SyncResult): string {
  const { wireBytes, error } = result;
  const time = result.estimatedSeconds === null ? '' : ` in ${timeOf(result)}`;
  const what = error === undefined ? `${formatBytes(wireBytes)}${time}` : `${error.message} (${error.hint})`;
  return `${result.image} to ${result.destination}: ${result.state}, ${what}`;
}

function tableOf(results: readonly SyncResult[]): string {
  const isEstimate = results.some(({ state }) => state === 'estimated');
  return formatTable(
    ['image', 'destination', '', 'bytes', isEstimate ? 'time on the link' : 'time'],
    results.map((result) => [
      result.image,
      result.destination,
      result.error?.code ?? result.state,
      formatBytes(result.wireBytes),
      timeOf(result),
    ]),
    ['left', 'left', 'left', 'right', 'right'],
  );
}

function timeOf({ estimatedSeconds, seconds }: SyncResult): string {
  if (estimatedSeconds === undefined) return formatSeconds(seconds);
  return estimatedSeconds === null ? 'no rate known' : formatSeconds(estimatedSeconds);
}
