/** Quantities as they are written in sync.yaml; each parser gives undefined for what is none. */

const RATES: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const AMOUNTS: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };
const DURATIONS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3600e3, d: 24 * 3600e3 };

/** @returns bits a second of `10mbit`. */
export function parseRateOrUndefined(text: string): number | undefined {
  return quantity(text, RATES);
}

/** @returns bytes of `500MB`, in decimal units. */
export function parseAmount(text: string): number | undefined {
  return quantity(text, AMOUNTS);
}

/** @returns milliseconds of `10m`. */
export function parseDuration(text: string): number | undefined {
  return quantity(text, DURATIONS);
}

/** @returns minutes since midnight of `02:30`; `24:00` is the end of the day. */
export function parseTimeOfDay(text: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const result = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && result <= 24 * 60 ? result : undefined;
}

function quantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(text) ?? [];
  const size = units[unit?.toLowerCase() ?? ''];
  const value = Number(number) * (size ?? Number.NaN);
  return value > 0 && Number.isFinite(value) ? value : undefined;
}
