/** Sends the needed content of one announced stream: planned into runs, encoded on all cores, gathered into segments. */
import { releaseBytes, utf8Text } from '../../shared/bytes.ts';
import { codecName } from '../../shared/delta/codecs.ts';
import type { EffortLevel } from '../../shared/delta/content.ts';
import type { EncodedDifference } from '../../shared/recipe/difference/encode.ts';
import type { ChunkList } from '../../shared/recipe/chunk-list.ts';
import { bytesOfChunks, cutContents, readContents } from '../../shared/recipe/contents.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { Store } from '../../shared/store/port.ts';
import { NO_BASE, type Run, type RunBase } from '../../shared/wire/bulk.ts';
import type { Accounting } from '../account/accounting.ts';
import type { EncodedRun, EncodeJob, EncodePool } from './encode-pool.ts';
import { planRuns, withSimilar, type PlannedRun, type PlanOptions } from './plan.ts';
import type { Session } from '../link/session.ts';
import { createSimilar, type Similar } from '../similar/similar.ts';

export interface ContentOptions {
  readonly session: Session;
  readonly pool: Store;
  readonly encoders: EncodePool;
  /** How runs are cut, asked for at the beginning of each. */
  readonly plan: () => PlanOptions;
  /** How hard the next run is to be squeezed. */
  readonly effort: () => EffortLevel;
  /** Payload of the next segment, unless a single run is larger. */
  readonly segmentBytes: () => number;
  readonly accounting: Accounting;
  /** Raw bytes planned, and raw bytes sent, each as they come. */
  onPlanned(bytes: number): void;
  onSent(bytes: number): void;
}

export interface StreamContent {
  readonly stream: number;
  readonly recipe: Recipe;
  /** Path of the file that the stream is all about, where it is one. */
  readonly file?: string | undefined;
  readonly difference: EncodedDifference;
  readonly bases: readonly Recipe[];
  /** Indices into the difference's fresh chunks, ascending. */
  readonly needed: readonly number[];
  /** Whether the receiver held one of the bases before the session. */
  readonly leansOnHeld: boolean;
  /** Whether the receiver knows runs that lean on the tails of bases. */
  readonly leansOnTails: boolean;
  /** Nothing that still comes for it is of use. */
  readonly isVoid: () => boolean;
}

export async function sendContent(content: StreamContent, options: ContentOptions): Promise<void> {
  const { fresh } = content.difference;
  const similar = createSimilar(content, async (chunks) => cutContents(await readContents(chunks, options.pool), chunks));
  let turn: Promise<unknown> = Promise.resolve();
  /** Reads a run and what it leans on; where it may lean on what went before, after that. */
  const read = (leaning: Leaning): Promise<EncodeJob> => {
    if (leaning.plan.similarBytes === 0) return readRun(leaning, fresh, similar, options.pool);
    const job = turn.then(() => readRun(leaning, fresh, similar, options.pool));
    turn = job.catch(() => {});
    return job;
  };
  options.onPlanned(content.needed.reduce((sum, index) => sum + fresh.at(index).length, 0));
  let segment: Run[] = [];
  let segmentBytes = 0;
  const flush = async (): Promise<void> => {
    if (segment.length > 0) await options.session.segment(content.stream, segment);
    segment = [];
    segmentBytes = 0;
  };
  const encoded = options.encoders.encodeInOrder(leanings(content, options), read, bytesToRead, options.effort);
  for await (const [run, { plan, base }] of encoded) {
    if (content.isVoid()) return;
    if (segmentBytes + run.payload.byteLength > options.segmentBytes()) await flush();
    segment.push({
      codec: run.codec,
      chunkCount: plan.fresh.length,
      base: run.usesBase ? base : NO_BASE,
      payload: run.payload,
    });
    segmentBytes += run.payload.byteLength;
    account(run, plan, content, options.accounting);
    options.onSent(plan.bytes);
  }
  await flush();
}

/** A run, and what it turns out to lean on. */
interface Leaning {
  readonly plan: PlannedRun;
  base: RunBase;
}

/** Content and base of a run, as far as that is known before it is read. */
function bytesToRead({ plan: { bytes, baseChunks } }: Leaning): number {
  return bytes + bytesOfChunks(baseChunks);
}

function* leanings(content: StreamContent, options: ContentOptions): Generator<Leaning, void, undefined> {
  for (const plan of planRuns(content, options.plan)) yield { plan, base: plan.base };
}

async function readRun(leaning: Leaning, fresh: ChunkList, similar: Similar, pool: Store): Promise<EncodeJob> {
  const { plan } = leaning;
  const chunks = plan.fresh.map((index) => fresh.at(index));
  const target = await readContents(chunks, pool);
  let base = await readContents(plan.baseChunks, pool);
  if (plan.similarBytes > 0) {
    const leansOn = withSimilar(plan, await similar.find(plan, cutContents(target, chunks), cutContents(base, plan.baseChunks)));
    leaning.base = leansOn.base;
    if (leansOn.baseChunks !== plan.baseChunks) {
      releaseBytes(base);
      base = await readContents(leansOn.baseChunks, pool);
    }
  }
  return { target, base: base.byteLength === 0 ? undefined : base };
}

/** A run's payload is shared out to its files by their share of its content. */
function account(run: EncodedRun, plan: PlannedRun, { recipe, file, difference }: StreamContent, accounting: Accounting): void {
  accounting.detail(`content: ${codecName(run.codec)}`, run.payload.byteLength);
  for (const index of plan.fresh) {
    const row = difference.freshRow[index] as number;
    const name = file ?? (row < 0 ? '(not a tar)' : utf8Text(recipe.row(row).name));
    accounting.file(name, (run.payload.byteLength * difference.fresh.at(index).length) / plan.bytes);
  }
}
