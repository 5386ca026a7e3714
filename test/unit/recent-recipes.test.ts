import { expect, it } from 'vitest';
import { createRecentRecipes } from '../../receiver/conversation/recent-recipes.ts';
import { hashBytes, hex, type Id } from '../../shared/hash.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { createRecipeTable } from '../../shared/recipe/table.ts';

/** Of nothing but a tail, which takes 36 bytes a chunk. */
function recipeOf(seed: number, chunks: number): Recipe {
  const table = createRecipeTable();
  const id = hashBytes(Uint8Array.of(seed));
  for (let number = 0; number < chunks; number++) table.pushChunk(id, 1);
  return table.finish(id);
}

const [first, second, third, large] = [recipeOf(1, 10), recipeOf(2, 10), recipeOf(3, 10), recipeOf(4, 1000)];

/** Remembers two of the small ones; of each recipe that it had to load its place in `all`. */
function prepare(): { readonly recent: ReturnType<typeof createRecentRecipes>; readonly loaded: number[] } {
  const all = [first, second, third, large];
  const loaded: number[] = [];
  const load = (id: Id): Promise<Recipe> => {
    const place = all.findIndex((recipe) => hex(recipe.id) === hex(id));
    loaded.push(place);
    return Promise.resolve(all[place] as Recipe);
  };
  return { recent: createRecentRecipes(load, 2 * 36 * 10), loaded };
}

it('remembers what was used last, as far as it fits', async () => {
  const { recent, loaded } = prepare();
  for (const { id } of [first, second, first, third, first, second]) expect((await recent.load(id)).id).toEqual(id);
  expect(loaded).toEqual([0, 1, 2, 1]);
});

it('does not forget the others for one that is too large', async () => {
  const { recent, loaded } = prepare();
  recent.add(first);
  recent.add(second);
  recent.add(large);
  for (const { id } of [first, second, large, large]) await recent.load(id);
  expect(loaded).toEqual([3, 3]);
});

it('counts a recipe once, however often it is added', async () => {
  const { recent, loaded } = prepare();
  for (const recipe of [first, second, second, second]) recent.add(recipe);
  await recent.load(first.id);
  expect(loaded).toEqual([]);
});
