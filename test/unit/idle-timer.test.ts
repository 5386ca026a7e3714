import { describe, expect, it } from 'vitest';
import { createIdleTimer } from '../../receiver/conversation/idle-timer.ts';
import type { Clock } from '../../shared/clock.ts';

function timer() {
  const time = { ms: 0 };
  const clock: Clock = { now: () => time.ms, monotonic: () => time.ms, sleep: () => Promise.resolve() };
  return { time, idle: createIdleTimer(clock) };
}

describe('the idle timer', () => {
  it('counts the time in which there was nothing to do, since it was last asked', async () => {
    const { time, idle } = timer();
    time.ms = 30;
    const work = Promise.withResolvers<string>();
    const working = idle.during(work.promise);
    time.ms = 100;
    expect(idle.percent()).toBe(30);
    time.ms = 150;
    work.resolve('done');
    expect(await working).toBe('done');
    time.ms = 200;
    expect(idle.percent()).toBe(50);
    time.ms = 300;
    expect(idle.percent()).toBe(100);
  });

  it('counts work that overlaps once, and work that fails', async () => {
    const { time, idle } = timer();
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const working = [idle.during(first.promise), idle.during(second.promise)];
    time.ms = 40;
    first.resolve();
    await working[0];
    time.ms = 60;
    second.reject(new Error('no'));
    await expect(working[1]).rejects.toThrow('no');
    time.ms = 100;
    expect(idle.percent()).toBe(40);
    expect(idle.percent()).toBe(0);
  });
});
