/** What an image has in common with others: what stays in the store when it goes, and because of whom. */
import { TransferError } from '../../shared/errors.ts';
import { hex, type Id, idFromHex } from '../../shared/hash.ts';
import { createReach, partsOf } from '../../shared/image/reach.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import { createKeySet } from '../../shared/store/key-set.ts';
import type { Store } from '../../shared/store/port.ts';
import type { ImageRecord } from './catalog.ts';

export interface SharedContent {
  /** Bytes in the store that others need, too. */
  readonly bytes: number;
  /** Who, most first. */
  readonly owners: readonly { readonly record: ImageRecord; readonly bytes: number }[];
}

/** @param others every image that stays. Recipes that cannot be read are taken as shared with nobody. */
export async function findSharedContent(record: ImageRecord, others: readonly ImageRecord[], store: Store): Promise<SharedContent> {
  const own = createReach(store, { onLost: () => undefined });
  for (const stream of streamsOf(record)) await own.add(stream);
  const all = createKeySet();
  let bytes = 0;
  const ofStream = new Map<string, number>();

  const walk = async (stream: Id): Promise<number> => {
    const before = ofStream.get(hex(stream));
    if (before !== undefined) return before;
    ofStream.set(hex(stream), 0);
    const recipe = await loadRecipe(store, stream).catch((error: unknown) => {
      if (TransferError.from(error).code !== 'INTEGRITY') throw error;
      return undefined;
    });
    if (recipe === undefined) return 0;
    let sum = 0;
    const shared = createKeySet();
    const keys: Id[] = [];
    for (const { chunk, nested } of partsOf(recipe)) {
      if (nested !== undefined) sum += await walk(nested);
      if (chunk !== undefined && own.has({ kind: 'chunk', key: chunk }) && shared.add(chunk)) keys.push(chunk);
    }
    sum += await store.storedBytes('chunk', keys);
    bytes += await store.storedBytes(
      'chunk',
      keys.filter((key) => all.add(key)),
    );
    if (own.has({ kind: 'recipe', key: stream })) {
      const recipeBytes = await store.storedBytes('recipe', [stream]);
      sum += recipeBytes;
      bytes += recipeBytes;
    }
    ofStream.set(hex(stream), sum);
    return sum;
  };

  const owners: { record: ImageRecord; bytes: number }[] = [];
  for (const other of others) {
    // The archive nests all of its layers.
    const sum = await walk(idFromHex(other.archive));
    if (sum > 0) owners.push({ record: other, bytes: sum });
  }
  return { bytes, owners: owners.toSorted((a, b) => b.bytes - a.bytes) };
}

function streamsOf({ archive, streams }: ImageRecord): Id[] {
  return [archive, ...streams].map((text) => idFromHex(text));
}
