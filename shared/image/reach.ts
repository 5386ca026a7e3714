/** What streams consist of: the recipes and chunks that they lead to, nested streams included. The mark of mark and sweep. */
import { TransferError } from '../errors.ts';
import type { Id } from '../hash.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { createKeySet, type KeySet } from '../store/key-set.ts';
import type { RecordKind, RecordName, Store } from '../store/port.ts';
import { loadRecipe } from './stored-archive.ts';

export interface Reach {
  has(name: RecordName): boolean;
  /**
   * Adds a stream and all that it leads to. A stream that is in already costs nothing.
   * @returns bytes that this added in the store, where the reach was made to count them; else 0.
   * @throws TransferError INTEGRITY where a recipe is missing or damaged: what it leads to cannot be known.
   */
  add(stream: Id): Promise<number>;
}

export interface ReachOptions {
  /** Look up what the records take in the store: costs as much again. */
  readonly countBytes?: boolean;
  /** Told of a recipe that cannot be read, which is then left out; without it, that is an error. */
  readonly onLost?: (stream: Id, error: TransferError) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Chunks whose place is asked for together. */
const COUNTED_TOGETHER = 1000;

/** Memory: about 13 bytes for each record. */
export function createReach(store: Store, options: ReachOptions = {}): Reach {
  const sets: Record<RecordKind, KeySet> = { chunk: createKeySet(), recipe: createKeySet(), image: createKeySet() };
  const count = async (kind: RecordKind, keys: readonly Id[]): Promise<number> =>
    options.countBytes === true && keys.length > 0 ? store.storedBytes(kind, keys) : 0;
  const read = async (stream: Id): Promise<Recipe | undefined> => {
    try {
      return await loadRecipe(store, stream);
    } catch (error) {
      const failure = TransferError.from(error);
      if (failure.code !== 'INTEGRITY' || options.onLost === undefined) throw error;
      options.onLost(stream, failure);
      return undefined;
    }
  };
  return {
    has: ({ kind, key }) => sets[kind].has(key),
    async add(stream) {
      let bytes = 0;
      const waiting = [stream];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        options.signal?.throwIfAborted();
        if (!sets.recipe.add(next)) continue;
        const recipe = await read(next);
        if (recipe === undefined) continue;
        bytes += await count('recipe', [next]);
        const fresh: Id[] = [];
        for (const { chunk, nested } of partsOf(recipe)) {
          if (nested !== undefined) waiting.push(nested);
          if (chunk === undefined || !sets.chunk.add(chunk)) continue;
          if (options.countBytes === true && fresh.push(chunk) === COUNTED_TOGETHER) bytes += await count('chunk', fresh.splice(0));
        }
        bytes += await count('chunk', fresh);
      }
      return bytes;
    },
  };
}

/** What a recipe names, in no order: content, and streams nested in it. */
export function* partsOf(recipe: Recipe): Generator<{ readonly chunk: Id | undefined; readonly nested: Id | undefined }> {
  for (let index = 0; index < recipe.rowCount; index++) {
    const { nested } = recipe.row(index);
    if (nested !== undefined) yield { chunk: undefined, nested };
    for (const { id } of recipe.chunksOf(index)) yield { chunk: id, nested: undefined };
  }
  for (const { id } of recipe.tail) yield { chunk: id, nested: undefined };
}
