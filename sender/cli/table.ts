/** Tables for terminals. The one importer of `cli-table3` in the sender. */
import Table from 'cli-table3';

/** With a line break at its end. @param aligned of each column; by default to the left. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  aligned: readonly ('left' | 'right')[] = [],
): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true }, colAligns: [...aligned] });
  for (const row of rows) table.push([...row]);
  return `${table.toString()}\n`;
}
