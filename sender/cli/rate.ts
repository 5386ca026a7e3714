/** Rates of links as people write and read them: `10mbit` is ten million bits a second. */
import { TransferError } from '../../shared/errors.ts';

const UNITS = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const;

/** @returns bits a second. @throws TransferError USAGE */
export function parseRate(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(bit|kbit|mbit|gbit)$/i.exec(text) ?? [];
  const rate = Number(number) * UNITS[(unit?.toLowerCase() ?? 'bit') as keyof typeof UNITS];
  if (!(rate > 0))
    throw new TransferError('USAGE', `"${text}" is not a rate`, { hint: 'want a number with bit, kbit, mbit or gbit, as 10mbit' });
  return rate;
}

export function formatRate(bitsPerSecond: number): string {
  const [unit, size] = bitsPerSecond >= 1e9 ? ['Gbit/s', 1e9] : bitsPerSecond >= 1e6 ? ['Mbit/s', 1e6] : ['kbit/s', 1e3];
  return `${Number((bitsPerSecond / size).toPrecision(3))} ${unit}`;
}
