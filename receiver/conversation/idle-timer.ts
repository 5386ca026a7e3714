/** How much of its time a conversation had nothing to do: all that came was taken, stored and durable. */
import type { Clock } from '../../shared/clock.ts';

export interface IdleTimer {
  /** Until `work` settles there is something to do. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Per cent of the time since this was last asked, a whole number. */
  percent(): number;
}

export function createIdleTimer(clock: Clock): IdleTimer {
  let working = 0;
  let idleMs = 0;
  let idleSince = clock.monotonic();
  let asked = idleSince;
  return {
    async during(work) {
      if (working++ === 0) idleMs += clock.monotonic() - idleSince;
      try {
        return await work;
      } finally {
        if (--working === 0) idleSince = clock.monotonic();
      }
    },
    percent() {
      const now = clock.monotonic();
      if (working === 0) {
        idleMs += now - idleSince;
        idleSince = now;
      }
      const percent = Math.min(100, Math.round((100 * idleMs) / Math.max(now - asked, 0.1)));
      asked = now;
      idleMs = 0;
      return percent;
    },
  };
}
