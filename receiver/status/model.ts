/** What the status page shows, as `/status.json` gives it and the page draws it. */
import type { Clock } from '../../shared/clock.ts';
import type { Store } from '../../shared/store/port.ts';
import { VERSION } from '../../shared/version.ts';
import type { Catalog, ImageRecord } from '../catalog/catalog.ts';
import type { Live, LiveConversation } from '../witness/live.ts';
import type { ShownSync } from '../witness/syncs.ts';
import type { AloneCounter } from './alone.ts';
import type { Day, ShownEntry, Timeline } from './timeline.ts';

export interface ImageRow {
  readonly names: readonly string[];
  readonly imageId: string;
  readonly layers: number;
  /** Of the whole archive. */
  readonly bytes: number;
  /** In the store, of content that no other image has; null where that is not known yet. */
  readonly aloneBytes: number | null;
  /** ISO 8601, UTC. */
  readonly deliveredAt: string;
  readonly isPinned: boolean;
}

export interface SyncRow {
  readonly name: string;
  readonly from: string;
  readonly state: ShownSync['state'];
  /** ISO 8601, UTC. */
  readonly lastRun: string;
  readonly lastSuccess: string | null;
  readonly nextRun: string | null;
  readonly delivered: number;
  readonly unchanged: number;
  readonly paused: number;
  readonly failed: number;
  readonly wireBytes: number;
  readonly seconds: number;
  /** Error code of the first failure, or null. */
  readonly error: string | null;
}

export interface StatusModel {
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly since: string;
  /** As `--deliver` was given. */
  readonly deliver: string;
  readonly store: {
    readonly images: number;
    readonly chunks: number;
    readonly archiveBytes: number;
    readonly contentBytes: number;
    readonly diskBytes: number;
    readonly quotaBytes: number | null;
    /** Bytes of all archives for each byte on the disk; null for an empty store. */
    readonly dedupFactor: number | null;
  };
  readonly last: ShownEntry | null;
  readonly live: readonly LiveConversation[];
  readonly failures: readonly ShownEntry[];
  /** What senders told of their syncs: those that are overdue first, then those whose last run failed. */
  readonly syncs: readonly SyncRow[];
  readonly newest: readonly ShownEntry[];
  readonly days: readonly Day[];
  readonly images: {
    readonly query: string;
    /** Images that match the query. */
    readonly matching: number;
    /** From 1. */
    readonly page: number;
    readonly pages: number;
    readonly rows: readonly ImageRow[];
    /** Whether `aloneBytes` is known of all. */
    readonly alone: AloneCounter['state'];
  };
}

export interface ModelSources {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly live: Live;
  readonly timeline: Timeline;
  readonly alone: AloneCounter;
  readonly clock: Clock;
  readonly deliver: string;
  readonly quotaBytes: number | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export const ROWS_PER_PAGE = 50;
const QUERY_LENGTH_MAX = 200;

/** @param query `q`: words that a name has, or the beginning of an image id; `page`, from 1. */
export async function buildModel(sources: ModelSources, query: URLSearchParams): Promise<StatusModel> {
  const { store, catalog, live, timeline, clock, deliver, quotaBytes, since } = sources;
  const { records, chunkBytes, diskBytes } = await store.stats();
  const archiveBytes = catalog.records().reduce((sum, record) => sum + record.archiveBytes, 0);
  const now = clock.now();
  return {
    version: VERSION,
    now: new Date(now).toISOString(),
    since: new Date(since).toISOString(),
    deliver,
    store: {
      images: catalog.records().length,
      chunks: records.chunk,
      archiveBytes,
      contentBytes: chunkBytes,
      diskBytes,
      quotaBytes: quotaBytes ?? null,
      dedupFactor: archiveBytes === 0 || diskBytes === 0 ? null : archiveBytes / diskBytes,
    },
    last: timeline.last() ?? null,
    live: live.conversations(),
    failures: timeline.failures(),
    syncs: live.syncs().map(rowOf),
    newest: timeline.newest(),
    days: timeline.days(now),
    images: pageOfImages(sources, (query.get('q') ?? '').trim().slice(0, QUERY_LENGTH_MAX), Number(query.get('page') ?? 1)),
  };
}

function rowOf({ at, succeededAt, next, bytes, code, ...told }: ShownSync): SyncRow {
  const times = { lastRun: new Date(at).toISOString(), lastSuccess: iso(succeededAt), nextRun: iso(next) };
  return { ...told, ...times, wireBytes: bytes, error: code === '' ? null : code };
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

function pageOfImages({ catalog, alone }: ModelSources, query: string, asked: number): StatusModel['images'] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rows: { record: ImageRecord; image: ImageRecord['images'][number]; names: string[] }[] = [];
  // Records come newest first: the first that has a name owns it, but for one that was given it later.
  for (const record of catalog.records())
    for (const image of record.images) {
      const names = Object.keys(image.names);
      if (words.every((word) => matches(word, names, image))) rows.push({ record, image, names });
    }
  const pages = Math.max(1, Math.ceil(rows.length / ROWS_PER_PAGE));
  const page = Number.isSafeInteger(asked) ? Math.min(Math.max(asked, 1), pages) : 1;
  return {
    query,
    matching: rows.length,
    page,
    pages,
    rows: rows.slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE).map(({ record, image, names }) => ({
      names,
      imageId: image.configDigest,
      layers: image.layers.length,
      bytes: record.archiveBytes,
      aloneBytes: alone.bytesOf(record) ?? null,
      deliveredAt: new Date(record.deliveredAt).toISOString(),
      isPinned: record.pinned === true,
    })),
    alone: alone.state,
  };
}

function matches(word: string, names: readonly string[], image: ImageRecord['images'][number]): boolean {
  if (names.some((name) => name.toLowerCase().includes(word))) return true;
  const digits = word.replace(/^sha256:/, '');
  const ids = [image.configDigest, image.manifestDigest, image.engineImageId];
  return digits.length >= 6 && ids.some((id) => id?.startsWith(`sha256:${digits}`));
}
