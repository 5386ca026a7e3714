/**
 * The regression guard: how many bytes each pair of the quick set cost when the baseline was written, and what may become of that. Bytes are the
 * same on every machine; the time is kept as a ratio to gzip's own on the same machine, and only shown.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findMeasurement, OWN_PEER, REFERENCE_PEER, wireBytes, type Report } from './report/report.ts';

const BASELINE_FILE = fileURLToPath(new URL('baseline.json', import.meta.url));
/** A pair may cost this much more than the baseline says. */
export const GROWTH_MAX = 0.02;

export interface BaselinePair {
  readonly wireBytes: number;
  /** Seconds of the shipment by seconds of `gzip` on the same pair. */
  readonly timeByGzip: number;
}

export type Baseline = Readonly<Record<string, BaselinePair>>;

export interface Comparison {
  /** One line per pair. */
  readonly lines: readonly string[];
  readonly hasGrown: boolean;
}

/** Takes the product's unlimited runs out of a report. */
export function baselineOf(report: Report): Baseline {
  return Object.fromEntries(
    report.pairs.flatMap(({ name }) => {
      const own = findMeasurement(report, name, OWN_PEER, 'none');
      const reference = findMeasurement(report, name, REFERENCE_PEER, 'none');
      if (own === undefined || reference === undefined) return [];
      return [[name, { wireBytes: wireBytes(own), timeByGzip: Number((own.seconds / reference.seconds).toFixed(2)) }]];
    }),
  );
}

/** A pair that the baseline has and the report has not counts as grown: it was not delivered. */
export function compareWithBaseline(baseline: Baseline, found: Baseline): Comparison {
  let hasGrown = false;
  const lines = Object.entries(baseline).map(([name, expected]) => {
    const now = found[name];
    if (now === undefined) {
      hasGrown = true;
      return `${name}: not delivered`;
    }
    const growth = now.wireBytes / expected.wireBytes - 1;
    const isOver = now.wireBytes > expected.wireBytes * (1 + GROWTH_MAX);
    hasGrown ||= isOver;
    const percent = `${growth < 0 ? '' : '+'}${(growth * 100).toFixed(2)} %`;
    const verdict = isOver ? 'GREW' : growth < -GROWTH_MAX ? 'shrank: write the baseline again' : 'ok';
    return `${name}: ${now.wireBytes} bytes, baseline ${expected.wireBytes} (${percent}) ${verdict}; time by gzip's ${now.timeByGzip}, was ${expected.timeByGzip}`;
  });
  return { lines, hasGrown };
}

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(BASELINE_FILE, 'utf8')) as Baseline;
}

export function writeBaseline(baseline: Baseline): void {
  writeFileSync(BASELINE_FILE, `${JSON.stringify(baseline, undefined, 2)}\n`);
}
