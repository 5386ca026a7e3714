import { describe, expect, it } from 'vitest';
import { formatRate, parseDuration, parseRate, parseSize } from '../../shared/terminal/quantities.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

describe('quantities', () => {
  it('rates are in bits a second', () => {
    expect(['10mbit', '1.5Gbit', '300 kbit', '9600bit'].map(parseRate)).toEqual([10e6, 1.5e9, 300e3, 9600]);
    expect([10e6, 1.5e9, 300e3, 9600].map(formatRate)).toEqual(['10 Mbit/s', '1.5 Gbit/s', '300 kbit/s', '9.6 kbit/s']);
  });

  it('sizes are in bytes, also without a unit', () => {
    expect(['1000', '0', '12B', '0.5kB', '500MB', '1 GB', '50G', '1.5g', '2TB'].map(parseSize)).toEqual([
      1000, 0, 12, 500, 500e6, 1e9, 50e9, 1.5e9, 2e12,
    ]);
  });

  it('spans of time are in milliseconds', () => {
    expect(['90s', '10m', '1.5h', '90d', '1w'].map(parseDuration)).toEqual([90_000, 10 * MINUTE, 90 * MINUTE, 90 * DAY, 7 * DAY]);
  });

  it.each([
    [parseRate, 'a rate', ['', '10', 'mbit', '0mbit', '-1mbit', '1e3mbit', '10mb', '10mbit ', 'constructor', '9999999gbit']],
    [parseSize, 'a size', ['', 'MB', '-1', '1e9', '20 ', '1mbit', '1constructor', '999999TB', '1.']],
    [parseDuration, 'a span of time', ['', '90', 'd', '-1d', '0d', '0', '1y', '999999999w', '1h30m']],
  ])('%o takes nothing else', (parse, what, texts) => {
    for (const text of texts)
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'USAGE', message: `"${text}" is not ${what}` }));
  });
});
