/**
 * Plans the content of one stream: which needed chunks go together into a run, and what the run leans on. The order of chunks is the
 * stream's own, so the plan costs nothing on the wire beyond the number of chunks in each run.
 */
import { hex } from '../../shared/hash.ts';
import { RUN_BYTES_MAX } from '../../shared/limits.ts';
import type { ChunkList } from '../../shared/recipe/chunk-list.ts';
import { bytesOfChunks } from '../../shared/recipe/contents.ts';
import type { ChunkRef, Recipe } from '../../shared/recipe/recipe.ts';
import { baseOfRun, type FreshPlaces } from '../../shared/recipe/run-base.ts';
import type { SimilarContent } from '../similar/similar.ts';
import { NO_BASE, type RunBase } from '../../shared/wire/bulk.ts';
import { oldPlaces, rangesAround, type OldFile } from './old-places.ts';

/** What a run leans on. */
interface Based {
  readonly base: RunBase;
  /** What `base` stands for, in order. */
  readonly baseChunks: readonly ChunkRef[];
}

export interface PlannedRun extends Based {
  /** Indices into the stream's fresh chunks, consecutive among those that are needed. */
  readonly fresh: readonly number[];
  readonly bytes: number;
  /** What it leans on where its base may have so many bytes; a run of whole files leans on the same. */
  within(this: void, baseBytes: number): Based;
  /** Bytes of its base at most, and of content like its own that it may lean on, too; 0: none is to be looked for. */
  readonly baseBytesMax: number;
  readonly similarBytes: number;
}

export interface PlanOptions {
  /** A run of small files ends when its content passes this. */
  readonly runBytes: number;
  /** Content of a run at most, and of its base. Both at most the protocol's limits. */
  readonly windowBytes: number;
  readonly baseBytes: number;
  /** For which streams content is looked for that is like that of a run, wherever it stands: for all, or for those that lean on what was held. */
  readonly looksForSimilar: 'all' | 'over held';
}

/** The needed chunks of one row, or of the tail. */
interface Piece {
  readonly row: number;
  readonly fresh: number[];
  bytes: number;
}

/** What is planned: the needed chunks of a stream. */
export interface Planned {
  readonly recipe: Recipe;
  readonly difference: FreshPlaces & { readonly fresh: ChunkList };
  readonly bases: readonly Recipe[];
  /** Indices into the fresh chunks, ascending. */
  readonly needed: readonly number[];
  /** Whether one of the bases was held before the session. */
  readonly leansOnHeld: boolean;
  /** Whether runs may lean on the tails of bases. */
  readonly leansOnTails: boolean;
}

/**
 * The runs in their order, each made when it is asked for.
 * @param options asked for at the beginning of each run.
 */
export function* planRuns(content: Planned, options: () => PlanOptions): Generator<PlannedRun, void, undefined> {
  let group: Piece[] = [];
  let groupBytes = 0;
  let groupBaseBytes = 0;
  let plan = options();
  function* close(): Generator<PlannedRun, void, undefined> {
    if (group.length > 0)
      yield runOfRows(
        group.flatMap((piece) => piece.fresh),
        content,
        plan,
      );
    group = [];
    groupBytes = 0;
    groupBaseBytes = 0;
    plan = options();
  }
  for (const piece of pieces(content)) {
    const baseBytes = baseBytesOf(piece, content);
    const isTailOverTail = piece.row < 0 && oldFileOf(piece, content) !== undefined;
    if (piece.bytes > plan.windowBytes || baseBytes > plan.baseBytes || isTailOverTail) {
      yield* close();
      yield* windows(piece, content, options);
      continue;
    }
    if (groupBytes + piece.bytes > plan.windowBytes || groupBaseBytes + baseBytes > plan.baseBytes) yield* close();
    group.push(piece);
    groupBytes += piece.bytes;
    groupBaseBytes += baseBytes;
    if (groupBytes >= plan.runBytes) yield* close();
  }
  yield* close();
}

function* pieces({ difference, needed }: Planned): Generator<Piece, void, undefined> {
  let last: Piece | undefined;
  for (const index of needed) {
    const row = difference.freshRow[index] as number;
    if (last !== undefined && last.row !== row) {
      yield last;
      last = undefined;
    }
    last ??= { row, fresh: [], bytes: 0 };
    last.fresh.push(index);
    last.bytes += lengthOf(difference, index);
  }
  if (last !== undefined) yield last;
}

