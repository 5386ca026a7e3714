/** The recipes that a conversation used last, as far as they fit in bounded memory: its streams mostly lean on the same few. */
import { hex, type Id } from '../../shared/hash.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';

export interface RecentRecipes {
  /** From memory, or else what it was made with gives; then it is remembered. */
  load(id: Id): Promise<Recipe>;
  /** One that was just used. A recipe that does not fit at all is not remembered. */
  add(recipe: Recipe): void;
}

/** The recipe of an image of some hundred thousand files, or those of many small layers. */
const BYTES_MAX = 16 * 1024 * 1024;
/** About what a recipe takes in memory. */
const ROW_BYTES = 64;
const CHUNK_BYTES = 36;

export function createRecentRecipes(load: (id: Id) => Promise<Recipe>, bytesMax = BYTES_MAX): RecentRecipes {
  /** In the order of their last use. */
  const recipes = new Map<string, Recipe>();
  let bytes = 0;
  const add = (recipe: Recipe): void => {
    const key = hex(recipe.id);
    if (recipes.delete(key)) bytes -= bytesOf(recipe);
    if (bytesOf(recipe) > bytesMax) return;
    recipes.set(key, recipe);
    bytes += bytesOf(recipe);
    for (const [oldest, old] of recipes) {
      if (bytes <= bytesMax) break;
      recipes.delete(oldest);
      bytes -= bytesOf(old);
    }
  };
  return {
    async load(id) {
      const recipe = recipes.get(hex(id)) ?? (await load(id));
      add(recipe);
      return recipe;
    },
    add,
  };
}

function bytesOf({ rowCount, chunkCount }: Recipe): number {
  return rowCount * ROW_BYTES + chunkCount * CHUNK_BYTES;
}
