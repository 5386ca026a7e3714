/**
 * Keeps a process small while gigabytes of content pass through it.
 *
 * V8 frees a buffer when its own heap is collected, and the heap of these programs hardly grows: without help some hundred megabytes of
 * dead buffers wait for that. And what is freed, glibc keeps for later in an arena of each thread, in pieces.
 *
 * Measured on a first shipment of 1.07 GB, peak RSS of sender and receiver: 600 and 450 MB without any of this, 468 and 347 MB with the
 * collections alone, 357 and 314 MB with one arena as well, at the same CPU time. Without marking beside the program, 67 s of processor time of
 * both together became 48, at the same peaks; with a heap that hardly grows, the sender's became 375 MB where it had been 427 on that day.
 * With V8 told so before modules are loaded, and buffers given back by those who know that they are done: 311 to 323 and 198 to 211 MB.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const INTERVAL_MS = 25;
/** Bytes of new buffers after which the young generation is looked at. */
const NEW_BYTES = 16 * 1024 * 1024;
/** Buffers left by that, beyond which everything is looked at: what was in use at two collections counts as old. */
const LEFT_BYTES = 40 * 1024 * 1024;
/** A full collection costs some 20 ms; not more often than this. */
const FULL_INTERVAL_MS = 500;
/**
 * Pages that a collection empties V8 keeps for later, without an end: 10 MB and more every few seconds. A collection of last resort gives them
 * back; with this between two it costs hardly more than the full ones that it takes the place of.
 */
const SHRINK_INTERVAL_MS = 4000;
/** In a large heap it takes long: so many times of what the last one took must have passed. */
const SHRINK_PAUSE = 40;

/** One arena for all threads (mallopt(3)). */
const ARENAS = { MALLOC_ARENA_MAX: '1' };
/**
 * For the heap as it is while modules are loaded, too: V8 lets it grow to twice of what it needs, and keeps that. Short-lived objects
 * have 4 MiB: with 1 MiB, as `--optimize-for-size` gives them, many are taken for old ones, and both agents need an eighth more processor time.
 */
const V8_FLAGS = ['--heap-growing-percent=12', '--min-semi-space-size=4', '--max-semi-space-size=4'];

/** Threads hold their bytes in buffers: of their objects few are alive for long, and 1 MiB for new ones leaves 6 MB to each that 4 MiB take. */
const THREAD_V8_FLAGS = ['--min-semi-space-size=1', '--max-semi-space-size=1'];

/** Collects the young generation, or everything. */
export type Collect = (options?: { readonly type: 'minor' | 'major'; readonly flavor?: 'regular' | 'last-resort' }) => void;

/**
 * Makes glibc and V8 economical. They take their settings when a process begins, so the process begins again, in its
 * own place and with the same input and output; call this before anything else. Who has set one of glibc's is left alone.
 * @param ownBytes blocks from this size on are taken from the system one by one, and given back when they are freed: it costs time for each.
 */
export function settleMemory(environment: NodeJS.ProcessEnv, ownBytes = 1024 * 1024): void {
  const settings = { ...ARENAS, MALLOC_MMAP_THRESHOLD_: String(ownBytes) };
  if (process.platform !== 'linux' || Object.keys(settings).some((name) => environment[name] !== undefined)) return;
  const { execPath, execArgv, argv } = process;
  try {
    process.execve?.(execPath, [execPath, ...execArgv, ...V8_FLAGS, ...argv.slice(1)], { ...environment, ...settings });
  } catch {
    // Where a process may not do that, it is a larger one.
  }
}

/** Makes V8 economical in threads that are started from now on; this one has read its flags. */
export function settleThreads(): void {
  for (const flag of THREAD_V8_FLAGS) setFlagsFromString(flag);
}

/** Call once in each thread, when its modules are loaded. Gives the collector, for threads that know best when it pays. */
export function limitMemory(): Collect {
  // Where the process could not begin again: short-lived objects get no more room than loading has taken; by default it grows to 128 MB.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Every 64 MB of buffers V8 begins to mark beside the program, which takes longer than to stop and mark a heap this small.
  setFlagsFromString('--no-incremental-marking');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  let left = 0;
  let lastFull = 0;
  let nextShrink = SHRINK_INTERVAL_MS;
  const timer = setInterval(() => {
    if (process.memoryUsage().external < left + NEW_BYTES) return;
    const now = performance.now();
    const shrinks = now > nextShrink;
    const isFull = shrinks || (left > LEFT_BYTES && now - lastFull > FULL_INTERVAL_MS);
    if (isFull) lastFull = now;
    const before = process.threadCpuUsage();
    collect({ type: isFull ? 'major' : 'minor', flavor: shrinks ? 'last-resort' : 'regular' });
    if (shrinks) nextShrink = now + Math.max(SHRINK_INTERVAL_MS, SHRINK_PAUSE * passedMs(before));
    left = process.memoryUsage().external;
  }, INTERVAL_MS);
  timer.unref();
  return collect;
}

/** Processor time of this thread. */
function passedMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
