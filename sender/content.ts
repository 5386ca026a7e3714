/** Sends the needed content of one announced stream: planned into runs, encoded on all cores, gathered into segments. */
import { concatBytes } from '../shared/bytes.ts';
import { codecName } from '../shared/delta/codecs.ts';
import type { EffortLevel } from '../shared/delta/content.ts';
import type { EncodedDifference } from '../shared/recipe/difference/encode.ts';
import type { ChunkRef, Recipe } from '../shared/recipe/recipe.ts';
import type { Store } from '../shared/store/port.ts';
import type { Run } from '../shared/wire/bulk.ts';
import type { Accounting } from './accounting.ts';
import type { EncodedRun, EncodeJob, EncodePool } from './encode-pool.ts';
import { planRuns, type PlannedRun, type PlanOptions } from './plan.ts';
import type { Session } from './session.ts';

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
  readonly difference: EncodedDifference;
  readonly bases: readonly Recipe[];
  /** Indices into the difference's fresh chunks, ascending. */
  readonly needed: readonly number[];
  /** Nothing that still comes for it is of use. */
  readonly isVoid: () => boolean;
}

export async function sendContent(content: StreamContent, options: ContentOptions): Promise<void> {
  const { fresh } = content.difference;
  const planned = planRuns(content, options.plan);
  options.onPlanned(content.needed.reduce((sum, index) => sum + (fresh[index] as ChunkRef).length, 0));
  let segment: Run[] = [];
  let segmentBytes = 0;
  const flush = async (): Promise<void> => {
    if (segment.length > 0) await options.session.segment(content.stream, segment);
    segment = [];
    segmentBytes = 0;
  };
  for await (const [run, plan] of options.encoders.encodeInOrder(planned, (next) => readRun(next, fresh, options.pool), options.effort)) {
    if (content.isVoid()) return;
    if (segmentBytes + run.payload.byteLength > options.segmentBytes()) await flush();
    segment.push({
      codec: run.codec,
      chunkCount: plan.fresh.length,
      base: run.usesBase ? plan.base : { kind: 'none' },
      payload: run.payload,
    });
    segmentBytes += run.payload.byteLength;
    account(run, plan, content, options.accounting);
    options.onSent(plan.bytes);
  }
  await flush();
}

async function readRun(run: PlannedRun, fresh: readonly ChunkRef[], pool: Store): Promise<EncodeJob> {
  const read = async (chunks: readonly ChunkRef[]): Promise<Uint8Array> =>
    concatBytes(
      await pool.getMany(
        'chunk',
        chunks.map((chunk) => chunk.id),
      ),
    );
  const target = await read(run.fresh.map((index) => fresh[index] as ChunkRef));
  return { target, base: run.baseChunks.length === 0 ? undefined : await read(run.baseChunks) };
}

/** A run's payload is shared out to its files by their share of its content. */
function account(run: EncodedRun, plan: PlannedRun, { recipe, difference }: StreamContent, accounting: Accounting): void {
  accounting.detail(`content: ${codecName(run.codec)}`, run.payload.byteLength);
  for (const index of plan.fresh) {
    const row = difference.freshRow[index] as number;
    const name = row < 0 ? '(not a tar)' : Buffer.from(recipe.row(row).name).toString();
    accounting.file(name, (run.payload.byteLength * (difference.fresh[index] as ChunkRef).length) / plan.bytes);
  }
}
