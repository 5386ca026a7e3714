/** Encodes runs on all cores: worker threads in the middle, order and bounds at both ends. */
import { availableParallelism } from 'node:os';
import type { EffortLevel } from '../../shared/delta/content.ts';
import { createWorkerPool, ownBuffers } from '../../shared/workers/worker-pool.ts';
import { workerUrl } from '../../shared/workers/worker-url.ts';

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
   * Encodes each item's job and yields the results in the order of the items; items are taken, and `read`, at most a few jobs ahead.
   * @param effort asked when a job begins.
   */
  encodeInOrder<T>(items: Iterable<T>, read: (item: T) => Promise<EncodeJob>, effort: () => EffortLevel): AsyncIterable<[EncodedRun, T]>;
}

export function createEncodePool(threads = availableParallelism()): EncodePool {
  const pool = createWorkerPool<EncodeRequest, EncodedRun>(workerUrl('encode-worker', import.meta.url), threads);
  return {
    async *encodeInOrder(items, read, effort) {
      const running: (readonly [Promise<EncodedRun>, Parameters<typeof read>[0]])[] = [];
      for (const item of items) {
        const run = read(item).then(({ target, base }) => pool.run({ target, base, effort: effort() }, ownBuffers(target, base)));
        run.catch(() => {});
        running.push([run, item]);
        if (running.length <= threads) continue;
        const [first, itsItem] = running.shift() as (typeof running)[number];
        yield [await first, itsItem];
      }
      for (const [run, item] of running) yield [await run, item];
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
