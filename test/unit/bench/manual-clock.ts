/** A clock that moves only when it is told to. */
import type { Clock } from '../../../shared/clock.ts';

export interface ManualClock extends Clock {
  /** Moves on, waking sleepers in their order, each at its own time. */
  advance(ms: number): Promise<void>;
}

export function createManualClock(): ManualClock {
  let nowMs = 0;
  let sleepers: { wakeMs: number; wake: () => void }[] = [];
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ wakeMs: nowMs + ms, wake: resolve });
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    async advance(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        sleepers = sleepers.toSorted((a, b) => a.wakeMs - b.wakeMs);
        const next = sleepers[0];
        if (next === undefined || next.wakeMs > endMs) break;
        sleepers.shift();
        nowMs = Math.max(nowMs, next.wakeMs);
        next.wake();
        // Lets what was woken run, and sleep again.
        await new Promise((resolve) => setImmediate(resolve));
      }
      nowMs = endMs;
    },
  };
}
