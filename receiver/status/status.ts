/** What a receiver shows of itself: the page, the same as JSON, metrics, and whether it lives and is ready. */
import type { JournalEntry } from '../../shared/journal/journal.ts';
import { json, plain, type Route } from '../../shared/status/server.ts';
import { createAloneCounter } from './alone.ts';
import { createReceiverMetrics, type MetricSources } from './metrics.ts';
import { buildModel, type ModelSources } from './model.ts';
import { statusPage } from './page.ts';
import { createTimeline } from './timeline.ts';

export interface StatusSources extends Omit<MetricSources & ModelSources, 'timeline' | 'alone'> {
  /** Entries of the history so far. */
  readonly past: Iterable<JournalEntry>;
  /** Ends what goes on in the background. */
  readonly signal: AbortSignal;
}

/** Listens to the conversations from now on. */
export function statusRoutes(sources: StatusSources): Readonly<Record<string, Route>> {
  const timeline = createTimeline(sources.past);
  const alone = createAloneCounter(sources.store, sources.catalog);
  const metrics = createReceiverMetrics({ ...sources, timeline });
  const count = (): void => void alone.update(sources.signal);
  sources.live.listen({
    onEntry(entry) {
      timeline.add(entry);
      count();
    },
    onEnd: () => {},
  });
  count();
  const model = (query: URLSearchParams) => {
    // Something may have gone from the store.
    count();
    return buildModel({ ...sources, timeline, alone }, query);
  };
  return {
    '/': { page: async (query) => statusPage(await model(query)) },
    '/status.json': { page: async (query) => json(await model(query)) },
    '/metrics': { page: () => metrics.page() },
    '/healthz': { isOpen: true, page: () => plain(200, 'ok') },
    '/readyz': {
      isOpen: true,
      page: async () => {
        if (sources.signal.aborted) return plain(503, 'stopping');
        return sources.store.stats().then(
          () => plain(200, 'ready'),
          () => plain(503, 'the store does not answer'),
        );
      },
    },
  };
}
