/** The tables of report.html. */
import type { Part } from '../../sender/account/accounting.ts';
import { bytesText, factorText } from './format.ts';
import { element, text } from './markup.ts';
import { factorOfReference, findMeasurement, OWN_PEER, wireBytes, type Measurement, type PairReport, type Report } from './report.ts';
import { pairTitle, ranPeers, timeCell } from './table.ts';

/** Everything that was measured for one pair. */
export function pairFigures(report: Report, pair: PairReport): string {
  const head = [
    'technique',
    'sent',
    'received',
    'vs gzip',
    ...report.links.map(({ title }) => title),
    'CPU s sender',
    'CPU s receiver',
    'memory sender',
    'memory receiver',
    'round trips, at most',
    'disk before',
    'disk after',
  ];
  const [first] = report.links;
  const rows = ranPeers(report).map((peer) => {
    const measurement = first && findMeasurement(report, pair.name, peer.name, first.name);
    const times = report.links.map(({ name }) => timeCell(report, pair.name, peer.name, name));
    return {
      isOwn: peer.name === OWN_PEER,
      measurement,
      cells: [peer.title, ...wireCells(report, measurement), ...times, ...useCells(measurement)],
    };
  });
  const sorted = rows.toSorted((a, b) => sortKey(a.measurement) - sortKey(b.measurement));
  const digests = `new archive sha256 ${pair.newSha256}${pair.oldSha256 === undefined ? '' : `, old ${pair.oldSha256}`}`;
  return (
    element('h3', {}, text(pairTitle(pair))) +
    table(head, sorted) +
    element('p', { class: 'soft', style: 'overflow-wrap:anywhere' }, text(digests))
  );
}

export function needsTable(report: Report): string {
  const rows = report.peers.map((peer) => ({
    isOwn: peer.name === OWN_PEER,
    cells: [peer.title, peer.needs.sender, peer.needs.receiver, peer.keeps, peer.versions.join(', ') || peer.skipped || ''],
  }));
  return table(['technique', 'at the sender', 'at the receiver', 'receiver can give back', 'programs'], rows, true);
}

/** Where the bytes of the product's own shipments went; empty where none says. */
export function breakdownSection(report: Report): string {
  const explained = report.measurements.filter(({ peer, breakdown }) => peer === OWN_PEER && breakdown !== undefined);
  const parts = explained.map(({ pair, link, breakdown }) => {
    const { parts: all = [], kinds = [], files = [] } = breakdown ?? {};
    const tables = [partTable('what crossed', all), partTable('content by kind of file', kinds), partTable('the dearest files', files)];
    return element('h3', {}, text(`${pair}, ${link}`)) + tables.join('');
  });
  return parts.length === 0 ? '' : element('section', {}, element('h2', {}, 'Where the bytes went'), ...parts);
}

export function remarksList(report: Report): string {
  const failures = report.failures.map(({ pair, peer, link, reason }) => `${pair}, ${peer}, ${link}: not delivered: ${reason}`);
  const skipped = report.peers.flatMap(({ title, skipped: reason }) => (reason === undefined ? [] : [`${title}: not run: ${reason}`]));
  const items = [...skipped, ...failures].map((line) => element('li', {}, text(line)));
  return items.length === 0 ? '' : element('section', {}, element('h2', {}, 'Not run, not delivered'), element('ul', {}, ...items));
}

interface Row {
  readonly isOwn: boolean;
  readonly cells: readonly string[];
}

function table(head: readonly string[], rows: readonly Row[], isWords = false): string {
  const kind = isWords ? { class: 'words' } : {};
  const header = element('tr', {}, ...head.map((cell) => element('th', kind, text(cell))));
  const body = rows.map(({ isOwn, cells }) =>
    element('tr', isOwn ? { class: 'own' } : {}, ...cells.map((cell) => element('td', kind, text(cell)))),
  );
  return element('div', { class: 'scroll' }, element('table', {}, element('thead', {}, header), element('tbody', {}, ...body)));
}

function partTable(title: string, parts: readonly Part[]): string {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = [...parts, { name: 'together', bytes: total }].map(({ name, bytes }) => ({
    isOwn: false,
    cells: [name, String(bytes), bytesText(bytes)],
  }));
  return table([title, 'bytes', ''], rows);
}

function wireCells(report: Report, measurement: Measurement | undefined): string[] {
  if (measurement === undefined) return ['', '', ''];
  return [bytesText(measurement.sentBytes), bytesText(measurement.receivedBytes), factorText(factorOfReference(report, measurement))];
}

function useCells(measurement: Measurement | undefined): string[] {
  if (measurement === undefined) return ['', '', '', '', '', '', ''];
  const { sender, receiver } = measurement;
  return [
    sender.cpuSeconds.toFixed(2),
    receiver.cpuSeconds.toFixed(2),
    bytesText(sender.peakRssBytes),
    bytesText(receiver.peakRssBytes),
    String(measurement.roundTripsMax),
    bytesText(measurement.receiverDiskBytesBefore),
    bytesText(measurement.receiverDiskBytes),
  ];
}

function sortKey(measurement: Measurement | undefined): number {
  return measurement === undefined ? Infinity : wireBytes(measurement);
}
