/** The benchmark itself: every pair by every technique over every link, and the history of one image by every technique. */
import { realpath, stat } from 'node:fs/promises';
import { TransferError } from '../shared/errors.ts';
import { fileSha256 } from './corpora/file-digest.ts';
import type { Corpus, PairPlan } from './corpora/corpus.ts';
import { UNLIMITED, type Link } from './links/link.ts';
import { startInstruments, type Instruments } from './measure/instruments.ts';
import type { Peer } from './peers/peer.ts';
import type { Failure, HistoryPoint, Measurement, PairReport } from './report/report.ts';
import { createStates, type States } from './states.ts';
import { planVisits, usesOf, type PlannedShipment, type Visit } from './visits.ts';
import { openWorkplace, type ArchiveFile, type DeliverTo, type Shipped, type Workplace } from './workplace.ts';

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

/**
 * Runs the plan one shipment at a time. What fails is reported and does not end the run. What is not measured overlaps: one workplace ends
 * while the next one is made. A shipment has the machine for itself.
 */
export async function runBenchmark(plan: RunPlan, onEvent: (event: RunEvent) => void): Promise<RunResult> {
  const archive = createArchiveReader(plan.corpus);
  const pairs: PairReport[] = [];
  for (const pair of plan.pairs) {
    pairs.push(await describePair(pair, pair.old === undefined ? undefined : await archive(pair.old), await archive(pair.new)));
  }
  const measurements: Measurement[] = [];
  const failures: Failure[] = [];
  const history: HistoryPoint[] = [];
  const tell = (event: RunEvent): void => {
    if (event.kind === 'measured') measurements.push(event.measurement);
    else if (event.kind === 'failed') failures.push(event.failure);
    else history.push(event.point);
    onEvent(event);
  };
  const visits = planVisits({ ...plan, history: plan.withHistory ? plan.corpus.history : [] });
  await using instruments = await startInstruments();
  const gap: Gap = { ending: Promise.resolve() };
  try {
    for (const peer of plan.peers) {
      await using states = createStates();
      const run: PeerRun = { peer, plan, visits, archive, instruments, states, tell, gap, unlimited: new Map() };
      for (const visit of visits) await makeVisit(run, visit);
    }
  } finally {
    await gap.ending;
  }
  const places = new Map(pairs.map(({ name }, place) => [name, place]));
  measurements.sort((a, b) => (places.get(a.pair) ?? 0) - (places.get(b.pair) ?? 0));
  return { pairs, measurements, failures, history };
}

/** The time between two shipments. */
interface Gap {
  /** The end of the workplace before; nothing is shipped until then. Never rejects. */
  ending: Promise<void>;
}

/** The visits of one technique. */
interface PeerRun {
  readonly peer: Peer;
  readonly plan: RunPlan;
  readonly visits: readonly Visit[];
  readonly archive: (version: string) => Promise<ArchiveFile>;
  readonly instruments: Instruments;
  readonly states: States;
  readonly tell: (event: RunEvent) => void;
  readonly gap: Gap;
  /** What the unlimited link gave, by pair; undefined for a pair that failed there. */
  readonly unlimited: Map<string, Measurement | undefined>;
}

async function makeVisit(run: PeerRun, visit: Visit): Promise<void> {
  const { plan, gap } = run;
  plan.signal.throwIfAborted();
  if (isSpared(run, visit)) return;
  let workplace: Workplace | undefined;
  let shippedCount = 0;
  try {
    const opening = openFor(run, visit);
    opening.catch(() => undefined);
    await gap.ending;
    workplace = await opening;
    for (const shipment of visit.shipments) {
      tellShipped(run, shipment, await workplace.ship(await run.archive(shipment.version), shipment.link, plan));
      plan.signal.throwIfAborted();
      shippedCount++;
    }
  } catch (error) {
    await workplace?.[Symbol.asyncDispose]();
    plan.signal.throwIfAborted();
    for (const shipment of visit.shipments.slice(shippedCount)) tellFailed(run, shipment, error);
    return;
  }
  gap.ending = endVisit(run, visit, workplace).catch((error: unknown) => {
    for (const shipment of visit.shipments.slice(-1)) tellFailed(run, shipment, error);
  });
}

async function endVisit({ states, visits }: PeerRun, { leaves }: Visit, workplace: Workplace): Promise<void> {
  if (leaves === undefined) return workplace[Symbol.asyncDispose]();
  const left = workplace.leave();
  states.keep(leaves, left, usesOf(visits, leaves));
  await left;
}

/** A workplace where both sides hold what the visit starts from. */
async function openFor({ peer, instruments, states, archive }: PeerRun, { deliverTo, held, start, shipments }: Visit): Promise<Workplace> {
  // Where the visit that should have left it failed, it is prepared here.
  const folder = held !== undefined && start === 'copy' ? await states.take(held).catch(() => undefined) : undefined;
  const workplace = await openWorkplace(instruments, peer, { deliverTo, folder });
  try {
    if (held !== undefined && folder === undefined) await workplace.prepare(await archive(held));
    const [first] = shipments;
    if (first !== undefined) await workplace.stage(await archive(first.version));
    return workplace;
  } catch (error) {
    await workplace[Symbol.asyncDispose]();
    throw error;
  }
}

/** True where a slower link need not be tried: the pair failed on the unlimited one, or would take too long and is computed. */
function isSpared({ peer, plan, tell, unlimited }: PeerRun, { shipments: [shipment] }: Visit): boolean {
  if (shipment?.pair === undefined || !unlimited.has(shipment.pair)) return false;
  const known = unlimited.get(shipment.pair);
  if (known === undefined) return true;
  const expected = computeMeasurement(known, peer, shipment.link);
  if (expected.seconds <= plan.secondsMax) return false;
  tell({ kind: 'measured', measurement: expected });
  return true;
}

function tellShipped({ peer, tell, unlimited }: PeerRun, { version, link, pair, isHistory }: PlannedShipment, shipped: Shipped): void {
  if (pair !== undefined) {
    const measurement: Measurement = { pair, peer: peer.name, link: link.name, basis: 'measured', ...shipped };
    if (link.name === UNLIMITED.name) unlimited.set(pair, measurement);
    tell({ kind: 'measured', measurement });
  }
  const { sentBytes, receiverDiskBytes } = shipped;
  if (isHistory) tell({ kind: 'history', point: { peer: peer.name, version, sentBytes, receiverDiskBytes } });
}

function tellFailed({ peer, tell, unlimited }: PeerRun, { link, pair, isHistory }: PlannedShipment, error: unknown): void {
  const told = { peer: peer.name, link: link.name, reason: reasonOf(error) };
  if (pair !== undefined && link.name === UNLIMITED.name) unlimited.set(pair, undefined);
  if (pair !== undefined) tell({ kind: 'failed', failure: { pair, ...told } });
  if (isHistory) tell({ kind: 'failed', failure: { pair: 'history', ...told } });
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
