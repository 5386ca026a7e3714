/** A small report with something of everything. */
import { LINKS } from '../../../bench/links/link.ts';
import { REPORT_FORMAT, type Measurement, type PeerReport, type Report } from '../../../bench/report/report.ts';

export function exampleMeasurement(changes: Partial<Measurement> = {}): Measurement {
  return {
    pair: 'rebuild',
    peer: 'lighterman',
    link: 'none',
    basis: 'measured',
    sentBytes: 1000,
    receivedBytes: 10,
    seconds: 1,
    sender: { cpuSeconds: 0.5, peakRssBytes: 100e6 },
    receiver: { cpuSeconds: 0.25, peakRssBytes: 50e6 },
    roundTripsMax: 2,
    receiverDiskBytesBefore: 5e6,
    receiverDiskBytes: 6e6,
    breakdown: undefined,
    ...changes,
  };
}

function examplePeer(changes: Partial<PeerReport>): PeerReport {
  return {
    name: 'gzip',
    title: 'docker save | gzip -6',
    needs: { sender: 'the program', receiver: 'the program' },
    keeps: 'every version',
    versions: ['gzip 1.12'],
    skipped: undefined,
    ...changes,
  };
}

export function exampleReport(changes: Partial<Report> = {}): Report {
  return {
    format: REPORT_FORMAT,
    startedAt: '2026-11-21T07:00:00.000Z',
    command: 'npm run bench -- --quick',
    machine: { cpu: 'Example <CPU>', cores: 2, memoryBytes: 16e9, system: 'Debian GNU/Linux 12', kernel: '6.1.0' },
    versions: { lighterman: '0.1.0', node: '24.21.0', commit: 'abc1234' },
    corpus: 'quick',
    deliverTo: 'archive',
    shaper: 'userspace TCP proxy',
    links: LINKS.slice(0, 2),
    pairs: [{ name: 'rebuild', title: 'rebuilt', oldBytes: 39e6, newBytes: 39e6, oldSha256: 'aa', newSha256: 'bb' }],
    peers: [
      examplePeer({ name: 'lighterman', title: 'lighterman', versions: [] }),
      examplePeer({}),
      examplePeer({ name: 'casync', title: 'casync over HTTP', versions: [], skipped: 'casync is not installed (apt install casync)' }),
    ],
    measurements: [
      exampleMeasurement({
        breakdown: {
          parts: [
            { name: 'segments', bytes: 900 },
            { name: 'handshake', bytes: 110 },
          ],
          kinds: [{ name: 'native libraries and programs', bytes: 700 }],
          files: [{ name: 'usr/lib/<odd>.so', bytes: 700 }],
        },
      }),
      exampleMeasurement({ link: '100mbit', seconds: 1.5 }),
      exampleMeasurement({ peer: 'gzip', sentBytes: 10_100, receivedBytes: 0, seconds: 2 }),
      exampleMeasurement({ peer: 'gzip', link: '100mbit', basis: 'computed', sentBytes: 10_100, receivedBytes: 0, seconds: 200 }),
    ],
    failures: [{ pair: 'rebuild', peer: 'rsync', link: 'none', reason: 'not done after 600 s' }],
    history: [
      { peer: 'lighterman', version: 'shop-1', sentBytes: 9e6, receiverDiskBytes: 9e6 },
      { peer: 'lighterman', version: 'shop-2', sentBytes: 1000, receiverDiskBytes: 9.1e6 },
      { peer: 'gzip', version: 'shop-1', sentBytes: 10e6, receiverDiskBytes: 10e6 },
      { peer: 'gzip', version: 'shop-2', sentBytes: 10e6, receiverDiskBytes: 20e6 },
    ],
    ...changes,
  };
}
