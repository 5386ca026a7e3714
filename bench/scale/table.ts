/** What the cases cost, for the terminal: a line for each. */
import Table from 'cli-table3';
import { bytesText, secondsText } from '../report/format.ts';
import type { Usage } from '../measure/side.ts';
import type { CaseResult } from './measure.ts';

const HEAD = [
  'case',
  'archive',
  'time',
  'MB/s',
  'on the wire',
  'peak memory\nsend / receive',
  'CPU s a GB\nsend / receive',
  'again:\ntime',
  'again:\non the wire',
];

export function scaleTable(results: readonly CaseResult[]): string {
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [], compact: true },
    colAligns: HEAD.map((_, column) => (column === 0 ? 'left' : 'right')),
  });
  for (const { title, archiveBytes, first, again } of results) {
    const cpuText = ({ cpuSeconds }: Usage): string => (cpuSeconds / (archiveBytes / 1e9)).toFixed(1);
    table.push([
      title,
      bytesText(archiveBytes),
      secondsText(first.seconds),
      (archiveBytes / 1e6 / first.seconds).toFixed(1),
      bytesText(first.wireBytes),
      `${bytesText(first.sender.peakRssBytes)} / ${bytesText(first.receiver.peakRssBytes)}`,
      `${cpuText(first.sender)} / ${cpuText(first.receiver)}`,
      secondsText(again.seconds),
      bytesText(again.wireBytes),
    ]);
  }
  return table.toString();
}
