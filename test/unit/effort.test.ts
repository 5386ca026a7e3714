import { describe, expect, it } from 'vitest';
import type { Clock } from '../../shared/clock.ts';
import { EFFORT_LEVELS } from '../../shared/delta/content.ts';
import { BASE_BYTES_MAX, RUN_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';
import { createEffortControl, planFor, type EffortControl } from '../../sender/link/effort.ts';

/**
 * What a control has come to after a number of segments, over a link that takes `linkMs` for each; the encoders make one every `encodeMs`.
 * `idle`: what the receiver says of itself, per cent.
 */
function controlAfter(segments: number, linkMs: number, encodeMs: number, idle: number, bytes = 50_000, known?: number): EffortControl {
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
  const control = createEffortControl('auto', clock, known);
  const underWay: { readonly segment: number; readonly at: number }[] = [];
  const arriveNext = (): void => {
    const { segment, at } = underWay.shift()!;
    now = Math.max(now, at);
    control.stored(segment, idle);
  };
  let linkFreeAt = 0;
  for (let segment = 0; segment < segments; segment++) {
    const ready = now + encodeMs;
    while (underWay.length > 0 && underWay[0]!.at <= ready) arriveNext();
    now = Math.max(now, ready);
    while (underWay.length >= control.window()) arriveNext();
    control.sent(segment, bytes);
    linkFreeAt = Math.max(linkFreeAt, now) + linkMs;
    underWay.push({ segment, at: linkFreeAt });
  }
  return control;
}

function levelAfter(...link: Parameters<typeof controlAfter>): string {
  return controlAfter(...link).current();
}

const STILL: Clock = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() };

describe('effort', () => {
  it('stays where it is pinned', () => {
    for (const level of EFFORT_LEVELS) {
      const control = createEffortControl(level, STILL);
      control.sent(0, 1000);
      control.stored(0, 100);
      expect(control.current()).toBe(level);
    }
  });

  it('squeezes harder when acknowledgements fall behind an idle receiver', () => {
    expect(levelAfter(400, 200, 20, 95)).toBe('max');
  });

  it('does not when the receiver is what they wait for', () => {
    expect(levelAfter(400, 200, 20, 5)).toBe('min');
  });

  it('does not squeeze hard for a fast link, however late acknowledgements are', () => {
    expect(levelAfter(400, 20, 5, 95, 250_000)).toBe('low');
  });

  it('hurries when the link waits for the encoders', () => {
    expect(levelAfter(60, 10, 50, 80)).toBe('min');
  });

  it('hurries when the encoders are slow, however slow the link was the last time', () => {
    expect(levelAfter(60, 100, 400, 95, 2_000_000, 100_000)).toBe('min');
  });

  it('takes a receiver that is busy all the time for what is slow, not the link', () => {
    expect(levelAfter(60, 200, 20, 0, 100_000, 100_000)).toBe('min');
  });

  it('begins with what the link was worth the last time', () => {
    expect(createEffortControl('auto', STILL).current()).toBe('min');
    expect(createEffortControl('auto', STILL, 100_000_000).current()).toBe('min');
    expect(createEffortControl('auto', STILL, 20_000_000).current()).toBe('low');
    expect(createEffortControl('auto', STILL, 1_000_000).current()).toBe('high');
    expect(createEffortControl('auto', STILL, 100_000).current()).toBe('max');
  });

  it('knows what a slow link is worth after a few segments', () => {
    expect(levelAfter(14, 60, 20, 95, 64_000)).toBe('high');
  });

  it('sends little ahead over a slow link, and as much as may be over a fast one', () => {
    expect(controlAfter(100, 200, 20, 95).window()).toBeLessThan(5);
    expect(controlAfter(300, 2, 1, 95).window()).toBe(SEGMENTS_IN_FLIGHT_MAX);
  });

  it('makes segments that the link takes a fraction of a second for', () => {
    expect(createEffortControl('auto', STILL).segmentBytes()).toBe(64 * 1024);
    expect(createEffortControl('auto', STILL, 1000).segmentBytes()).toBe(32 * 1024);
    expect(createEffortControl('auto', STILL, 500_000).segmentBytes()).toBe(125_000);
    expect(createEffortControl('auto', STILL, 50_000_000).segmentBytes()).toBe(SEGMENT_BYTES_MAX);
    expect(createEffortControl('low', STILL, 1000).segmentBytes()).toBe(SEGMENT_BYTES_MAX);
  });

  it('plans within the limits of the protocol', () => {
    for (const level of EFFORT_LEVELS) {
      const { runBytes, windowBytes, baseBytes } = planFor(level);
      expect(Math.max(runBytes, windowBytes)).toBeLessThanOrEqual(RUN_BYTES_MAX);
      expect(baseBytes).toBeLessThanOrEqual(BASE_BYTES_MAX);
    }
  });
});
