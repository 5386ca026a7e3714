import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkNamed } from '../../../bench/links/link.ts';
import { createLine } from '../../../bench/links/line.ts';
import { TransferError } from '../../../shared/errors.ts';
import { createManualClock } from './manual-clock.ts';

const link = (bitsPerSecond: number | undefined, oneWayMs: number): Parameters<typeof createLine>[0] => ({
  name: 'test',
  title: '',
  bitsPerSecond,
  oneWayMs,
});

describe('line', () => {
  it('carries at its rate and delays all by the same time', async () => {
    const clock = createManualClock();
    const line = createLine(link(8000, 100), clock);
    const arrivals: number[] = [];
    for (let piece = 0; piece < 3; piece++) line.carry(50, () => arrivals.push(clock.monotonic()));
    expect(line.inFlightBytes).toBe(150);
    await clock.advance(1000);
    expect(arrivals).toEqual([150, 200, 250]);
    expect(line.inFlightBytes).toBe(0);
  });

  it('does not save up for bursts while it is idle', async () => {
    const clock = createManualClock();
    const line = createLine(link(8000, 0), clock);
    await clock.advance(5000);
    const arrivals: number[] = [];
    line.carry(100, () => arrivals.push(clock.monotonic()));
    line.carry(100, () => arrivals.push(clock.monotonic()));
    await clock.advance(1000);
    expect(arrivals).toEqual([5100, 5200]);
  });

  it('passes on at once where there is neither rate nor delay', () => {
    const line = createLine(link(undefined, 0), createManualClock());
    let isDelivered = false;
    line.carry(1_000_000, () => {
      isDelivered = true;
    });
    expect(isDelivered).toBe(true);
  });

  it('forgets what is in flight when it is closed', async () => {
    const clock = createManualClock();
    const line = createLine(link(8000, 10), clock);
    let isDelivered = false;
    line.carry(10, () => {
      isDelivered = true;
    });
    line.close();
    await clock.advance(1000);
    expect(isDelivered).toBe(false);
    expect(line.inFlightBytes).toBe(0);
  });

  it('keeps the order, never beats its rate, and never wastes line time', async () => {
    const entry = fc.record({ waitMs: fc.integer({ min: 0, max: 200 }), bytes: fc.integer({ min: 0, max: 3000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 30 }), fc.integer({ min: 0, max: 300 }), async (entries, oneWayMs) => {
        const clock = createManualClock();
        const line = createLine(link(80_000, oneWayMs), clock);
        const found: { index: number; atMs: number }[] = [];
        const due: number[] = [];
        let freeAtMs = 0;
        for (const [index, { waitMs, bytes }] of entries.entries()) {
          await clock.advance(waitMs);
          freeAtMs = Math.max(freeAtMs, clock.monotonic()) + bytes / 10;
          due.push(freeAtMs + oneWayMs);
          line.carry(bytes, () => found.push({ index, atMs: clock.monotonic() }));
        }
        await clock.advance(60_000);
        expect(found.map(({ index }) => index)).toEqual(entries.map((_, index) => index));
        for (const [index, { atMs }] of found.entries()) expect(atMs).toBeCloseTo(due[index] as number, 6);
      }),
      { numRuns: 60 },
    );
  });
});

describe('links', () => {
  it('are found by name', () => {
    expect(linkNamed('10mbit')).toMatchObject({ bitsPerSecond: 10e6, oneWayMs: 20 });
  });

  it('a name that there is not is a usage error', () => {
    expect(() => linkNamed('56k')).toThrow(TransferError);
  });
});
