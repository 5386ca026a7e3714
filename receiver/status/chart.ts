/** Bytes that crossed, against what gzip would have made of the same images, day by day. */
import { element, text } from '../../shared/status/markup.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import type { Day } from './timeline.ts';

const HEIGHT = 220;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 14, 12, 26];
/** Bars grow by powers of ten: what crosses is often a hundredth of what gzip makes. */
const DECADES_MIN = 3;

/** Days that fit a phone. */
const DAYS_NARROW = 12;

/** A chart for wide screens and one of fewer days for narrow ones, of which one is shown; without anything to show, words. */
export function daysCharts(days: readonly Day[]): string {
  return daysChart(days, 720, 'wide') + daysChart(days.slice(-DAYS_NARROW), 340, 'narrow');
}

/** An SVG with a bar for each of the two, for each day. */
function daysChart(days: readonly Day[], width: number, kind: string): string {
  const largest = Math.max(...days.flatMap(({ wireBytes, gzipBytes }) => [wireBytes, gzipBytes]));
  if (largest <= 0) return element('p', { class: `soft ${kind}` }, `Nothing was shipped in these ${days.length} days.`);
  const top = Math.ceil(Math.log10(largest));
  const values = days.flatMap(({ wireBytes, gzipBytes }) => [wireBytes, gzipBytes]).filter((bytes) => bytes > 0);
  const bottom = Math.min(Math.floor(Math.log10(Math.min(...values))), top - DECADES_MIN);
  const y = (bytes: number): number =>
    HEIGHT - BOTTOM - ((Math.log10(Math.max(bytes, 10 ** bottom)) - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const slot = (width - LEFT - RIGHT) / days.length;
  const parts: string[] = [];
  for (let decade = bottom; decade <= top; decade++) {
    const at = round(y(10 ** decade));
    parts.push(
      element('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: at, y2: at }),
      element('text', { x: LEFT - 8, y: at + 4, 'text-anchor': 'end' }, text(formatBytes(10 ** decade))),
    );
  }
  for (const [i, day] of days.entries()) {
    const x = LEFT + i * slot;
    parts.push(bar('gzip', x + 1, day.gzipBytes, slot / 2 - 1.5), bar('own', x + slot / 2 + 0.5, day.wireBytes, slot / 2 - 1.5));
    if ((days.length - 1 - i) % 7 === 0)
      parts.push(element('text', { x: round(x + slot / 2), y: HEIGHT - 8, 'text-anchor': 'middle' }, text(day.day.slice(5))));
  }
  function bar(whose: string, x: number, bytes: number, wide: number): string {
    if (bytes <= 0) return '';
    const at = round(y(bytes));
    return element('rect', { class: whose, x: round(x), y: at, width: round(wide), height: round(HEIGHT - BOTTOM - at) });
  }
  const label = `Bytes shipped and what gzip would have made of the same images, by day, from ${days[0]?.day ?? ''} to ${days.at(-1)?.day ?? ''}. The table below has the numbers.`;
  return element('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', class: kind, 'aria-label': label }, ...parts);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
