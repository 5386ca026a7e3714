/** Wall-clock time in a zone: what windows and budgets go by. */
import type { Day } from './config.ts';

export interface LocalTime {
  /** `2026-11-21` */
  readonly date: string;
  readonly day: Day;
  /** Since midnight. */
  readonly minutes: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @param now milliseconds since the epoch. */
export function localTime(now: number, timeZone: string): LocalTime {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  return {
    date: `${part['year']}-${part['month']}-${part['day']}`,
    day: (part['weekday'] ?? '').toLowerCase() as Day,
    minutes: Number(part['hour']) * 60 + Number(part['minute']),
  };
}

const BEFORE: Readonly<Record<Day, Day>> = { mon: 'sun', tue: 'mon', wed: 'tue', thu: 'wed', fri: 'thu', sat: 'fri', sun: 'sat' };

export function dayBefore(day: Day): Day {
  return BEFORE[day];
}
