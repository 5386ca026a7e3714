/** A wrapped stream as content, for whoever cannot put it together. */
import { rebuildStream } from '../recipe/rebuild.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { loadRecipe } from '../image/stored-archive.ts';
import type { Store } from '../store/port.ts';
import { createContentWriter } from './content-writer.ts';
import { writeStream } from './stream-recipe.ts';

/**
 * The recipe of the same stream with all of it in the tail; its chunks are put into the store, the recipe is not.
 * @throws what the store throws, and `signal`; TransferError INTEGRITY where the store has lost something of the stream
 */
export async function opaqueRecipe(recipe: Recipe, store: Store, signal?: AbortSignal): Promise<Recipe> {
  const writer = createContentWriter(store);
  try {
    const { recipe: opaque } = await writeStream(
      rebuildStream(recipe, store, (id) => loadRecipe(store, id), { signal }),
      writer,
    );
    return opaque;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
