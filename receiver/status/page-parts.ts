/** Parts that the sections of the status page have in common. */
import { element, text } from '../../shared/status/markup.ts';
import { formatSeconds } from '../../shared/terminal/units.ts';

/** A part of the page under a heading of its own. */
export function section(id: string, title: string, ...content: readonly string[]): string {
  return element('section', { id, 'aria-labelledby': `${id}-title` }, element('h2', { id: `${id}-title` }, text(title)), ...content);
}

/** Words about what needs somebody. */
export function bad(words: string): string {
  return element('strong', { class: 'bad' }, text(words));
}

export const NO_NAME = '<no name>';

/** 2026-11-21 02:00:04 UTC */
export function timeText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

export function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? '' : formatSeconds(seconds);
}

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
  /** Long words: broken into lines, but not into too narrow ones. */
  readonly isText?: boolean;
}

/** A table that scrolls by itself where the screen is narrow. Cells are markup; the first of each row is its header. */
export function dataTable(caption: string, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const head = columns.map((column) => element('th', { scope: 'col', class: classOf(column) }, text(column.title)));
  const body = rows.map((cells) =>
    element(
      'tr',
      {},
      ...cells.map((cell, i) =>
        i === 0 ? element('th', { scope: 'row' }, cell) : element('td', { class: classOf(columns[i] as Column) }, cell),
      ),
    ),
  );
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', {}, text(caption)),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...body),
    ),
  );
}

function classOf({ isNumber, isText }: Column): string {
  if (isNumber === true) return 'number';
  return isText === true ? 'words' : 'nowrap';
}
