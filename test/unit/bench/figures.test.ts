import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareWithBaseline, baselineOf } from '../../../bench/baseline.ts';
import { spreadApart } from '../../../bench/report/charts.ts';
import { bytesText, factorText, secondsText } from '../../../bench/report/format.ts';
import { linearScale, logScale } from '../../../bench/report/scale.ts';
import { computeMeasurement } from '../../../bench/run.ts';
import { exampleMeasurement, exampleReport } from './example-report.ts';

describe('format', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234, '1.23 kB'],
    [12_345, '12.3 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [10_000_000, '10 MB'],
    [1_073_637_376, '1.07 GB'],
  ])('%d bytes are %s', (bytes, expected) => {
    expect(bytesText(bytes)).toBe(expected);
  });

  it.each([
    [0.1281, '0.13 s'],
    [9.999, '10.0 s'],
    [51.2, '51.2 s'],
    [100, '2 min'],
    [7200, '2 h'],
  ])('%d seconds are %s', (seconds, expected) => {
    expect(secondsText(seconds)).toBe(expected);
  });

  it('a factor is a number with an x, and nothing where there is none', () => {
    expect([factorText(1), factorText(2.849), factorText(35_934.2), factorText(undefined)]).toEqual(['1x', '2.85x', '35934x', '']);
  });
});

describe('scales', () => {
  const positive = fc.array(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 20 });

  it.each([
    ['logarithmic', logScale],
    ['linear', linearScale],
  ] as const)('%s: keeps the order and stays in its range', (_, scale) => {
    fc.assert(
      fc.property(positive, (values) => {
        const made = scale(values, 300);
        const places = values.toSorted((a, b) => a - b).map((value) => made.at(value));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(places.every((place) => place >= 0 && place <= 300)).toBe(true);
        expect(made.ticks.length).toBeGreaterThanOrEqual(2);
        expect(made.ticks.at(-1)).toBeGreaterThanOrEqual(Math.max(...values) * (1 - 1e-9));
      }),
    );
  });

  it('labels are at least the gap apart, in their order, and inside', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 12 }), (places) => {
        const moved = spreadApart(places, 13, 0, 200);
        const order = places
          .map((place, index) => ({ place, at: moved[index] as number }))
          .toSorted((a, b) => a.place - b.place || a.at - b.at);
        const gaps = order.slice(1).map(({ at }, index) => at - (order[index] as { at: number }).at);
        expect(gaps.every((gap) => gap >= 13)).toBe(true);
        expect(moved.every((at) => at >= 0 && at <= 200)).toBe(true);
      }),
    );
  });
});

describe('computed times', () => {
  const unlimited = exampleMeasurement({ sentBytes: 1_000_000, receivedBytes: 10, seconds: 2, roundTripsMax: 3 });
  const slow = { name: 'slow', title: '', bitsPerSecond: 1e6, oneWayMs: 100 };

  it('bytes beside the work, where a technique overlaps them', () => {
    expect(computeMeasurement(unlimited, { flow: 'overlapped' }, slow)).toMatchObject({ link: 'slow', basis: 'computed', seconds: 8.6 });
  });

  it('bytes after the work, where it does not', () => {
    expect(computeMeasurement(unlimited, { flow: 'staged' }, slow).seconds).toBeCloseTo(10.6);
  });
});

describe('baseline', () => {
  const baseline = { rebuild: { wireBytes: 1000, timeByGzip: 1 } };

  it('takes bytes and time by gzip from a report', () => {
    expect(baselineOf(exampleReport())).toEqual({ rebuild: { wireBytes: 1010, timeByGzip: 0.5 } });
  });

  it.each([
    [1000, false],
    [1020, false],
    [1021, true],
    [500, false],
  ])('%d bytes for 1000: grown %s', (wireBytes, hasGrown) => {
    expect(compareWithBaseline(baseline, { rebuild: { wireBytes, timeByGzip: 9 } }).hasGrown).toBe(hasGrown);
  });

  it('a pair that was not delivered counts as grown', () => {
    expect(compareWithBaseline(baseline, {})).toEqual({ lines: ['rebuild: not delivered'], hasGrown: true });
  });
});
