/**
 * When to connect again after a link broke, and when to give up: exponential backoff with jitter, so that many senders that lost the same
 * receiver do not come back at the same moment.
 */
import type { Clock } from '../../shared/clock.ts';
import { RETRY_DELAY_FIRST_MS, RETRY_DELAY_MAX_MS } from '../../shared/limits.ts';

export interface Retry {
  /** Milliseconds to wait before the next try; undefined where it is time to give up. */
  next(): number | undefined;
  /** The receiver is there: the next pause is a short one, should the link break again before something became durable. */
  answered(): void;
  /** Something more became durable over there: the next break is a first one again. */
  progressed(): void;
  /** Tries since the last progress. */
  readonly tries: number;
}

/** Not at once either: who takes connections and drops them has enough to do. */
const DOUBLINGS_ANSWERED = 2;

/**
 * @param forMs how long to go on without progress; 0 for not at all.
 * @param random in [0, 1).
 */
export function createRetry(forMs: number, clock: Clock, random: () => number): Retry {
  let tries = 0;
  let doublings = 0;
  let brokeAt: number | undefined;
  return {
    next() {
      const now = clock.monotonic();
      brokeAt ??= now;
      const leftMs = brokeAt + forMs - now;
      if (leftMs <= 0) return undefined;
      const longest = Math.min(RETRY_DELAY_MAX_MS, RETRY_DELAY_FIRST_MS * 2 ** doublings++);
      tries++;
      // Between half and all of it: never at once, never all at the same time.
      return Math.min(leftMs, (longest * (1 + random())) / 2);
    },
    answered: () => void (doublings = Math.min(doublings, DOUBLINGS_ANSWERED)),
    progressed() {
      tries = 0;
      doublings = 0;
      brokeAt = undefined;
    },
    get tries() {
      return tries;
    },
  };
}
