/** Spans of time as people write them: `10m` is ten minutes. */
import { TransferError } from '../../shared/errors.ts';

const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** @returns milliseconds. @throws TransferError USAGE */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text === '0' ? '0s' : text) ?? [];
  if (number === undefined)
    throw new TransferError('USAGE', `"${text}" is not a span of time`, { hint: 'want a number with s, m or h, as 10m; or 0' });
  return Math.round(Number(number) * UNITS[unit as keyof typeof UNITS]);
}
