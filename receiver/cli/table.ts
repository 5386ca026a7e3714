/** Tables for terminals and pipes: columns apart by spaces, no lines. The one importer of `cli-table3`. */
import Table from 'cli-table3';

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** With a line break at its end. */
export function formatTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true }, chars: PLAIN });
  for (const row of rows) table.push([...row]);
  return `${table.toString()}\n`;
}

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
}
