/** Sizes as people write them. */
import { TransferError } from '../errors.ts';

const SIZE_UNITS = { '': 1, K: 1000, M: 1000 ** 2, G: 1000 ** 3, T: 1000 ** 4 } as const;

/** `50GB`, `50G` or a number of bytes; powers of 1000. @throws TransferError USAGE */
export function parseSize(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)([KMGT]?)B?$/i.exec(text);
  if (match === null) throw new TransferError('USAGE', `"${text}" is not a size`, { hint: 'want a number and kB, MB, GB or TB, as 50GB' });
  return Math.round(Number(match[1]) * SIZE_UNITS[(match[2] as string).toUpperCase() as keyof typeof SIZE_UNITS]);
}
