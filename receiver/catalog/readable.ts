/** What of the store can really be read: for when a record turned out to be damaged or gone, and the index cannot be believed. */
import { TransferError } from '../../shared/errors.ts';
import type { Id } from '../../shared/hash.ts';
import { RECIPE_DEPTH_MAX } from '../../shared/limits.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { Store } from '../../shared/store/port.ts';

/** Chunks that are read together: at most 8 MiB. */
const BATCH_CHUNKS = 64;

/** For each chunk, in order, whether its content can be read and has its hash. */
export async function areReadable(ids: readonly Id[], store: Store): Promise<boolean[]> {
  const readable: boolean[] = [];
  for (let at = 0; at < ids.length; at += BATCH_CHUNKS) {
    const batch = ids.slice(at, at + BATCH_CHUNKS);
    if (await canRead(batch, store)) readable.push(...batch.map(() => true));
    else for (const id of batch) readable.push(await canRead([id], store));
  }
  return readable;
}

/** True where something that the stream consists of, nested streams included, is damaged or gone. */
export async function hasDamage(recipe: Recipe, store: Store, signal: AbortSignal, depth = 0): Promise<boolean> {
  if (depth > RECIPE_DEPTH_MAX) return false;
  let batch: Id[] = [];
  for (let row = 0; row < recipe.rowCount; row++) {
    const { nested } = recipe.row(row);
    if (nested !== undefined) {
      const inner = await orDamaged(loadRecipe(store, nested));
      if (inner === undefined || (await hasDamage(inner, store, signal, depth + 1))) return true;
    }
    for (const { id } of recipe.chunksOf(row)) {
      if (batch.push(id) < BATCH_CHUNKS) continue;
      signal.throwIfAborted();
      if (!(await canRead(batch, store))) return true;
      batch = [];
    }
  }
  const rest = [...batch, ...recipe.tail.map(({ id }) => id)];
  return (await areReadable(rest, store)).includes(false);
}

async function canRead(ids: readonly Id[], store: Store): Promise<boolean> {
  return (await orDamaged(store.getMany('chunk', ids))) !== undefined;
}

/** Undefined for what is damaged or gone; other failures, as of the disk as a whole, are thrown. */
export async function orDamaged<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (TransferError.from(error).code === 'INTEGRITY') return undefined;
    throw error;
  }
}
