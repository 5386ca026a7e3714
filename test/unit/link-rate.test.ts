import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRateMeter, recallRate, rememberRate } from '../../sender/link/link-rate.ts';
import type { Clock } from '../../shared/clock.ts';
import { LINK_RATES_MAX } from '../../shared/limits.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

describe('the rate of a link', () => {
  it('is what was acknowledged over the time in which something was on its way and the receiver had nothing to do', () => {
    let ms = 0;
    const clock: Clock = { now: () => ms, monotonic: () => ms, sleep: () => Promise.resolve() };
    const meter = createRateMeter(clock);
    meter.sent(0, 100_000);
    ms = 100;
    meter.stored(0, 100);
    expect(meter.bytesPerSecond()).toBeUndefined();
    // Nothing is on its way for a second: that says nothing of the link.
    ms = 1100;
    meter.sent(1, 100_000);
    meter.sent(2, 100_000);
    ms = 1300;
    meter.stored(2, 100);
    expect(meter.bytesPerSecond()).toBe(1_000_000);
    // Three quarters of this time the receiver was busy with what had arrived.
    meter.sent(3, 300_000);
    ms = 1700;
    meter.stored(3, 25);
    expect(meter.bytesPerSecond()).toBe(1_500_000);
  });

  it('is remembered by address, for so many of them', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    expect(await recallRate(directory.path, 'ws://a:1')).toBeUndefined();
    for (let i = 0; i < LINK_RATES_MAX; i++) await rememberRate(directory.path, `ws://a:${i}`, 1000.4 + i);
    await rememberRate(directory.path, 'ws://a:0', 5000);
    await rememberRate(directory.path, 'ws://b:0', 6000);
    expect(await Promise.all(['ws://a:0', 'ws://a:1', 'ws://a:2', 'ws://b:0'].map((address) => recallRate(directory.path, address)))).toEqual([5000, undefined, 1002, 6000]); // prettier-ignore
    for (const text of ['nonsense', '{"ws://a:2":-1,"ws://b:0":"x"}', 'null']) {
      await writeFile(join(directory.path, 'links.json'), text);
      expect(await recallRate(directory.path, 'ws://a:2')).toBeUndefined();
    }
  });
});
