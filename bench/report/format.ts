/** Figures of a report as people read them: three significant digits, decimal units. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytesText(bytes: number): string {
  let unit = 0;
  // A value that would round up to four digits belongs to the next unit.
  while (bytes / 1000 ** unit >= 999.5 && unit < BYTE_UNITS.length - 1) unit++;
  return `${digits(bytes / 1000 ** unit)} ${BYTE_UNITS[unit] as string}`;
}

export function secondsText(seconds: number): string {
  if (seconds < 99.5) return `${digits(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${digits(seconds / 3600)} h`;
}

/** How many times fewer: `12.3x`. */
export function factorText(factor: number | undefined): string {
  return factor === undefined ? '' : `${factor >= 999.5 ? String(Math.round(factor)) : digits(factor)}x`;
}

function digits(value: number): string {
  if (Number.isInteger(value) || value >= 99.95) return String(Math.round(value));
  return value.toFixed(value >= 9.995 ? 1 : 2);
}
