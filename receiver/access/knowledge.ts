/**
 * What a sender may be told of the store's content. With a limited access only what it could have found out anyway: the streams that the
 * answer named, all of images that it may read, what they consist of, and what it sent itself. Of everything else the receiver behaves
 * as if it were not there.
 */
import { TransferError } from '../../shared/errors.ts';
import { hex, type Id } from '../../shared/hash.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { Access } from './access.ts';

export interface Knowledge {
  /** Those of `found` that the sender may be told of, in the same places. */
  tellable(found: readonly (Id | undefined)[]): Promise<(Id | undefined)[]>;
  /** A recipe of the sender's names these streams as nested. @throws TransferError INTEGRITY, as for a stream that is not there. */
  demandNested(recipe: Recipe): void;
  /** Chunks arrived and are in the store. */
  arrived(ids: readonly Id[]): void;
  /** A stream arrived whole and was proven. */
  kept(stream: Id): void;
}

/**
 * @param bases the answer's list.
 * @param loadRecipe of a stream in that list.
 */
export function createKnowledge(access: Access, bases: () => readonly Id[], loadRecipe: (id: Id) => Promise<Recipe>): Knowledge {
  if (!access.isLimited)
    return { tellable: (found) => Promise.resolve([...found]), demandNested: () => {}, arrived: () => {}, kept: () => {} };
  const own = new Set<string>();
  return {
    async tellable(found) {
      const wanted = new Set(found.flatMap((id) => (id === undefined ? [] : hex(id))));
      const told = new Set(await access.sent.among(found.filter((id) => id !== undefined)));
      // One recipe in memory at a time, and none more once everything asked for was met.
      for (const base of bases()) {
        if (told.size >= wanted.size) break;
        const recipe = await loadRecipe(base).catch(() => undefined);
        if (recipe !== undefined) for (const id of chunkIds(recipe)) if (wanted.has(id)) told.add(id);
      }
      return found.map((id) => (id !== undefined && told.has(hex(id)) ? id : undefined));
    },
    demandNested(recipe) {
      const named = new Set(bases().map((id) => hex(id)));
      for (let row = 0; row < recipe.rowCount; row++) {
        const { nested } = recipe.row(row);
        if (nested !== undefined && !named.has(hex(nested)) && !own.has(hex(nested)))
          throw new TransferError('INTEGRITY', `recipe ${hex(nested)} is not in the store`);
      }
    },
    arrived: (ids) => access.sent.add(ids),
    kept: (stream) => void own.add(hex(stream)),
  };
}

function* chunkIds(recipe: Recipe): Generator<string, void, undefined> {
  for (let row = 0; row < recipe.rowCount; row++) for (const { id } of recipe.chunksOf(row)) yield hex(id);
  for (const { id } of recipe.tail) yield hex(id);
}
