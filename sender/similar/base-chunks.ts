/** The chunks of a stream's bases in the order in which it is worth looking into them for content like that of the stream. */
import { latin1 } from '../../shared/recipe/difference/entry.ts';
import { nameOf } from '../../shared/recipe/difference/likeness.ts';
import { extensionOf, normalPath } from '../../shared/recipe/difference/path.ts';
import { RECIPE_ROWS_MAX } from '../../shared/limits.ts';
import type { ChunkRef, Recipe, Row } from '../../shared/recipe/recipe.ts';
import type { BaseRange } from '../../shared/wire/bulk.ts';
import type { Planned } from '../content/plan.ts';

export interface PlacedChunk {
  readonly range: BaseRange;
  readonly chunk: ChunkRef;
}

/**
 * Files that nothing of the stream is a version of come first (they may have been split, joined or renamed), then those that changed, then those
 * that are still there; among each those whose extension a needed file has.
 */
export function* chunksOfBases(content: Planned): Generator<PlacedChunk, void, undefined> {
  for (const ranked of rankedRows(content)) {
    for (const place of ranked) {
      const [base, row] = [Math.floor(place / RECIPE_ROWS_MAX), place % RECIPE_ROWS_MAX];
      const { chunks } = (content.bases[base] as Recipe).row(row);
      for (const [firstChunk, chunk] of chunks.entries()) yield { range: { base, row, firstChunk, chunkCount: 1 }, chunk };
    }
  }
}

/** What a base row is to the stream. */
const UNPAIRED = 0;
const CHANGED = 1;
const KEPT = 2;

/** Rows with content by their rank, each as base * RECIPE_ROWS_MAX + row. */
function rankedRows(content: Planned): number[][] {
  const { recipe, difference, bases, needed } = content;
  const changed = new Set(needed.map((index) => difference.freshRow[index] as number));
  const kinds = new Set([...changed].flatMap((row) => (row < 0 ? [] : kindsOf(recipe.row(row)))));
  const versions = bases.map((base) => new Uint8Array(base.rowCount));
  for (let row = 0; row < recipe.rowCount; row++) {
    const found = difference.baseRow(row);
    const its = found && versions[found.base];
    if (its) its[found.row] = Math.max(its[found.row] as number, changed.has(row) ? CHANGED : KEPT);
  }
  const ranked = Array.from({ length: 2 * (KEPT + 1) }, (): number[] => []);
  for (const [base, one] of bases.entries()) {
    for (let row = 0; row < one.rowCount; row++) {
      const fields = one.row(row);
      if (fields.chunks.length === 0) continue;
      const isKindred = kindsOf(fields).some((kind) => kinds.has(kind));
      ranked[2 * (versions[base]?.[row] ?? UNPAIRED) + (isKindred ? 0 : 1)]?.push(base * RECIPE_ROWS_MAX + row);
    }
  }
  return ranked;
}

function kindsOf({ name }: Row): string[] {
  const path = normalPath(latin1(name));
  return [nameOf(path), `extension ${extensionOf(path)}`];
}
