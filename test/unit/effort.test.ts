import { describe, expect, it } from 'vitest';
import type { Clock } from '../../shared/clock.ts';
import { EFFORT_LEVELS } from '../../shared/delta/content.ts';
import { BASE_BYTES_MAX, RUN_BYTES_MAX } from '../../shared/limits.ts';
import { createEffortControl, planFor } from '../../sender/effort.ts';

/**
 * The level after a number of segments, over a link that takes `linkMs` for each; the encoders make one every `encodeMs`.
 * `idle`: what the receiver says of itself, per cent.
 */
function levelAfter(segments: number, linkMs: number, encodeMs: number, idle: number, bytes = 50_000): string {
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
  const control = createEffortControl('auto', clock);
  const arrivals: number[] = [];
  const arriveUntil = (time: number): void => {
    for (
      let first = arrivals.findIndex((at) => at >= 0);
      first >= 0 && (arrivals[first] as number) <= time;
      first = arrivals.findIndex((at) => at >= 0)
    ) {
      now = arrivals[first] as number;
      arrivals[first] = -1;
      control.stored(first, idle);
    }
  };
  let linkFreeAt = 0;
  for (let segment = 0; segment < segments; segment++) {
    const ready = segment * encodeMs;
    arriveUntil(ready);
    now = ready;
    control.sent(segment, bytes);
    linkFreeAt = Math.max(linkFreeAt, ready) + linkMs;
    arrivals.push(linkFreeAt);
  }
  return control.current();
}

describe('effort', () => {
  it('stays where it is pinned', () => {
    const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() };
    for (const level of EFFORT_LEVELS) {
      const control = createEffortControl(level, clock);
      control.sent(0, 1000);
      control.stored(0, 100);
      expect(control.current()).toBe(level);
    }
  });

  it('squeezes harder when acknowledgements fall behind an idle receiver', () => {
    expect(levelAfter(400, 200, 20, 95)).toBe('max');
  });

  it('does not when the receiver is what they wait for', () => {
    expect(levelAfter(400, 200, 20, 5)).toBe('low');
  });

  it('does not squeeze hard for a fast link, however late acknowledgements are', () => {
    expect(levelAfter(400, 20, 5, 95, 250_000)).toBe('low');
  });

  it('hurries when the link waits for the encoders', () => {
    expect(levelAfter(60, 10, 50, 80)).toBe('min');
  });

  it('plans within the limits of the protocol', () => {
    for (const level of EFFORT_LEVELS) {
      const { runBytes, windowBytes, baseBytes } = planFor(level);
      expect(Math.max(runBytes, windowBytes)).toBeLessThanOrEqual(RUN_BYTES_MAX);
      expect(baseBytes).toBeLessThanOrEqual(BASE_BYTES_MAX);
    }
  });
});