function lengthOf({ fresh }: Planned['difference'], index: number): number {
  return fresh.at(index).length;
}

function baseBytesOf(piece: Piece, { difference, bases }: Planned): number {
  const base = piece.row < 0 ? undefined : difference.baseRow(piece.row);
  return base === undefined ? 0 : (bases[base.base] as Recipe).row(base.row).bodyBytes;
}

/** What a run leans on with content that is like its own; a window of a large file then leans on less of the old one. */
export function withSimilar(run: PlannedRun, similar: SimilarContent): Based {
  if (similar.ranges.length === 0) return run;
  const own = run.within(run.baseBytesMax - bytesOfChunks(similar.chunks));
  return {
    base: { rows: own.base.rows, ranges: [...own.base.ranges, ...similar.ranges] },
    baseChunks: [...own.baseChunks, ...similar.chunks],
  };
}

/** What a base stands for. */
export function baseChunksOf(base: RunBase, indices: readonly number[], { difference, bases }: Planned): ChunkRef[] {
  return baseOfRun(base, indices, { places: difference, bases, freshChunk: (index) => difference.fresh.at(index) });
}

function runOfRows(indices: readonly number[], content: Planned, plan: PlanOptions): PlannedRun {
  const { difference } = content;
  const based = basedOn({ rows: true, ranges: [] }, indices, content);
  const bytes = indices.reduce((sum, index) => sum + lengthOf(difference, index), 0);
  const { baseBytes } = plan;
  const similarBytes = looksForSimilar(content, plan) ? Math.max(0, baseBytes - bytesOfChunks(based.baseChunks)) : 0;
  return { ...based, fresh: indices, bytes, within: () => based, baseBytesMax: baseBytes, similarBytes };
}

function looksForSimilar({ leansOnHeld }: Planned, plan: PlanOptions): boolean {
  return leansOnHeld || plan.looksForSimilar === 'all';
}

function basedOn(base: RunBase, indices: readonly number[], content: Planned): Based {
  const baseChunks = baseChunksOf(base, indices, content);
  return { base: baseChunks.length > 0 ? base : NO_BASE, baseChunks };
}

/** A file too large for one run, or a tail: windows of it, each with the parts of the old file around the same places. */
function* windows(piece: Piece, content: Planned, options: () => PlanOptions): Generator<PlannedRun, void, undefined> {
  const { difference } = content;
  const old = oldFileOf(piece, content);
  const { recipe } = content;
  const places = old && oldPlaces(piece.row < 0 ? recipe.tail : recipe.chunksOf(piece.row), old.chunks);
  const middle = (index: number): number => places?.get(hex(difference.fresh.at(index).id)) ?? 0;
  let window: number[] = [];
  let bytes = 0;
  let plan = options();
  function* close(): Generator<PlannedRun, void, undefined> {
    if (window.length > 0) {
      const fresh = window;
      const within = (baseBytes: number): Based =>
        basedOn({ rows: false, ranges: old ? rangesAround(old, fresh.map(middle), baseBytes) : [] }, fresh, content);
      const { baseBytes } = plan;
      const similarBytes = looksForSimilar(content, plan) ? baseBytes / (old ? 2 : 1) : 0;
      yield { ...within(baseBytes), fresh, bytes, within, baseBytesMax: baseBytes, similarBytes };
    }
    window = [];
    bytes = 0;
    plan = options();
  }
  for (const index of piece.fresh) {
    const length = lengthOf(difference, index);
    if (bytes + length > Math.min(plan.windowBytes, RUN_BYTES_MAX)) yield* close();
    window.push(index);
    bytes += length;
  }
  yield* close();
}

/** Of a tail, that of the first base that has one. */
function oldFileOf({ row }: Piece, { difference, bases, leansOnTails }: Planned): OldFile | undefined {
  if (row < 0) {
    const base = leansOnTails ? bases.findIndex(({ tail }) => tail.length > 0) : -1;
    const recipe = bases[base];
    return recipe && { base, row: recipe.rowCount, chunks: recipe.tail };
  }
  const found = difference.baseRow(row);
  return found && { ...found, chunks: (bases[found.base] as Recipe).row(found.row).chunks };
}
