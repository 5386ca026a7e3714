/** Transfer windows: times of day in which bytes may cross, and how fast. */
import { dayBefore, localTime } from './calendar.ts';
import type { TransferWindow } from './config.ts';

/**
 * The first window that is open now. One whose end is not behind its beginning goes on past midnight, and belongs to the day on which it
 * begins. One that ends when it begins lasts the whole day.
 */
export function openWindow(windows: readonly TransferWindow[], now: number, timeZone: string): TransferWindow | undefined {
  const { day, minutes } = localTime(now, timeZone);
  return windows.find(({ from, until, days }) => {
    const on = (name: typeof day): boolean => days === undefined || days.includes(name);
    if (from < until) return on(day) && from <= minutes && minutes < until;
    return (on(day) && minutes >= from) || (on(dayBefore(day)) && minutes < until);
  });
}

/** `02:00-05:00`, as a person reads it. */
export function windowText({ from, until, days }: TransferWindow): string {
  return `${timeText(from)}-${timeText(until)}${days === undefined ? '' : ` ${days.join(',')}`}`;
}

function timeText(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
