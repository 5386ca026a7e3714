/** Encodes runs on all cores: worker threads in the middle, order and bounds at both ends. */
import { availableParallelism } from 'node:os';
import type { EffortLevel } from '../shared/delta/content.ts';
import { createWorkerPool, ownBuffers } from '../shared/work/worker-pool.ts';
import { workerUrl } from '../shared/work/worker-url.ts';

export interface EncodeJob {
  readonly target: Uint8Array;
  readonly base: Uint8Array | undefined;
}

export interface EncodeRequest extends EncodeJob {
  readonly effort: EffortLevel;
}

export interface EncodedRun {
  readonly codec: number;
  readonly usesBase: boolean;
  readonly payload: Uint8Array;
}

export interface EncodePool extends AsyncDisposable {
  /**
   * Encodes each item's job and yields the results in the order of the items; `read` runs at most a few jobs ahead.
   * @param effort asked when a job begins.
   */
  encodeInOrder<T>(items: readonly T[], read: (item: T) => Promise<EncodeJob>, effort: () => EffortLevel): AsyncIterable<[EncodedRun, T]>;
}

export function createEncodePool(threads = availableParallelism()): EncodePool {
  const pool = createWorkerPool<EncodeRequest, EncodedRun>(workerUrl('encode-worker', import.meta.url), threads);
  return {
    async *encodeInOrder(items, read, effort) {
      const running: Promise<EncodedRun>[] = [];
      let next = 0;
      for (const item of items) {
        while (next < items.length && running.length <= threads) {
          const job = read(items[next++] as (typeof items)[number]).then(({ target, base }) =>
            pool.run({ target, base, effort: effort() }, ownBuffers(target, base)),
          );
          job.catch(() => {});
          running.push(job);
        }
        yield [await (running.shift() as Promise<EncodedRun>), item];
      }
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
