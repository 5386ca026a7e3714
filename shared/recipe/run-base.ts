/** Which content a run's delta leans on: both sides work it out from recipes that both hold, so it costs next to nothing on the wire. */
import { TransferError } from '../errors.ts';
import { BASE_BYTES_MAX } from '../limits.ts';
import type { ChunkRef, Recipe } from './recipe.ts';

/** What a recipe's difference says of its fresh chunks. */
export interface FreshPlaces {
  /** For each fresh chunk the row that it first appears in; -1 for the tail. */
  readonly freshRow: ArrayLike<number>;
  /** The base row that a target row was found to be a version of. */
  baseRow(row: number): { readonly base: number; readonly row: number } | undefined;
}

/** A run of chunks of a row of a base recipe. */
export interface ChunkRange {
  readonly base: number;
  readonly row: number;
  readonly firstChunk: number;
  readonly chunkCount: number;
}

/** Content of the base rows of the rows that the given fresh chunks stand in, each base row once, in order of first use. */
export function baseOfRows(places: FreshPlaces, bases: readonly Recipe[], fresh: readonly number[]): ChunkRef[] {
  const chunks: ChunkRef[] = [];
  const seen = new Set<string>();
  let lastRow = -1;
  for (const index of fresh) {
    const row = places.freshRow[index] as number;
    if (row === lastRow || row < 0) continue;
    lastRow = row;
    const found = places.baseRow(row);
    if (found === undefined || seen.has(`${found.base}:${found.row}`)) continue;
    seen.add(`${found.base}:${found.row}`);
    chunks.push(...chunksOf(bases, found.base, found.row));
  }
  return within(chunks);
}

/** Content of named ranges, in order. @throws TransferError PROTOCOL_VIOLATION for a range that is not there. */
export function baseOfRanges(bases: readonly Recipe[], ranges: readonly ChunkRange[]): ChunkRef[] {
  return within(
    ranges.flatMap((range) => {
      const chunks = chunksOf(bases, range.base, range.row);
      if (range.firstChunk + range.chunkCount > chunks.length)
        throw new TransferError('PROTOCOL_VIOLATION', `row ${range.row} of base ${range.base} has ${chunks.length} chunks`);
      return chunks.slice(range.firstChunk, range.firstChunk + range.chunkCount);
    }),
  );
}

function chunksOf(bases: readonly Recipe[], base: number, row: number): readonly ChunkRef[] {
  const recipe = bases[base];
  if (recipe === undefined || row >= recipe.rowCount)
    throw new TransferError('PROTOCOL_VIOLATION', `there is no row ${row} in base ${base}`);
  return recipe.row(row).chunks;
}

function within(chunks: ChunkRef[]): ChunkRef[] {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (bytes > BASE_BYTES_MAX) throw new TransferError('LIMIT_EXCEEDED', `a run leans on ${bytes} bytes, the limit is ${BASE_BYTES_MAX}`);
  return chunks;
}
