/**
 * How hard to squeeze: as hard as leaves neither the link nor the processors waiting for long.
 *
 * Every segment is acknowledged when it is durable. Where something is always on its way, acknowledgements fall behind, and the receiver
 * says that it had nothing to do, the link is what everybody waits for: the next runs may take more time to become smaller. Where
 * nothing is on its way for a good part of the time, everybody waits for the encoders, and the next runs get less time.
 *
 * What is under way can no longer be made smaller, so little is sent ahead until the link is known: as in TCP's slow start (RFC 5681),
 * each acknowledgement that comes in time lets one segment more be on its way, and each that is late one less.
 */
import type { Clock } from '../../shared/clock.ts';
import { EFFORT_LEVELS, type Effort, type EffortLevel } from '../../shared/delta/content.ts';
import { SEGMENT_BYTES_MAX, SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';
import type { PlanOptions } from '../content/plan.ts';
import { createUnderWay, type UnderWay } from './under-way.ts';

export interface EffortControl {
  /** The level for a run that begins now. */
  current(): EffortLevel;
  /** How the next run is cut. */
  plan(): PlanOptions;
  /** Segments that may be on their way now, and payload of the next one. */
  window(): number;
  segmentBytes(): number;
  /** @param bytes of the segment's payload. */
  sent(segment: number, bytes: number): void;
  /** @param idle how much of the time since the last acknowledgement the receiver had nothing to do, per cent. */
  stored(segment: number, idle: number): void;
  /** The connection broke: the next one begins with little ahead again, at the level that the link was found worth. */
  broke(): void;
}

/** Delay of an acknowledgement beyond the least seen, from which the link counts as behind. */
const BEHIND_MS = 150;
/** Segments in a row that found the link empty, from which it counts as waiting. */
const EMPTY_MAX = 3;
/** Share of the time with something on its way, from which the link may be what is waited for; and up to which it is the encoders. */
const BUSY_MIN = 0.8;
const BUSY_LITTLE = 0.5;
/**
 * The hardest level that a link of some speed is worth, by the bytes that get through in a second of the link's time: a fast link is never
 * what everybody waits for, however long acknowledgements take on a busy machine.
 */
const LEVEL_BY_RATE: readonly (readonly [bytesPerSecondMin: number, level: EffortLevel])[] = [
  [40_000_000, 'min'],
  [8_000_000, 'low'],
  [4_000_000, 'mid'],
  [500_000, 'high'],
  [0, 'max'],
];
/** Acknowledgements that the rate is measured over, at most and at least. */
const RATE_ACKS = 8;
const RATE_ACKS_MIN = 2;
/** Receivers that had less than this share of their time to spare are busy, per cent. */
const RECEIVER_IDLE_MIN = 40;
/** Acknowledgements between two changes of level, so that each change can show. */
const ACKS_PER_STEP = 4;
/** A first shipment over a link that is fast, or not known. */
const FIRST_LEVEL: EffortLevel = 'min';
const FIRST_WINDOW = 2;
const LARGEST_PLAN = EFFORT_LEVELS.indexOf('high');
/** A segment takes the link this part of a second; while that is not known, it has so many bytes. */
const SEGMENTS_PER_SECOND = 4;
const FIRST_SEGMENT_BYTES = 64 * 1024;
const SEGMENT_BYTES_MIN = 32 * 1024;

/** The hardest level that a link is worth, or the first one where its rate is not known. */
export function levelForRate(bytesPerSecond: number | undefined): EffortLevel {
  const [, level] = LEVEL_BY_RATE.find(([least]) => (bytesPerSecond ?? 0) >= least) ?? ([0, 'max'] as const);
  return bytesPerSecond === undefined ? FIRST_LEVEL : level;
}

/** @param bytesPerSecond what got through to this receiver the last time, where that is known. */
export function createEffortControl(effort: Effort, clock: Clock, bytesPerSecond?: number): EffortControl {
  if (effort !== 'auto') return pinned(effort);
  const underWay = createUnderWay(clock);
  let recent = createRecent(clock, underWay);
  let level = EFFORT_LEVELS.indexOf(levelForRate(bytesPerSecond));
  let window = FIRST_WINDOW;
  let leastMs = Number.POSITIVE_INFINITY;
  let acks = ACKS_PER_STEP;
  let empty = 0;
  let isSettled = false;
  let measured = bytesPerSecond;
  const change = (to: number): void => {
    level = Math.max(to, 0);
    empty = 0;
    acks = 0;
    isSettled = true;
  };
  return {
    current: () => EFFORT_LEVELS[level] as EffortLevel,
    // Runs of the largest size take so long that a link would be waiting by then.
    plan: () => planFor(EFFORT_LEVELS[Math.min(level, LARGEST_PLAN)] as EffortLevel),
    window: () => window,
    segmentBytes() {
      if (measured === undefined) return FIRST_SEGMENT_BYTES;
      return Math.max(SEGMENT_BYTES_MIN, Math.min(Math.round(measured / SEGMENTS_PER_SECOND), SEGMENT_BYTES_MAX));
    },
    sent(segment, bytes) {
      empty = underWay.size === 0 ? empty + 1 : 0;
      underWay.sent(segment, bytes);
      if (empty >= EMPTY_MAX) change(level - 1);
    },
    stored(segment, idle) {
      const { bytes, delayMs } = underWay.stored(segment, idle);
      if (delayMs === undefined) return;
      leastMs = Math.min(leastMs, delayMs);
      // A receiver that is busy sets the pace itself: neither less on the way nor squeezing harder would help it.
      const isBehind = delayMs - leastMs > BEHIND_MS && idle >= RECEIVER_IDLE_MIN;
      window = isBehind ? Math.max(window - 1, FIRST_WINDOW) : Math.min(window + 1, SEGMENTS_IN_FLIGHT_MAX);
      const link = recent.arrived(bytes);
      if (link === undefined) return;
      measured = link.bytesPerSecond;
      const cap = EFFORT_LEVELS.indexOf(levelForRate(measured));
      level = Math.min(level, cap);
      acks++;
      if (acks < ACKS_PER_STEP) return;
      if (link.busy < BUSY_LITTLE) change(level - 1);
      // The first time at once to what the link is worth; once the encoders could not keep up with that, step by step.
      else if (isBehind && link.busy >= BUSY_MIN) change(isSettled ? Math.min(level + 1, cap) : cap);
    },
    broke() {
      underWay.clear();
      recent = createRecent(clock, underWay);
      window = FIRST_WINDOW;
      leastMs = Number.POSITIVE_INFINITY;
      empty = 0;
    },
  };
}

/** The same level for everything: the same bytes every time. */
function pinned(level: EffortLevel): EffortControl {
  return {
    current: () => level,
    plan: () => planFor(level),
    window: () => SEGMENTS_IN_FLIGHT_MAX,
    segmentBytes: () => SEGMENT_BYTES_MAX,
    sent: () => {},
    stored: () => {},
    broke: () => {},
  };
}

interface Recently {
  /** In a second of the link's time. */
  readonly bytesPerSecond: number;
  /** Share of the time with something on its way. */
  readonly busy: number;
}

/** Measures what got through lately, once it can tell. */
function createRecent(clock: Clock, underWay: UnderWay): { arrived(bytes: number): Recently | undefined } {
  const acks: { readonly at: number; readonly bytes: number; readonly linkMs: number; readonly busyMs: number }[] = [];
  return {
    arrived(bytes) {
      const last = { at: clock.monotonic(), bytes, linkMs: underWay.linkMs, busyMs: underWay.busyMs };
      acks.push(last);
      if (acks.length > RATE_ACKS) acks.shift();
      const [first = last, ...later] = acks;
      if (later.length < RATE_ACKS_MIN) return undefined;
      const arrived = later.reduce((sum, ack) => sum + ack.bytes, 0);
      return {
        bytesPerSecond: (1000 * arrived) / Math.max(last.linkMs - first.linkMs, 1),
        busy: (last.busyMs - first.busyMs) / Math.max(last.at - first.at, 1),
      };
    },
  };
}

const MIB = 1024 * 1024;

/**
 * How content is cut into runs: more of it together compresses better and is slower to begin with. The base of a run is read and held
 * with it, at both ends.
 */
export function planFor(level: EffortLevel): PlanOptions {
  const isFast = level === 'min' || level === 'low';
  const looksForSimilar = isFast ? 'over held' : 'all';
  if (level === 'max') return { runBytes: 8 * MIB, windowBytes: 8 * MIB, baseBytes: 16 * MIB, looksForSimilar };
  return { runBytes: (isFast ? 1 : 2) * MIB, windowBytes: 4 * MIB, baseBytes: 8 * MIB, looksForSimilar };
}
