/** Spans of time as people write them: `90d`. */
import { TransferError } from '../../shared/errors.ts';

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const DURATION_MAX_MS = 100 * 365 * UNITS_MS.d;

/** @returns milliseconds. @throws TransferError USAGE */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d{1,9})([mhdw])$/.exec(text) ?? [];
  const ms = Number(number) * UNITS_MS[(unit ?? 'm') as keyof typeof UNITS_MS];
  if (!(ms > 0 && ms <= DURATION_MAX_MS))
    throw new TransferError('USAGE', `"${text}" is not a span of time`, { hint: 'want a number with m, h, d or w, as 90d' });
  return ms;
}
