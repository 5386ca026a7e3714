/** The proof of a stream: rebuilt from the store, it has the id that was announced. */
import { releaseBytes } from '../../shared/bytes.ts';
import { createSha256, hex, type Id } from '../../shared/hash.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import { rebuildStream } from '../../shared/recipe/rebuild.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { Store } from '../../shared/store/port.ts';

/**
 * Rebuilds a stream, which compares it with its id, and hashes it once more as engines and registries do.
 * @returns its digest as `sha256:<hex>`.
 * @throws TransferError INTEGRITY when content is missing, damaged, or not what the id says.
 */
export function verifyStream(recipe: Recipe, store: Store, signal?: AbortSignal): Promise<string> {
  return sha256OfStream(rebuildStream(recipe, store, (id: Id) => loadRecipe(store, id), { signal }));
}

/** The SHA-256 of a stream of bytes, as `sha256:<hex>`. Takes its pieces over. */
export async function sha256OfStream(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createSha256();
  for await (const piece of source) {
    hash.update(piece);
    releaseBytes(piece);
  }
  return `sha256:${hex(hash.digest())}`;
}
