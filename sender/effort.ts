/**
 * How hard to squeeze: as hard as leaves neither the link nor the processors waiting for long.
 *
 * Every segment is acknowledged when it is durable. Where acknowledgements fall behind and the receiver says that it was waiting for
 * frames, the link is what everybody waits for: the next runs may take more time to become smaller. Where everything sent was acknowledged
 * before the next segment was ready, everybody waits for the encoders, and the next runs get less time.
 */
import type { Clock } from '../shared/clock.ts';
import { EFFORT_LEVELS, type Effort, type EffortLevel } from '../shared/delta/content.ts';
import type { PlanOptions } from './plan.ts';

export interface EffortControl {
  /** The level for a run that begins now. */
  current(): EffortLevel;
  /** @param bytes of the segment's payload. */
  sent(segment: number, bytes: number): void;
  stored(segment: number, idle: number): void;
}

/** Delay of an acknowledgement beyond the least seen, from which the link counts as behind. */
const BEHIND_MS = 300;
/** Segments in a row that found the link empty, from which it counts as waiting. */
const EMPTY_MAX = 3;
/**
 * The hardest level that a link of some speed is worth, by the bytes a second that get through: a fast link is never what everybody waits
 * for, however long acknowledgements take on a busy machine.
 */
const LEVEL_BY_RATE: readonly (readonly [bytesPerSecondMin: number, level: EffortLevel])[] = [
  [8_000_000, 'low'],
  [4_000_000, 'mid'],
  [500_000, 'high'],
  [0, 'max'],
];
/** Acknowledgements that the rate is measured over. */
const RATE_ACKS = 8;
/** Receivers that had less than this share of their time to spare set the pace themselves: squeezing harder would not help them. */
const RECEIVER_IDLE_MIN = 40;
/** Acknowledgements between two changes of level, so that each change can show. */
const ACKS_PER_STEP = 4;
const FIRST_LEVEL: EffortLevel = 'low';

/** The hardest level that a link is worth, or the first one where its rate is not known. */
export function levelForRate(bytesPerSecond: number | undefined): EffortLevel {
  const [, level] = LEVEL_BY_RATE.find(([least]) => (bytesPerSecond ?? 0) >= least) ?? ([0, 'max'] as const);
  return bytesPerSecond === undefined ? FIRST_LEVEL : level;
}

export function createEffortControl(effort: Effort, clock: Clock): EffortControl {
  if (effort !== 'auto') return { current: () => effort, sent: () => {}, stored: () => {} };
  const sentAt = new Map<number, number>();
  const rate = createRate(clock);
  let level = EFFORT_LEVELS.indexOf(FIRST_LEVEL);
  let leastMs = Number.POSITIVE_INFINITY;
  let acks = 0;
  let empty = 0;
  return {
    current: () => EFFORT_LEVELS[level] as EffortLevel,
    sent(segment, bytes) {
      rate.sent(segment, bytes);
      empty = sentAt.size === 0 ? empty + 1 : 0;
      sentAt.set(segment, clock.monotonic());
      if (empty < EMPTY_MAX) return;
      level = Math.max(level - 1, 0);
      empty = 0;
    },
    stored(segment, idle) {
      const since = sentAt.get(segment);
      if (since === undefined) return;
      const cap = rate.stored(segment);
      for (const earlier of sentAt.keys()) if (earlier <= segment) sentAt.delete(earlier);
      const delayMs = clock.monotonic() - since;
      leastMs = Math.min(leastMs, delayMs);
      level = Math.min(level, cap);
      if (++acks < ACKS_PER_STEP) return;
      if (delayMs - leastMs <= BEHIND_MS || idle < RECEIVER_IDLE_MIN) return;
      level = Math.min(level + 1, cap);
      acks = 0;
    },
  };
}

/** Measures what gets through, and knows the hardest level that is worth it (index into EFFORT_LEVELS). */
function createRate(clock: Clock): { sent(segment: number, bytes: number): void; stored(segment: number): number } {
  const waiting = new Map<number, number>();
  const arrived: { readonly at: number; readonly bytes: number }[] = [];
  return {
    sent: (segment, bytes) => void waiting.set(segment, bytes),
    stored(segment) {
      let bytes = 0;
      for (const [earlier, length] of waiting) {
        if (earlier > segment) continue;
        bytes += length;
        waiting.delete(earlier);
      }
      arrived.push({ at: clock.monotonic(), bytes });
      if (arrived.length > RATE_ACKS) arrived.shift();
      const [first, ...later] = arrived;
      const seconds = (clock.monotonic() - (first?.at ?? 0)) / 1000;
      const bytesPerSecond =
        later.length < ACKS_PER_STEP ? Number.POSITIVE_INFINITY : later.reduce((sum, ack) => sum + ack.bytes, 0) / Math.max(seconds, 0.001);
      const [, level] = LEVEL_BY_RATE.find(([least]) => bytesPerSecond >= least) ?? ([0, 'max'] as const);
      return EFFORT_LEVELS.indexOf(level);
    },
  };
}

const MIB = 1024 * 1024;

/**
 * How content is cut into runs: more of it together compresses better and is slower to begin with. The base of a run is read and held
 * with it, at both ends.
 */
export function planFor(level: EffortLevel): PlanOptions {
  if (level === 'max') return { runBytes: 8 * MIB, windowBytes: 8 * MIB, baseBytes: 16 * MIB };
  if (level === 'high' || level === 'mid') return { runBytes: 2 * MIB, windowBytes: 4 * MIB, baseBytes: 8 * MIB };
  return { runBytes: 1 * MIB, windowBytes: 4 * MIB, baseBytes: 8 * MIB };
}
