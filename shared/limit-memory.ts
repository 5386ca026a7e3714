/**
 * Keeps a process small while gigabytes of content pass through it. V8 frees a buffer when its own heap is collected, and the heap of
 * these programs hardly grows: without help some hundred megabytes of dead buffers wait for that.
 *
 * Measured on a first shipment of 1.07 GB: peak RSS of the sender 473 MB without, 388 MB with it, at the same speed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const INTERVAL_MS = 50;
/** Buffers, dead or alive, that are left alone. */
const BUFFER_BYTES_LOW = 16 * 1024 * 1024;
/** Beyond this the old generation is looked at too: buffers that lived through two minor collections are there. */
const BUFFER_BYTES_HIGH = 80 * 1024 * 1024;
/** A full collection costs some 20 ms; not more often than this. */
const FULL_INTERVAL_MS = 1_000;

/** Collects the young generation, or everything. */
export type Collect = (options?: { readonly type: 'minor' | 'major' }) => void;

/** Call once in each thread, when its modules are loaded. Gives the collector, for threads that know best when it pays. */
export function limitMemory(): Collect {
  // Short-lived objects get no more room than loading has taken; by default it grows to 128 MB.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  let lastFull = 0;
  const timer = setInterval(() => {
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers < BUFFER_BYTES_LOW) return;
    const now = performance.now();
    const isFull = arrayBuffers > BUFFER_BYTES_HIGH && now - lastFull > FULL_INTERVAL_MS;
    if (isFull) lastFull = now;
    collect({ type: isFull ? 'major' : 'minor' });
  }, INTERVAL_MS);
  timer.unref();
  return collect;
}
