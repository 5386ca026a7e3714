/**
 * A source that is read once, however many connections its image takes to cross: what was read is in the pool, and its streams are told
 * again to every connection from the first on.
 */
import type { StoredArchive } from '../shared/image/stored-archive.ts';
import type { Store } from '../shared/store/port.ts';
import { readSource, type PooledStream, type ReadOptions, type Source } from './source.ts';

export interface Reading extends AsyncDisposable {
  /** Undefined until all is read. */
  readonly archive: StoredArchive | undefined;
  /** True from the first time that streams were asked for. */
  readonly hasBegun: boolean;
  /**
   * All streams in the order of the archive, those that are still to be read as they come. The first call begins to read.
   * @param until ends the waiting for the next stream with its reason; the reading goes on.
   * @throws what reading throws.
   */
  streams(until: AbortSignal): AsyncIterable<PooledStream>;
}

/** Disposing it stops the reading and waits until it has stopped. */
export function createReading(
  source: Source,
  pool: Store,
  { now, signal, spoolDirectory, onProgress }: Omit<ReadOptions, 'onStream'>,
): Reading {
  const streams: PooledStream[] = [];
  const stop = new AbortController();
  let more = Promise.withResolvers<void>();
  const tell = (): void => {
    more.resolve();
    more = Promise.withResolvers();
  };
  let archive: StoredArchive | undefined;
  let whole: Promise<void> | undefined;
  const progress = { isOver: false };
  const read = async (): Promise<void> => {
    try {
      archive = await readSource(source, pool, {
        now,
        signal: AbortSignal.any([signal, stop.signal]),
        spoolDirectory,
        onProgress,
        onStream({ path, isFile, recipe, id, known, newBytes, isOpaque }) {
          // Not the list of its chunks, which may be long.
          streams.push({ path, isFile, recipe, id, known, newBytes, isOpaque });
          tell();
        },
      });
    } finally {
      progress.isOver = true;
      tell();
    }
  };
  return {
    get archive() {
      return archive;
    },
    get hasBegun() {
      return whole !== undefined;
    },
    async *streams(until) {
      whole ??= read();
      whole.catch(() => {});
      const broken = rejectedBy(until);
      for (let next = 0; ; next++) {
        while (next === streams.length && !progress.isOver) await Promise.race([more.promise, broken]);
        const stream = streams[next];
        if (stream === undefined) return await whole;
        yield stream;
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await whole?.catch(() => {});
    },
  };
}

/** Never resolves. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  if (signal.aborted) reject(signal.reason as Error);
  else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  return promise;
}
