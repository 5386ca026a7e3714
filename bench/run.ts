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
import { groupVisits, planVisits, usesOf, type PlannedShipment, type Visit } from './visits.ts';
import { openWorkplace, type ArchiveFile, type DeliverTo, type Shipped, type Workplace } from './workplace.ts';

const REASON_CHARACTERS_MAX = 400;
/** Workplaces that are made at the same time: each holds old and new images on both sides. */
const VISITS_AT_ONCE = 3;

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
 * Runs the plan one shipment at a time. What fails is reported and does not end the run. What is not measured overlaps: some workplaces end
 * while the next ones are made. A shipment has the machine for itself.
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
      for (const group of groupVisits(visits, VISITS_AT_ONCE)) await makeVisits(run, group);
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
  /** The end of the workplaces before; nothing is shipped until then. Never rejects. */
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

/** Makes the workplaces of a group while those of the group before end, and then one shipment after the other. */
async function makeVisits(run: PeerRun, group: readonly Visit[]): Promise<void> {
  const { plan, gap } = run;
  plan.signal.throwIfAborted();
  const visits = group.filter((visit) => !isSpared(run, visit));
  const [opened] = await Promise.all([Promise.allSettled(visits.map((visit) => openFor(run, visit))), gap.ending]);
  const whole = new Set<Visit>();
  try {
    for (const [i, visit] of visits.entries()) {
      if (await shipAll(run, visit, opened[i] as PromiseSettledResult<Workplace>)) whole.add(visit);
    }
  } finally {
    const ends: Promise<void>[] = [];
    for (const [i, visit] of visits.entries()) {
      const result = opened[i];
      if (result?.status === 'fulfilled') ends.push(endVisit(run, visit, result.value, whole.has(visit)));
    }
    gap.ending = Promise.all(ends).then(() => undefined);
  }
}

/** True where everything was shipped. What was not is told. */
async function shipAll(run: PeerRun, { shipments }: Visit, opened: PromiseSettledResult<Workplace>): Promise<boolean> {
  const { plan } = run;
  let shippedCount = 0;
  try {
    if (opened.status === 'rejected') throw opened.reason;
    for (const shipment of shipments) {
      tellShipped(run, shipment, await opened.value.ship(await run.archive(shipment.version), shipment.link, plan));
      plan.signal.throwIfAborted();
      shippedCount++;
    }
    return true;
  } catch (error) {
    // What was given up must not go on beside the next shipment.
    if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]();
    plan.signal.throwIfAborted();
    for (const shipment of shipments.slice(shippedCount)) tellFailed(run, shipment, error);
    return false;
  }
}

/** Never rejects. */
async function endVisit(run: PeerRun, { leaves, shipments }: Visit, workplace: Workplace, isWhole: boolean): Promise<void> {
  try {
    if (leaves === undefined || !isWhole) return await workplace[Symbol.asyncDispose]();
    const left = workplace.leave();
    run.states.keep(leaves, left, usesOf(run.visits, leaves));
    await left;
  } catch (error) {
    for (const shipment of shipments.slice(-1)) tellFailed(run, shipment, error);
  }
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
