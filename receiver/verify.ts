/** The proof of a stream: rebuilt from the store and hashed, it has the id that was announced. */
import { TransferError } from '../shared/errors.ts';
import { createIdHasher, createSha256, hex, type Id } from '../shared/hash.ts';
import { equalBytes } from '../shared/bytes.ts';
import { loadRecipe } from '../shared/image/stored-archive.ts';
import { rebuildStream } from '../shared/recipe/rebuild.ts';
import type { Recipe } from '../shared/recipe/recipe.ts';
import type { Store } from '../shared/store/port.ts';

/** @throws TransferError INTEGRITY when content is missing, damaged, or not what the id says. */
export async function verifyStream(recipe: Recipe, store: Store, signal?: AbortSignal): Promise<void> {
  const hasher = createIdHasher();
  for await (const piece of rebuildStream(recipe, store, (id: Id) => loadRecipe(store, id), { signal })) hasher.update(piece);
  if (!equalBytes(hasher.digest(), recipe.id))
    throw new TransferError('INTEGRITY', `the stream ${hex(recipe.id)} does not rebuild to what was announced`);
}

/** The SHA-256 of a stream of bytes, as `sha256:<hex>`. */
export async function sha256OfStream(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createSha256();
  for await (const piece of source) hash.update(piece);
  return `sha256:${hex(hash.digest())}`;
}
