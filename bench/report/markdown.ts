/** The results as README.md shows them. */
import { bytesText, factorText } from './format.ts';
import { factorOfReference, findMeasurement, OWN_PEER, wireBytes, type Measurement, type PairReport, type Report } from './report.ts';
import { endOf, ranPeers, timeCell } from './table.ts';

/** Markdown: bytes of every technique on every pair, times over the links, and what it was measured on. Ends without a newline. */
export function reportMarkdown(report: Report): string {
  return [bytesTable(report), ...timesTables(report), provenance(report)].join('\n\n');
}

function bytesTable(report: Report): string {
  const head = ['Bytes on the wire', ...report.pairs.map(pairHead)];
  const rows = ranPeers(report).map(({ name, title }) => [
    emphasized(name, title),
    ...report.pairs.map((pair) => emphasized(name, bytesCell(report, unlimitedRun(report, pair.name, name)))),
  ]);
  return table(head, rows);
}

/** For pairs that were run on more than one link. */
function timesTables(report: Report): string[] {
  if (report.links.length < 2) return [];
  return report.pairs.map(({ name: pair, title }) => {
    const rows = ranPeers(report).map(({ name, title: technique }) => [
      emphasized(name, technique),
      ...report.links.map(({ name: link }) => emphasized(name, timeCell(report, pair, name, link))),
    ]);
    return table([`Time to delivered: ${title}`, ...report.links.map((link) => link.title)], rows);
  });
}

function pairHead({ title, oldBytes, newBytes }: PairReport): string {
  return `${title}, ${oldBytes === undefined ? '' : `${bytesText(oldBytes)} → `}${bytesText(newBytes)}`;
}

function unlimitedRun(report: Report, pair: string, peer: string): Measurement | undefined {
  const [first] = report.links;
  return first && findMeasurement(report, pair, peer, first.name);
}

function bytesCell(report: Report, measurement: Measurement | undefined): string {
  if (measurement === undefined) return '-';
  const factor = factorText(factorOfReference(report, measurement));
  return `${bytesText(wireBytes(measurement))}${factor === '' ? '' : ` (${factor})`}`;
}

function provenance(report: Report): string {
  const { machine, versions, command, startedAt, shaper } = report;
  const programs = ranPeers(report).flatMap((peer) => peer.versions);
  const notes = [
    `Time to delivered is from the command to ${endOf(report)}.`,
    `Factors are against \`gzip\` of the save. Times marked ~ are computed from the unlimited run. Links: ${shaper}.`,
    `Measured on ${startedAt.slice(0, 10)} by \`${command}\`: ${machine.cpu}, ${machine.cores} cores, ${bytesText(machine.memoryBytes)} of memory, ${machine.system}, Linux ${machine.kernel};`,
    `lighterman ${versions.lighterman}${versions.commit === undefined ? '' : ` (${versions.commit})`}, Node ${versions.node}${programs.length === 0 ? '' : `, ${[...new Set(programs)].join(', ')}`}.`,
    ...report.failures.map(({ pair, peer, link, reason }) => `Not delivered: ${peer}, ${pair}, ${link}: ${reason}.`),
  ];
  return notes.join('\n');
}

function emphasized(peer: string, cell: string): string {
  return peer === OWN_PEER ? `**${cell}**` : cell;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
