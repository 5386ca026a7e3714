/** What a sync service shows of itself: last run, next run, and what became of each image at each destination. */
import type { Clock } from '../../shared/clock.ts';
import { createMetrics } from '../../shared/status/metrics.ts';
import { json, plain, type Route } from '../../shared/status/server.ts';
import type { SyncResult } from './run.ts';

export interface SyncStatus {
  readonly routes: Readonly<Record<string, Route>>;
  /** The next run begins then, in milliseconds since the epoch. */
  waiting(until: number): void;
  began(): void;
  result(result: SyncResult): void;
  /** @param hasFailed whether the run as a whole did, as where the engine did not answer. */
  ended(hasFailed: boolean): void;
}

/** @param lastRun when it began the last time, before this process; milliseconds since the epoch. */
export function createSyncStatus(clock: Clock, lastRun: number | undefined): SyncStatus {
  const metrics = createMetrics();
  const runs = metrics.counter('lighterman_sync_runs_total', 'Runs by how they ended: done, or failed where an image did.', ['result']);
  const images = metrics.counter('lighterman_sync_images_total', 'Images by destination and what became of them.', [
    'destination',
    'state',
  ]);
  const bytes = metrics.counter('lighterman_sync_wire_bytes_total', 'Bytes that crossed, both ways, by destination.', ['destination']);
  const state = { last: lastRun, lastGood: undefined as number | undefined, next: undefined as number | undefined, isRunning: false };
  let results: SyncResult[] = [];
  metrics.gauge('lighterman_sync_running', '1 while a run goes on, else 0.', () => Number(state.isRunning));
  metrics.gauge('lighterman_sync_last_run_timestamp_seconds', 'When the last run began, since the epoch.', () => seconds(state.last));
  metrics.gauge('lighterman_sync_last_success_timestamp_seconds', 'When a run last ended in which nothing failed.', () => seconds(state.lastGood)); // prettier-ignore
  metrics.gauge('lighterman_sync_next_run_timestamp_seconds', 'When the next run begins.', () => seconds(state.next));
  const show = () =>
    json({ lastRun: iso(state.last), lastSuccess: iso(state.lastGood), nextRun: iso(state.next), isRunning: state.isRunning, results });
  return {
    routes: {
      '/': { page: show },
      '/status.json': { page: show },
      '/metrics': { page: () => metrics.page() },
      '/healthz': { isOpen: true, page: () => plain(200, 'ok') },
      '/readyz': {
        isOpen: true,
        page: () => (state.isRunning || state.next !== undefined ? plain(200, 'ready') : plain(503, 'not begun yet')),
      },
    },
    waiting: (until) => void (state.next = until),
    began() {
      results = [];
      state.isRunning = true;
      state.last = clock.now();
      state.next = undefined;
    },
    result(result) {
      results.push(result);
      images.add(1, { destination: result.destination, state: result.state });
      bytes.add(result.wireBytes, { destination: result.destination });
    },
    ended(hasFailed) {
      const isBad = hasFailed || results.some(({ state: became }) => became === 'failed');
      state.isRunning = false;
      if (!isBad) state.lastGood = clock.now();
      runs.add(1, { result: isBad ? 'failed' : 'done' });
    },
  };
}

function seconds(time: number | undefined): number | undefined {
  return time === undefined ? undefined : time / 1000;
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
