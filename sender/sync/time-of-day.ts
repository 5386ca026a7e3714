import { TransferError } from '../../shared/errors.ts';

/** @returns minutes since midnight of `02:30`; `24:00` is the end of the day. @throws TransferError USAGE */
export function parseTimeOfDay(text: string): number {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const result = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) < 60 && result <= 24 * 60) return result;
  throw new TransferError('USAGE', `"${text}" is not a time of day`, { hint: 'want HH:MM, in quotes' });
}
