/** Quantities as people write them, on command lines and in files: a number, perhaps a space, and a unit in either case. */
import { TransferError } from '../errors.ts';

interface Kind {
  readonly name: string;
  /** What one of each unit is worth; the unit '' is a number alone. */
  readonly units: Readonly<Record<string, number>>;
  readonly hint: string;
}

const RATE: Kind = {
  name: 'rate',
  units: { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 },
  hint: 'want a number with bit, kbit, mbit or gbit, as 10mbit',
};
const SIZE: Kind = {
  name: 'size',
  units: { '': 1, b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9, t: 1e12, tb: 1e12 },
  hint: 'want a number with B, kB, MB, GB or TB, as 50GB',
};
const DURATION: Kind = {
  name: 'span of time',
  units: { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 7 * 86_400e3 },
  hint: 'want a number with s, m, h, d or w, as 10m',
};
/** A hundred years: dates that far from now can still be written down. */
const DURATION_MAX_MS = 36_500 * 86_400e3;

/** @returns bits a second, more than 0. @throws TransferError USAGE */
export function parseRate(text: string): number {
  return positive(text, RATE, Number.MAX_SAFE_INTEGER);
}

/** @returns bytes, in powers of 1000. @throws TransferError USAGE */
export function parseSize(text: string): number {
  return parse(text, SIZE, Number.MAX_SAFE_INTEGER);
}

/** @returns milliseconds, more than 0. @throws TransferError USAGE */
export function parseDuration(text: string): number {
  return positive(text, DURATION, DURATION_MAX_MS);
}

export function formatRate(bitsPerSecond: number): string {
  const [unit, size] = bitsPerSecond >= 1e9 ? ['Gbit/s', 1e9] : bitsPerSecond >= 1e6 ? ['Mbit/s', 1e6] : ['kbit/s', 1e3];
  return `${Number((bitsPerSecond / size).toPrecision(3))} ${unit}`;
}

function positive(text: string, kind: Kind, max: number): number {
  const value = parse(text, kind, max);
  if (value > 0) return value;
  throw notOne(text, kind);
}

function parse(text: string, kind: Kind, max: number): number {
  const [, number, unit] = /^(\d{1,15}(?:\.\d{1,9})?)(?: ?([a-z]+))?$/i.exec(text) ?? [];
  const value = Math.round(Number(number) * (kind.units[unit?.toLowerCase() ?? ''] ?? Number.NaN));
  if (value <= max) return value;
  throw notOne(text, kind);
}

function notOne(text: string, { name, hint }: Kind): TransferError {
  return new TransferError('USAGE', `"${text}" is not a ${name}`, { hint });
}
