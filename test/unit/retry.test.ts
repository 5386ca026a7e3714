import { describe, expect, it } from 'vitest';
import { createRetry } from '../../sender/link/retry.ts';
import type { Clock } from '../../shared/clock.ts';

/** The pauses until it gives up. */
const pauses = (forMs: number, random: () => number): number[] => {
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
  const retry = createRetry(forMs, clock, random);
  const taken: number[] = [];
  for (let pause = retry.next(); pause !== undefined; pause = retry.next()) {
    taken.push(pause);
    now += pause;
  }
  return taken;
};

describe('trying again', () => {
  it('pauses twice as long each time, up to half a minute, and gives up when the time is over', () => {
    expect(pauses(100_000, () => 1)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 8500]);
    expect(pauses(100_000, () => 0).slice(0, 3)).toEqual([250, 500, 1000]);
    expect(pauses(0, () => 0)).toEqual([]);
  });

  it('pauses for a little only where the receiver answers, but not for longer than that helps', () => {
    let now = 0;
    const retry = createRetry(20_000, { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() }, () => 1);
    const taken: number[] = [];
    for (let pause = retry.next(); pause !== undefined; pause = retry.next()) {
      taken.push(pause);
      now += pause + 3000;
      retry.answered();
    }
    expect(taken).toEqual([500, 1000, 2000, 2000, 2000]);
    expect(retry.tries).toBe(5);
  });

  it('begins anew after progress', () => {
    let now = 0;
    const retry = createRetry(10_000, { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() }, () => 1);
    expect([retry.next(), retry.next()]).toEqual([500, 1000]);
    now = 9999;
    retry.progressed();
    now = 20_000;
    expect([retry.next(), retry.tries]).toEqual([500, 1]);
  });
});
