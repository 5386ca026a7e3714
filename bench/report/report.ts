/**
 * What a run of the benchmark found: the content of report.json, from which every table and page is made. Sizes are bytes, times seconds;
 * described for readers of the file in bench/README.md.
 */
import type { Breakdown } from '../../sender/account/accounting.ts';
import type { Link } from '../links/link.ts';
import type { Usage } from '../measure/side.ts';

export const REPORT_FORMAT = 'lighterman-bench/1';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly kernel: string;
}

export interface PairReport {
  readonly name: string;
  readonly title: string;
  /** Undefined for a first shipment. */
  readonly oldBytes: number | undefined;
  readonly newBytes: number;
  /** Of the archives, in hex. */
  readonly oldSha256: string | undefined;
  readonly newSha256: string;
}

export interface PeerReport {
  readonly name: string;
  readonly title: string;
  readonly needs: { readonly sender: string; readonly receiver: string };
  readonly keeps: string;
  /** Its programs with their versions. */
  readonly versions: readonly string[];
  /** Why it was not run; undefined when it was. */
  readonly skipped: string | undefined;
}

export interface Measurement {
  readonly pair: string;
  readonly peer: string;
  readonly link: string;
  /** `computed`: not run on this link because it would have taken too long; its time follows from the unlimited run. */
  readonly basis: 'measured' | 'computed';
  /** Payload from the image's sender to its receiver, and back. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** From the command to what `Report.deliverTo` says. */
  readonly seconds: number;
  readonly sender: Usage;
  readonly receiver: Usage;
  /** Changes of direction on the wire, halved: no fewer than the round trips. */
  readonly roundTripsMax: number;
  /** Allocated by what the receiver keeps, before and after. */
  readonly receiverDiskBytesBefore: number;
  readonly receiverDiskBytes: number;
  /** Where the bytes went, of a technique that says it (`lighterman ship --explain`). */
  readonly breakdown: Breakdown | undefined;
}

/** A technique that did not deliver, and why. */
export interface Failure {
  readonly pair: string;
  readonly peer: string;
  readonly link: string;
  readonly reason: string;
}

/** The receiver after one more version of the same image. */
export interface HistoryPoint {
  readonly peer: string;
  readonly version: string;
  readonly sentBytes: number;
  readonly receiverDiskBytes: number;
}

export interface Report {
  readonly format: typeof REPORT_FORMAT;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly command: string;
  readonly machine: Machine;
  readonly versions: { readonly lighterman: string; readonly node: string; readonly commit: string | undefined };
  readonly corpus: string;
  /** Where a shipment was over: an archive at the receiver, or the image in the receiver's engine and the registry beside it. */
  readonly deliverTo: 'archive' | 'engine';
  /** What shaped the links. */
  readonly shaper: string;
  readonly links: readonly Link[];
  readonly pairs: readonly PairReport[];
  readonly peers: readonly PeerReport[];
  readonly measurements: readonly Measurement[];
  readonly failures: readonly Failure[];
  readonly history: readonly HistoryPoint[];
}

/** The technique that every other is given as a factor of. */
export const REFERENCE_PEER = 'gzip';
/** The product itself. */
export const OWN_PEER = 'lighterman';

/** Both directions together: what the link had to carry. */
export function wireBytes(measurement: Measurement): number {
  return measurement.sentBytes + measurement.receivedBytes;
}

export function findMeasurement(report: Report, pair: string, peer: string, link: string): Measurement | undefined {
  return report.measurements.find((found) => found.pair === pair && found.peer === peer && found.link === link);
}

/** How many times fewer bytes than the reference on the same pair and link; undefined where that was not run. */
export function factorOfReference(report: Report, measurement: Measurement): number | undefined {
  const reference = findMeasurement(report, measurement.pair, REFERENCE_PEER, measurement.link);
  return reference === undefined ? undefined : wireBytes(reference) / wireBytes(measurement);
}
