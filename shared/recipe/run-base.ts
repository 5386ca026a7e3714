/** Which content a run's delta leans on: both sides work it out from recipes that both hold, so it costs next to nothing on the wire. */
import { TransferError } from '../errors.ts';
import { BASE_BYTES_MAX } from '../limits.ts';
import { OWN_STREAM, type BaseRange, type RunBase } from '../wire/bulk.ts';
import type { ChunkRef, Recipe } from './recipe.ts';

/** What a recipe's difference says of its fresh chunks. */
export interface FreshPlaces {
  /** For each fresh chunk the row that it first appears in; -1 for the tail. */
  readonly freshRow: ArrayLike<number>;
  /** The base row that a target row was found to be a version of. */
  baseRow(row: number): { readonly base: number; readonly row: number } | undefined;
}

/** What a base is looked up in. */
export interface BasePlaces {
  readonly places: FreshPlaces;
  readonly bases: readonly Recipe[];
  /** A fresh chunk of the stream itself; undefined where it has not come. */
  freshChunk(index: number): ChunkRef | undefined;
}

/**
 * The chunks that a run leans on, in order.
 * @param fresh the run's own chunks, by their numbers among the fresh ones.
 * @throws TransferError PROTOCOL_VIOLATION for what is not there, LIMIT_EXCEEDED.
 */
export function baseOfRun({ rows, ranges }: RunBase, fresh: readonly number[], of: BasePlaces): ChunkRef[] {
  const chunks: ChunkRef[] = [];
  let bytes = 0;
  const take = (chunk: ChunkRef): void => {
    bytes += chunk.length;
    if (bytes > BASE_BYTES_MAX) throw new TransferError('LIMIT_EXCEEDED', `a run leans on more than ${BASE_BYTES_MAX} bytes`);
    chunks.push(chunk);
  };
  if (rows) for (const chunk of chunksOfRows(of.places, of.bases, fresh)) take(chunk);
  for (const range of ranges) for (const chunk of chunksOfRange(range, of)) take(chunk);
  return chunks;
}

/** Content of the base rows of the rows that the given fresh chunks stand in, each base row once, in order of first use. */
function* chunksOfRows(places: FreshPlaces, bases: readonly Recipe[], fresh: readonly number[]): Generator<ChunkRef> {
  const seen = new Set<string>();
  let lastRow = -1;
  for (const index of fresh) {
    const row = places.freshRow[index] as number;
    if (row === lastRow || row < 0) continue;
    lastRow = row;
    const found = places.baseRow(row);
    if (found === undefined || seen.has(`${found.base}:${found.row}`)) continue;
    seen.add(`${found.base}:${found.row}`);
    yield* chunksOf(bases, found.base, found.row);
  }
}

function* chunksOfRange({ base, row, firstChunk, chunkCount }: BaseRange, of: BasePlaces): Generator<ChunkRef> {
  const chunks = base === OWN_STREAM ? undefined : chunksOf(of.bases, base, row);
  for (let index = firstChunk; index < firstChunk + chunkCount; index++) {
    const chunk = chunks === undefined ? of.freshChunk(index) : chunks[index];
    if (chunk === undefined)
      throw new TransferError(
        'PROTOCOL_VIOLATION',
        chunks === undefined
          ? `a run leans on fresh chunk ${index}, which has not come`
          : `row ${row} of base ${base} has ${chunks.length} chunks`,
      );
    yield chunk;
  }
}

function chunksOf(bases: readonly Recipe[], base: number, row: number): readonly ChunkRef[] {
  const recipe = bases[base];
  if (recipe === undefined || row > recipe.rowCount)
    throw new TransferError('PROTOCOL_VIOLATION', `there is no row ${row} in base ${base}`);
  return row === recipe.rowCount ? recipe.tail : recipe.row(row).chunks;
}
