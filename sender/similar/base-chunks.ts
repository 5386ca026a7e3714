/** The chunks of a stream's bases in the order in which it is worth looking into them for content like that of the stream. */
import { nameOf } from '../../shared/recipe/difference/likeness.ts';
import { extensionOf, normalPath } from '../../shared/recipe/difference/path.ts';
import type { ChunkRef, Recipe, Row } from '../../shared/recipe/recipe.ts';
import type { BaseRange } from '../../shared/wire/bulk.ts';
import type { Planned } from '../plan.ts';

export interface PlacedChunk {
  readonly range: BaseRange;
  readonly chunk: ChunkRef;
}

/**
 * Files that nothing of the stream is a version of come first (they may have been split, joined or renamed), then those that changed, then those
 * that are still there; among each those whose extension a needed file has.
 */
export function* chunksOfBases(content: Planned): Generator<PlacedChunk, void, undefined> {
  const rows = sortedRows(content);
  for (const { base, row } of rows) {
    const { chunks } = (content.bases[base] as Recipe).row(row);
    for (const [firstChunk, chunk] of chunks.entries()) yield { range: { base, row, firstChunk, chunkCount: 1 }, chunk };
  }
}

interface RankedRow {
  readonly base: number;
  readonly row: number;
  readonly rank: number;
}

function sortedRows(content: Planned): RankedRow[] {
  const { recipe, difference, bases, needed } = content;
  const changed = new Set(needed.map((index) => difference.freshRow[index] as number));
  const kinds = new Set([...changed].flatMap((row) => (row < 0 ? [] : kindsOf(recipe.row(row)))));
  /** By base and row: 1 for one that has a changed version in the stream, 2 for one that is still there. */
  const versions = new Map<string, number>();
  for (let row = 0; row < recipe.rowCount; row++) {
    const found = difference.baseRow(row);
    if (found === undefined) continue;
    const key = `${found.base}:${found.row}`;
    versions.set(key, Math.max(versions.get(key) ?? 0, changed.has(row) ? 1 : 2));
  }
  const ranked = bases.flatMap((one, base) =>
    Array.from({ length: one.rowCount }, (_, row): RankedRow => {
      const fields = one.row(row);
      const isKindred = kindsOf(fields).some((kind) => kinds.has(kind));
      return { base, row, rank: fields.chunks.length === 0 ? -1 : 2 * (versions.get(`${base}:${row}`) ?? 0) + (isKindred ? 0 : 1) };
    }),
  );
  return ranked.filter(({ rank }) => rank >= 0).toSorted((a, b) => a.rank - b.rank);
}

function kindsOf({ name }: Row): string[] {
  const path = normalPath(Buffer.from(name).toString('latin1'));
  return [nameOf(path), `extension ${extensionOf(path)}`];
}
