import { describe, expect, it } from 'vitest';
import { piecesOf } from '../../../bench/micro/material.ts';
import { measureMicro, median, nothingToDispose } from '../../../bench/micro/micro.ts';

describe('micro-benchmark', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
  ])('median of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('runs each case once uncounted and at least five times, and gives rates and sizes', async () => {
    const runs = { one: 0, two: 0 };
    const busy = (name: keyof typeof runs, ms: number) => (): void => {
      runs[name]++;
      const end = process.cpuUsage().user + ms * 1000;
      // Asking is time of the system, which does not count.
      while (process.cpuUsage().user < end) for (let i = 0; i < 1e5; i++);
    };
    const results = await measureMicro({
      name: 'test',
      unit: 'MB/s',
      cases: [
        { name: 'one', work: 2e6, run: busy('one', 20), resultBytes: () => 7 },
        { name: 'two', work: 2e6, isReference: true, run: busy('two', 200) },
      ],
      ...nothingToDispose,
    });
    expect(runs.one).toBeGreaterThanOrEqual(6);
    expect(runs.two).toBe(6);
    expect(results).toMatchObject([
      { micro: 'test', name: 'one', isReference: false, unit: 'MB/s', resultBytes: 7 },
      { name: 'two', isReference: true, resultBytes: undefined },
    ]);
    // 2 MB in 20 ms and in 200 ms of CPU time, which is the least that each took.
    expect(results[0]?.rate).toBeLessThanOrEqual(101);
    expect(results[1]?.rate).toBeLessThanOrEqual(10.1);
  });

  it('pieces cover everything once', () => {
    const bytes = new Uint8Array(10).map((_, index) => index);
    expect([...piecesOf(bytes, 4)].map((piece) => [...piece])).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
  });
});
