import { describe, expect, it } from 'vitest';
import { formatBytes, formatSeconds } from '../../shared/terminal/units.ts';

describe('quantities for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [999_499, '999 kB'],
    [999_999, '1.00 MB'],
    [1_073_637_376, '1.07 GB'],
    [999_999_999_999_999, '1000 TB'],
    [5_000_000_000_000_000, '5000 TB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0.04, '0.0 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [3_599.9, '1 h 0 min'],
    [7_384, '2 h 3 min'],
  ])('%d seconds are %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
});
