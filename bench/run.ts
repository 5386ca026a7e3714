/** The benchmark itself: every pair by every technique over every link, and the history of one image by every technique. */
import { realpath, stat } from 'node:fs/promises';
import { TransferError } from '../shared/errors.ts';
import { fileSha256 } from './corpora/file-digest.ts';
import type { Corpus, PairPlan } from './corpora/corpus.ts';
import { UNLIMITED, type Link } from './links/link.ts';
import type { Peer } from './peers/peer.ts';
import type { Failure, HistoryPoint, Measurement, PairReport } from './report/report.ts';
import { openWorkplace, type ArchiveFile, type DeliverTo } from './workplace.ts';

const REASON_CHARACTERS_MAX = 400;

export interface RunPlan {
  readonly corpus: Corpus;
  readonly pairs: readonly PairPlan[];
  /** Only those whose programs are there. */
  readonly peers: readonly Peer[];
  readonly links: readonly Link[];
  /** A shipment that takes longer is given up; one that would take longer on a slow link is computed instead. */
  readonly secondsMax: number;
  readonly deliverTo: DeliverTo;
  readonly withHistory: boolean;
  /** Ends the run with INTERRUPTED. */
  readonly signal: AbortSignal;
}

export interface RunResult {
  readonly pairs: readonly PairReport[];
  readonly measurements: readonly Measurement[];
  readonly failures: readonly Failure[];
  readonly history: readonly HistoryPoint[];
}

export type RunEvent =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'history'; readonly point: HistoryPoint };

/** Runs the plan one shipment at a time. What fails is reported and does not end the run. */
export async function runBenchmark(plan: RunPlan, onEvent: (event: RunEvent) => void): Promise<RunResult> {
  const archive = createArchiveReader(plan.corpus);
  const pairs: PairReport[] = [];
  const measurements: Measurement[] = [];
  const failures: Failure[] = [];
  for (const pair of plan.pairs) {
    const older = pair.old === undefined ? undefined : await archive(pair.old);
    const newer = await archive(pair.new);
    pairs.push(await describePair(pair, older, newer));
    for (const peer of plan.peers) {
      for await (const event of measurePeer(peer, pair.name, older, newer, plan)) {
        if (event.kind === 'measured') measurements.push(event.measurement);
        else failures.push(event.failure);
        onEvent(event);
      }
    }
  }
  const history: HistoryPoint[] = [];
  for (const peer of plan.withHistory ? plan.peers : []) {
    try {
      for await (const point of shipHistory(peer, plan, archive)) {
        history.push(point);
        onEvent({ kind: 'history', point });
      }
    } catch (error) {
      plan.signal.throwIfAborted();
      const failure = { pair: 'history', peer: peer.name, link: UNLIMITED.name, reason: reasonOf(error) };
      failures.push(failure);
      onEvent({ kind: 'failed', failure });
    }
  }
  return { pairs, measurements, failures, history };
}

type MeasureEvent = Exclude<RunEvent, { kind: 'history' }>;

/** All links of one technique on one pair; the unlimited one first, since what is computed follows from it. */
async function* measurePeer(
  peer: Peer,
  pair: string,
  older: ArchiveFile | undefined,
  newer: ArchiveFile,
  { links, secondsMax, deliverTo, signal }: RunPlan,
): AsyncGenerator<MeasureEvent> {
  let unlimited: Measurement | undefined;
  for (const link of links.toSorted((a, b) => (b.bitsPerSecond ?? Infinity) - (a.bitsPerSecond ?? Infinity))) {
    const expected = unlimited && computeMeasurement(unlimited, peer, link);
    if (expected !== undefined && expected.seconds > secondsMax) {
      yield { kind: 'measured', measurement: expected };
      continue;
    }
    try {
      await using workplace = await openWorkplace(peer, deliverTo);
      if (older !== undefined) await workplace.prepare(older);
      const shipped = await workplace.ship(newer, link, { secondsMax, signal });
      const measurement: Measurement = { pair, peer: peer.name, link: link.name, basis: 'measured', ...shipped };
      if (link.name === UNLIMITED.name) unlimited = measurement;
      yield { kind: 'measured', measurement };
    } catch (error) {
      signal.throwIfAborted();
      yield { kind: 'failed', failure: { pair, peer: peer.name, link: link.name, reason: reasonOf(error) } };
      if (link.name === UNLIMITED.name) return;
    }
  }
}

/**
 * What a slower link makes of an unlimited run: the bytes take their time, beside the work where the technique overlaps the two and after it
 * where it does not, and every round trip costs its delay.
 */
export function computeMeasurement(unlimited: Measurement, peer: Pick<Peer, 'flow'>, link: Link): Measurement {
  const longerWayBytes = Math.max(unlimited.sentBytes, unlimited.receivedBytes);
  const wireSeconds = link.bitsPerSecond === undefined ? 0 : (longerWayBytes * 8) / link.bitsPerSecond;
  const waitSeconds = (unlimited.roundTripsMax * 2 * link.oneWayMs) / 1000;
  const workSeconds = peer.flow === 'overlapped' ? Math.max(unlimited.seconds, wireSeconds) : unlimited.seconds + wireSeconds;
  return { ...unlimited, link: link.name, basis: 'computed', seconds: workSeconds + waitSeconds };
}

async function* shipHistory(peer: Peer, plan: RunPlan, archive: (version: string) => Promise<ArchiveFile>): AsyncGenerator<HistoryPoint> {
  await using workplace = await openWorkplace(peer);
  for (const version of plan.corpus.history) {
    const shipped = await workplace.ship(await archive(version), UNLIMITED, plan);
    yield { peer: peer.name, version, sentBytes: shipped.sentBytes, receiverDiskBytes: shipped.receiverDiskBytes };
  }
}

/** One line: what a failing program said may have many. */
function reasonOf(error: unknown): string {
  return TransferError.from(error).message.replaceAll(/\s+/g, ' ').slice(0, REASON_CHARACTERS_MAX);
}

/** Each archive is built and hashed once. */
function createArchiveReader(corpus: Corpus): (version: string) => Promise<ArchiveFile> {
  const files = new Map<string, Promise<ArchiveFile>>();
  return (version) => {
    const known = files.get(version);
    if (known !== undefined) return known;
    // rsync and zstd pass over symbolic links.
    const made = corpus
      .archive(version)
      .then((path) => realpath(path))
      .then(async (path) => ({ path, sha256: await fileSha256(path) }));
    files.set(version, made);
    return made;
  };
}

async function describePair({ name, title }: PairPlan, older: ArchiveFile | undefined, newer: ArchiveFile): Promise<PairReport> {
  return {
    name,
    title,
    oldBytes: older === undefined ? undefined : (await stat(older.path)).size,
    newBytes: (await stat(newer.path)).size,
    oldSha256: older?.sha256,
    newSha256: newer.sha256,
  };
}
