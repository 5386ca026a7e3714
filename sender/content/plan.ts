/**
 * Plans the content of one stream: which needed chunks go together into a run, and what the run leans on. The order of chunks is the
 * stream's own, so the plan costs nothing on the wire beyond the number of chunks in each run.
 */
import { hex } from '../../shared/hash.ts';
import { RUN_BYTES_MAX } from '../../shared/limits.ts';
import type { ChunkList } from '../../shared/recipe/chunk-list.ts';
import type { ChunkRef, Recipe } from '../../shared/recipe/recipe.ts';
import { baseOfRun, type FreshPlaces } from '../../shared/recipe/run-base.ts';
import type { SimilarContent } from '../similar/similar.ts';
import { NO_BASE, type BaseRange, type RunBase } from '../../shared/wire/bulk.ts';

export interface PlannedRun {
  /** Indices into the stream's fresh chunks, consecutive among those that are needed. */
  readonly fresh: readonly number[];
  readonly bytes: number;
  readonly base: RunBase;
  /** What `base` stands for, in order. */
  readonly baseChunks: readonly ChunkRef[];
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
  /** Whether content is looked for that is like that of a run, wherever it stands. */
  readonly looksForSimilar: boolean;
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
    if (piece.bytes > plan.windowBytes || baseBytes > plan.baseBytes) {
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

function pieces({ difference, needed }: Planned): Piece[] {
  const result: Piece[] = [];
  for (const index of needed) {
    const row = difference.freshRow[index] as number;
    let last = result.at(-1);
    if (last === undefined || last.row !== row) result.push((last = { row, fresh: [], bytes: 0 }));
    last.fresh.push(index);
    last.bytes += lengthOf(difference, index);
  }
  return result;
}

function lengthOf({ fresh }: Planned['difference'], index: number): number {
  return fresh.at(index).length;
}

function baseBytesOf(piece: Piece, { difference, bases }: Planned): number {
  const base = piece.row < 0 ? undefined : difference.baseRow(piece.row);
  return base === undefined ? 0 : (bases[base.base] as Recipe).row(base.row).bodyBytes;
}

function bytesOf(chunks: readonly ChunkRef[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** What a run leans on with content that is like its own; a window of a large file then leans on less of the old one. */
export function withSimilar(run: PlannedRun, similar: SimilarContent): Pick<PlannedRun, 'base' | 'baseChunks'> {
  if (similar.ranges.length === 0) return run;
  let from = 0;
  let to = run.baseChunks.length;
  const isTooMuch = (): boolean => bytesOf(run.baseChunks.slice(from, to)) + bytesOf(similar.chunks) > run.baseBytesMax;
  const [range] = run.base.ranges;
  if (range !== undefined) {
    while (from < to && isTooMuch()) {
      if ((from + to) % 2 === 0) from++;
      else to--;
    }
  }
  const own = range === undefined || from === to ? [] : [{ ...range, firstChunk: range.firstChunk + from, chunkCount: to - from }];
  return {
    base: { rows: run.base.rows, ranges: [...own, ...similar.ranges] },
    baseChunks: [...run.baseChunks.slice(from, to), ...similar.chunks],
  };
}

/** What a base stands for. */
export function baseChunksOf(base: RunBase, indices: readonly number[], { difference, bases }: Planned): ChunkRef[] {
  return baseOfRun(base, indices, { places: difference, bases, freshChunk: (index) => difference.fresh.at(index) });
}

function runOfRows(indices: readonly number[], content: Planned, { baseBytes, looksForSimilar }: PlanOptions): PlannedRun {
  const { difference } = content;
  const rows: RunBase = { rows: true, ranges: [] };
  const baseChunks = baseChunksOf(rows, indices, content);
  const bytes = indices.reduce((sum, index) => sum + lengthOf(difference, index), 0);
  const similarBytes = looksForSimilar ? Math.max(0, baseBytes - bytesOf(baseChunks)) : 0;
  return { fresh: indices, bytes, base: baseChunks.length > 0 ? rows : NO_BASE, baseChunks, baseBytesMax: baseBytes, similarBytes };
}

/** A file too large for one run: windows of it, each with the part of the old file around the same place. */
function* windows(piece: Piece, content: Planned, options: () => PlanOptions): Generator<PlannedRun, void, undefined> {
  const { difference, bases } = content;
  const found = piece.row < 0 ? undefined : difference.baseRow(piece.row);
  const places = placesInRow(piece, content);
  let window: number[] = [];
  let bytes = 0;
  let { windowBytes, baseBytes, looksForSimilar } = options();
  function* close(): Generator<PlannedRun, void, undefined> {
    const [first] = window;
    const last = window.at(-1);
    if (first === undefined || last === undefined) return;
    const middle = ((places.get(first) ?? 0) + (places.get(last) ?? 0) + lengthOf(difference, last)) / 2;
    const ranges = found === undefined ? [] : [rangeAround(bases[found.base] as Recipe, found, middle, baseBytes)];
    const base: RunBase = { rows: false, ranges };
    const similarBytes = looksForSimilar ? baseBytes / (ranges.length > 0 ? 2 : 1) : 0;
    yield { fresh: window, bytes, base, baseChunks: baseChunksOf(base, window, content), baseBytesMax: baseBytes, similarBytes };
    window = [];
    bytes = 0;
    ({ windowBytes, baseBytes, looksForSimilar } = options());
  }
  for (const index of piece.fresh) {
    const length = lengthOf(difference, index);
    if (bytes + length > Math.min(windowBytes, RUN_BYTES_MAX)) yield* close();
    window.push(index);
    bytes += length;
  }
  yield* close();
}

/** Where in its file each fresh chunk of a piece begins, scaled to the length of the old file. */
function placesInRow({ row, fresh }: Piece, { recipe, difference, bases }: Planned): Map<number, number> {
  const places = new Map<number, number>();
  const found = row < 0 ? undefined : difference.baseRow(row);
  if (found === undefined) return places;
  const starts = new Map<string, number>();
  let at = 0;
  for (const chunk of recipe.chunksOf(row)) {
    const key = hex(chunk.id);
    if (!starts.has(key)) starts.set(key, at);
    at += chunk.length;
  }
  const scale = (bases[found.base] as Recipe).row(found.row).bodyBytes / Math.max(at, 1);
  for (const index of fresh) places.set(index, (starts.get(hex(difference.fresh.at(index).id)) ?? 0) * scale);
  return places;
}

/** As many chunks of a base row as `baseBytes` allow, around the byte `middle` of it. */
function rangeAround(recipe: Recipe, place: { base: number; row: number }, middle: number, baseBytes: number): BaseRange {
  const { chunks, bodyBytes } = recipe.row(place.row);
  const low = Math.max(0, Math.min(middle - baseBytes / 2, bodyBytes - baseBytes));
  let at = 0;
  let firstChunk = 0;
  while (firstChunk < chunks.length && at + (chunks[firstChunk] as ChunkRef).length <= low) at += (chunks[firstChunk++] as ChunkRef).length;
  let chunkCount = 0;
  for (let taken = 0; firstChunk + chunkCount < chunks.length; chunkCount++) {
    taken += (chunks[firstChunk + chunkCount] as ChunkRef).length;
    if (taken > baseBytes) break;
  }
  return { base: place.base, row: place.row, firstChunk, chunkCount };
}
