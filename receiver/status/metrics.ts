/** What a receiver counts and measures, for Prometheus (METRICS.md). */
import { statfs } from 'node:fs/promises';
import { createMetrics, type Metrics } from '../../shared/status/metrics.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Live, LiveListener } from '../witness/live.ts';
import type { ShownSync } from '../witness/syncs.ts';
import type { Timeline } from './timeline.ts';

export interface MetricSources {
  readonly store: Store;
  /** Of the store. */
  readonly directory: string;
  readonly catalog: Catalog;
  readonly live: Live;
  readonly timeline: Timeline;
  readonly quotaBytes: number | undefined;
}

/** A delivery takes from a fraction of a second to hours. */
const SECONDS_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 28_800];

/** Listens to `live` from now on. */
export function createReceiverMetrics(sources: MetricSources): Metrics {
  const metrics = createMetrics();
  sources.live.listen(countEvents(metrics, sources.live));
  measureStore(metrics, sources);
  measureSyncs(metrics, sources.live);
  const { timeline } = sources;
  metrics.gauge(
    'lightermand_failed_images',
    'Images that failed and were not delivered under the same name since.',
    () => timeline.failures().length,
  );
  metrics.gauge('lightermand_last_delivery_timestamp_seconds', 'When the last image was delivered, since the epoch.', () => {
    const last = timeline.last();
    return last === undefined ? undefined : Date.parse(last.at) / 1000;
  });
  return metrics;
}

function countEvents(metrics: Metrics, live: Live): LiveListener {
  const deliveries = metrics.counter('lightermand_deliveries_total', 'Images by what became of them: the events of the history.', [
    'event',
  ]);
  const failures = metrics.counter('lightermand_failures_total', 'Images that could not be delivered, by error code.', ['code']);
  const conversations = metrics.counter('lightermand_conversations_total', 'Conversations that ended, by error code; `none` for a good end.', ['code']); // prettier-ignore
  const seconds = metrics.histogram('lightermand_delivery_seconds', 'From the offer of an image to its delivery.', SECONDS_BUCKETS);
  const gzip = metrics.counter('lightermand_gzip_bytes_total', 'What gzip would have made of the images that were delivered, estimated.');
  let ended = { sentBytes: 0, receivedBytes: 0 };
  const wire = (direction: 'sentBytes' | 'receivedBytes') => () =>
    live.conversations().reduce((sum, conversation) => sum + conversation.wire[direction], ended[direction]);
  metrics.total('lightermand_wire_received_bytes_total', 'Bytes taken from senders, handshake, framing and TLS included.', wire('receivedBytes')); // prettier-ignore
  metrics.total('lightermand_wire_sent_bytes_total', 'Bytes sent to senders, likewise.', wire('sentBytes'));
  metrics.gauge('lightermand_conversations', 'Conversations of this moment.', () => live.conversations().length);
  return {
    onEntry({ event, ...entry }) {
      deliveries.add(1, { event });
      const { error, seconds: took, gzipBytes } = entry as { error?: { code: string }; seconds?: number; gzipBytes?: number };
      if (error !== undefined) failures.add(1, { code: error.code });
      if (event !== 'delivered' && event !== 'unchanged') return;
      if (took !== undefined) seconds.observe(took);
      gzip.add(gzipBytes ?? 0);
    },
    onEnd({ sentBytes, receivedBytes }, error) {
      ended = { sentBytes: ended.sentBytes + sentBytes, receivedBytes: ended.receivedBytes + receivedBytes };
      conversations.add(1, { code: error?.code ?? 'none' });
    },
  };
}

function measureStore(metrics: Metrics, { store, directory, catalog, quotaBytes }: MetricSources): void {
  const archiveBytes = (): number => catalog.records().reduce((sum, record) => sum + record.archiveBytes, 0);
  metrics.gauge('lightermand_store_images', 'Archives in the store.', () => catalog.records().length);
  metrics.gauge('lightermand_store_archive_bytes', 'Size of those archives.', archiveBytes);
  metrics.gauge('lightermand_store_chunks', 'Chunks in the store.', async () => (await store.stats()).records.chunk);
  metrics.gauge('lightermand_store_content_bytes', 'Size of the chunks, each once, before compression.', async () => (await store.stats()).chunkBytes); // prettier-ignore
  metrics.gauge('lightermand_store_disk_bytes', 'Bytes that the store takes on the disk.', async () => (await store.stats()).diskBytes);
  metrics.gauge('lightermand_store_quota_bytes', 'What the store may take; not there without a quota.', () => quotaBytes);
  metrics.gauge('lightermand_store_free_bytes', 'Room that is left on the disk of the store.', async () => {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  });
}

function measureSyncs(metrics: Metrics, live: Live): void {
  const of = (read: (sync: ShownSync) => number | undefined) => () =>
    live.syncs().flatMap((sync) => {
      const value = read(sync);
      return value === undefined ? [] : [{ value, labels: { sync: sync.name, from: sync.from } }];
    });
  const gauge = (name: string, help: string, read: (sync: ShownSync) => number | undefined): void =>
    metrics.gauges(`lightermand_sync_${name}`, help, ['sync', 'from'], of(read));
  gauge('last_run_timestamp_seconds', 'When the last run ended, as its sender told.', ({ at }) => inSeconds(at));
  gauge('last_success_timestamp_seconds', 'When a run last ended in which nothing failed.', ({ succeededAt }) => inSeconds(succeededAt));
  gauge('next_run_timestamp_seconds', 'When the next run begins at the latest.', ({ next }) => inSeconds(next));
  gauge('overdue', '1 where the next run did not begin as announced, else 0.', ({ state }) => Number(state === 'overdue'));
  gauge('last_run_failed_images', 'Images that failed in the last run.', ({ failed }) => failed);
}

function inSeconds(time: number | undefined): number | undefined {
  return time === undefined ? undefined : time / 1000;
}
