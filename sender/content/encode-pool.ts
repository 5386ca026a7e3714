/** Encodes runs on all cores: worker threads in the middle, order and bounds at both ends. */
import { availableParallelism } from 'node:os';
import type { EffortLevel } from '../../shared/delta/content.ts';
import { createWorkerPool, ownBuffers } from '../../shared/workers/worker-pool.ts';
import { workerUrl } from '../../shared/workers/worker-url.ts';
import { workInOrder } from './in-order.ts';

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
   * @param read called item by item, each after the call for the one before it.
   * @param bytesOf what a job is known to have before it is read, content and base.
   * @param effort asked when a job begins.
   */
  encodeInOrder<T>(
    items: Iterable<T>,
    read: (item: T) => Promise<EncodeJob>,
    bytesOf: (item: T) => number,
    effort: () => EffortLevel,
  ): AsyncIterable<[EncodedRun, T]>;
}

/** A job with more is not read before a thread has time for it: that takes a thread less time than such a job by far. */
const AHEAD_BYTES_MAX = 4 * 1024 * 1024;

export function createEncodePool(threads = availableParallelism()): EncodePool {
  const pool = createWorkerPool<EncodeRequest, EncodedRun>(workerUrl('encode-worker', import.meta.url), threads);
  return {
    encodeInOrder: (items, read, bytesOf, effort) =>
      workInOrder(items, {
        threads,
        isLarge: (item) => bytesOf(item) > AHEAD_BYTES_MAX,
        read,
        run: ({ target, base }: EncodeJob) => pool.run({ target, base, effort: effort() }, ownBuffers(target, base)),
      }),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
