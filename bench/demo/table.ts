/** What the demo has to show for itself. */
import Table from 'cli-table3';
import { formatBytes, formatSeconds } from '../../shared/terminal/units.ts';

export interface DemoRow {
  readonly what: string;
  readonly gzipBytes: number;
  /** Both ways, handshake and framing included. */
  readonly wireBytes: number;
  readonly seconds: number;
  /** Image ids at the two ends. */
  readonly here: string;
  readonly there: string;
  /** By which the registry knows the image, where there is one. */
  readonly registryDigest: string | undefined;
}

export function demoTable(rows: readonly DemoRow[]): string {
  const table = new Table({
    head: ['ship', 'gzip of save', 'on the wire', 'factor', 'time', 'image id, both ends', 'in the registry'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    table.push([
      row.what,
      formatBytes(row.gzipBytes),
      formatBytes(row.wireBytes),
      factorText(row.gzipBytes / row.wireBytes),
      formatSeconds(row.seconds),
      row.here === row.there ? `${short(row.here)} equal` : `${short(row.here)}, NOT ${short(row.there)}`,
      row.registryDigest === undefined ? '-' : short(row.registryDigest),
    ]);
  }
  return table.toString();
}

function factorText(factor: number): string {
  return `${factor < 10 ? factor.toFixed(1) : Math.round(factor).toLocaleString('en')} x`;
}

/** As many digits as `docker images` shows. */
function short(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
