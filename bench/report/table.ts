/** The report for the terminal: a table for each pair. */
import Table from 'cli-table3';
import { bytesText, factorText, secondsText } from './format.ts';
import {
  factorOfReference,
  findMeasurement,
  wireBytes,
  type Measurement,
  type PairReport,
  type PeerReport,
  type Report,
} from './report.ts';

/** Lines of text, without colours. */
export function reportTables(report: Report): string {
  const sections = report.pairs.map((pair) => `${pairTitle(pair)}\n${pairTable(report, pair)}`);
  const history = report.history.length === 0 ? [] : [`Disk at the receiver after each version\n${historyTable(report)}`];
  return [...sections, ...history, ...remarks(report)].join('\n\n');
}

/** What is compared, with the sizes: the heading of a pair everywhere. */
export function pairTitle({ name, title, oldBytes, newBytes }: PairReport): string {
  return `${name}: ${title} (${oldBytes === undefined ? '' : `${bytesText(oldBytes)} → `}${bytesText(newBytes)})`;
}

function pairTable(report: Report, pair: PairReport): string {
  const [first] = report.links;
  const table = new Table({
    head: [
      'technique',
      'on the wire',
      'vs gzip',
      ...report.links.map(({ title }) => title),
      'CPU s\nsend / receive',
      'peak memory\nsend / receive',
      'round\ntrips <=',
      'disk at\nreceiver',
    ],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', ...report.links.map(() => 'right' as const), 'right', 'right', 'right', 'right'],
  });
  const rows = ranPeers(report)
    .map((peer) => ({ peer, measurement: first && findMeasurement(report, pair.name, peer.name, first.name) }))
    .toSorted((a, b) => sortKey(a.measurement) - sortKey(b.measurement));
  for (const { peer, measurement } of rows) {
    const times = report.links.map(({ name }) => timeCell(report, pair.name, peer.name, name));
    table.push([
      peer.title,
      ...(measurement === undefined ? ['', ''] : byteCells(report, measurement)),
      ...times,
      ...useCells(measurement),
    ]);
  }
  return table.toString();
}

/** Where a shipment was over, in words. */
export function endOf({ deliverTo }: Report): string {
  return deliverTo === 'archive' ? 'the archive at the receiver' : 'the image in the far engine and registry';
}

export function ranPeers(report: Report): PeerReport[] {
  return report.peers.filter(({ skipped }) => skipped === undefined);
}

/** Time on a link: `~` before what was computed, a dash where it was not delivered. */
export function timeCell(report: Report, pair: string, peer: string, link: string): string {
  const measurement = findMeasurement(report, pair, peer, link);
  if (measurement === undefined) return '-';
  return `${measurement.basis === 'computed' ? '~' : ''}${secondsText(measurement.seconds)}`;
}

function byteCells(report: Report, measurement: Measurement): string[] {
  return [bytesText(wireBytes(measurement)), factorText(factorOfReference(report, measurement))];
}

function useCells(measurement: Measurement | undefined): string[] {
  if (measurement === undefined) return ['', '', '', ''];
  const { sender, receiver, roundTripsMax, receiverDiskBytes } = measurement;
  return [
    `${sender.cpuSeconds.toFixed(2)} / ${receiver.cpuSeconds.toFixed(2)}`,
    `${bytesText(sender.peakRssBytes)} / ${bytesText(receiver.peakRssBytes)}`,
    String(roundTripsMax),
    bytesText(receiverDiskBytes),
  ];
}

function sortKey(measurement: Measurement | undefined): number {
  return measurement === undefined ? Infinity : wireBytes(measurement);
}

function historyTable(report: Report): string {
  const versions = [...new Set(report.history.map(({ version }) => version))];
  const table = new Table({ head: ['technique', 'keeps', ...versions], style: { head: [], border: [], compact: true } });
  for (const peer of ranPeers(report)) {
    const cells = versions.map((version) => {
      const point = report.history.find((found) => found.peer === peer.name && found.version === version);
      return point === undefined ? '-' : bytesText(point.receiverDiskBytes);
    });
    table.push([peer.title, peer.keeps, ...cells]);
  }
  return table.toString();
}

function remarks(report: Report): string[] {
  const skipped = report.peers.filter((peer) => peer.skipped !== undefined).map((peer) => `${peer.title}: not run, ${peer.skipped}`);
  const failed = report.failures.map(({ pair, peer, link, reason }) => `${pair}, ${peer}, ${link}: not delivered, ${reason}`);
  const isComputed = report.measurements.some(({ basis }) => basis === 'computed');
  const computed = isComputed ? ['~ computed from the unlimited run: on that link it would have taken too long to be run here'] : [];
  return [[...computed, ...skipped, ...failed].join('\n')].filter(Boolean);
}
