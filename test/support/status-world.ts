/** A receiver's status over stores in memory. */
import { openHistory, type History } from '../../receiver/witness/history.ts';
import { createLive, type Live } from '../../receiver/witness/live.ts';
import { openSyncs, type Sync } from '../../receiver/witness/syncs.ts';
import { openCatalog, type Catalog, type ImageRecord } from '../../receiver/catalog/catalog.ts';
import { statusRoutes } from '../../receiver/status/status.ts';
import type { Clock } from '../../shared/clock.ts';
import { readJournal, type JournalEntry } from '../../shared/journal/journal.ts';
import type { Route } from '../../shared/status/server.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { EXAMPLE_RECORD, EXAMPLE_TIME } from './example-delivery.ts';
import { temporaryDirectory } from './store-directory.ts';

export const STATUS_CLOCK: Clock = { now: () => EXAMPLE_TIME, monotonic: () => 0, sleep: () => Promise.resolve() };

export interface StatusWorld extends AsyncDisposable {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly history: History;
  readonly live: Live;
  /** Made anew, as when the receiver starts. */
  routes(past?: readonly JournalEntry[]): Promise<Readonly<Record<string, Route>>>;
}

/** @param told of syncs, before. */
export async function statusWorld(quotaBytes?: number, told: readonly Sync[] = []): Promise<StatusWorld> {
  const directory = await temporaryDirectory({ inMemory: true });
  const ending = new AbortController();
  const store = createMemoryStore();
  const catalog = await openCatalog(store);
  const history = await openHistory(directory.path, () => EXAMPLE_TIME);
  const syncs = await openSyncs(() => EXAMPLE_TIME, {
    read: () => Promise.resolve(JSON.stringify({ version: 1, syncs: told })),
    write: () => Promise.resolve(),
  });
  const live = createLive({ history, syncs, clock: STATUS_CLOCK, log: { warn: () => {} }, estimateGzip: () => Promise.resolve(4_200_000) });
  return {
    store,
    catalog,
    history,
    live,
    async routes(past) {
      past ??= await Array.fromAsync(readJournal(history.file));
      const common = { store, directory: directory.path, catalog, live, past, clock: STATUS_CLOCK, deliver: 'none' };
      return statusRoutes({ ...common, quotaBytes, since: EXAMPLE_TIME, signal: ending.signal });
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await history[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The n-th of many images: `team-K/shop:N`. */
export function manyImage(n: number): ImageRecord {
  const digits = (what: number): string => (n * 7 + what).toString(16).padStart(64, '0');
  const [image] = EXAMPLE_RECORD.images;
  return {
    ...EXAMPLE_RECORD,
    archive: digits(1),
    archiveBytes: 1_000_000 + n,
    images: [{ ...image!, names: { [`team-${n % 40}/shop:${n}`]: EXAMPLE_TIME + n }, configDigest: `sha256:${digits(2)}` }],
    deliveredAt: EXAMPLE_TIME - n * 1000,
  };
}

/** An entry of a history: the n-th, so many days before the example's time. */
export function exampleEntry(seq: number, event: string, name: string, daysAgo = 0, more: object = {}): JournalEntry {
  const at = new Date(EXAMPLE_TIME - daysAgo * 86_400_000).toISOString();
  const from = { peer: '10.0.0.5:40112', agent: 'lighterman 0.1.0', who: 'token dc1' };
  return { seq, at, event, previous: '0'.repeat(64), from, images: [{ names: [name] }], ...more };
}

/** Syncs of three senders: one that went well, one in which an image failed, and one that stays away since yesterday. */
export function exampleSyncs(): Sync[] {
  const hour = 3_600_000;
  const ran = { at: EXAMPLE_TIME - 2 * hour, succeededAt: EXAMPLE_TIME - 2 * hour, next: EXAMPLE_TIME + 22 * hour, delivered: 2, unchanged: 41, paused: 0, failed: 0, bytes: 18_400_000, seconds: 95, code: '' }; // prettier-ignore
  return [
    { ...ran, name: 'nightly', from: 'token dc1' },
    { ...ran, name: 'hourly', from: 'token dc1', delivered: 1, failed: 1, code: 'IMAGE_NOT_FOUND', next: EXAMPLE_TIME + hour },
    { ...ran, name: 'nightly', from: 'token dc3', at: EXAMPLE_TIME - 26 * hour, next: EXAMPLE_TIME - 2 * hour },
  ];
}

/** A month of nightly deliveries, and two that failed. */
export function exampleMonth(): JournalEntry[] {
  const nightly = Array.from({ length: 28 }, (_, i) => {
    const wire = { sentBytes: 900, receivedBytes: 150_000 + ((i * 7919) % 13) * 400_000 };
    return exampleEntry(i + 1, i % 9 === 4 ? 'unchanged' : 'delivered', `shop:${i}`, 28 - i, {
      wire,
      gzipBytes: 45_000_000 + i * 100_000,
      seconds: 4.2 + i,
    });
  });
  return [
    ...nightly,
    exampleEntry(
      29,
      'failed',
      'billing/worker:2026.11',
      1,
      failure('REGISTRY_REFUSED', 'registry.dc2:5000 says: denied: requested access to the resource is denied'),
    ),
    exampleEntry(30, 'failed', 'shop:28', 0, failure('NO_SPACE', 'the disk of the engine is full')),
  ];
}

function failure(code: string, message: string): object {
  return { error: { code, message }, wire: { sentBytes: 300, receivedBytes: 21_000 }, seconds: 2 };
}
