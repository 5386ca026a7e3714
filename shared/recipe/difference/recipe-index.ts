/** What is looked up in a recipe that serves as a base; made once for each recipe and kept as long as it. */
import { equalBytes } from '../../bytes.ts';
import type { Id } from '../../hash.ts';
import type { ChunkRef, Recipe } from '../recipe.ts';
import { hashText } from './decision.ts';
import { createEntryFinder, createTemplateList, latin1, readEntry } from './entry.ts';
import { normalPath } from './path.ts';

/** Places in a recipe. */
export interface RecipeIndex {
  /** First row of each entry. */
  readonly entryStarts: Uint32Array;
  /** Number of chunks before each row, and before the tail. */
  readonly chunkStarts: Uint32Array;
  /** Chunks of rows and tail together. */
  readonly chunkCount: number;
  /** The chunk of this number, in the order of the stream. */
  chunkAt(number: number): ChunkRef;
  /** The row that the chunk of this number is part of; the row count for the tail. */
  rowOfChunk(number: number): number;
}

/** Where things are, for the side that knows what it is looking for. */
export interface RecipeLookup {
  /** Entries whose normal path has this hash, the last one first. */
  entriesByPath(hash: number): Iterable<number>;
  /** Number of a chunk with this id; undefined where there is none. */
  chunkById(id: Id): number | undefined;
}

const indexes = new WeakMap<Recipe, RecipeIndex>();
const lookups = new WeakMap<Recipe, RecipeLookup>();

export function indexOf(recipe: Recipe): RecipeIndex {
  let index = indexes.get(recipe);
  if (!index) indexes.set(recipe, (index = createIndex(recipe)));
  return index;
}

export function lookupOf(recipe: Recipe): RecipeLookup {
  let lookup = lookups.get(recipe);
  if (!lookup) lookups.set(recipe, (lookup = createLookup(recipe, indexOf(recipe))));
  return lookup;
}

function createIndex(recipe: Recipe): RecipeIndex {
  const chunkStarts = new Uint32Array(recipe.rowCount + 1);
  const entryStarts = new Uint32Array(recipe.rowCount);
  const isEntryStart = createEntryFinder(recipe);
  let entryCount = 0;
  let chunkCount = 0;
  for (let index = 0; index < recipe.rowCount; index++) {
    const row = recipe.row(index);
    if (isEntryStart(row)) entryStarts[entryCount++] = index;
    chunkStarts[index] = chunkCount;
    chunkCount += row.chunks.length;
  }
  chunkStarts[recipe.rowCount] = chunkCount;
  chunkCount += recipe.tail.length;
  // Chunks are mostly asked for one after the other: the row that gave the last one is kept.
  let keptRow = -1;
  let kept: readonly ChunkRef[] = [];
  const rowOfChunk = (number: number): number => {
    if (keptRow >= 0 && number >= (chunkStarts[keptRow] as number) && number < (chunkStarts[keptRow] as number) + kept.length)
      return keptRow;
    let low = 0;
    let high = recipe.rowCount;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((chunkStarts[middle] as number) <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    entryStarts: entryStarts.slice(0, entryCount),
    chunkStarts,
    chunkCount,
    chunkAt(number) {
      const row = rowOfChunk(number);
      if (row !== keptRow) {
        kept = row === recipe.rowCount ? recipe.tail : recipe.row(row).chunks;
        keptRow = row;
      }
      return kept[number - (chunkStarts[row] as number)] as ChunkRef;
    },
    rowOfChunk,
  };
}

function createLookup(recipe: Recipe, index: RecipeIndex): RecipeLookup {
  const paths = createTextIndex(index.entryStarts.length);
  for (const path of normalPaths(recipe, index)) paths.add(hashText(path));
  const chunks = createIdIndex(index.chunkCount, (chunk) => index.chunkAt(chunk).id);
  for (let number = 0; number < index.chunkCount; number++) chunks.add(index.chunkAt(number).id, number);
  return {
    entriesByPath: (hash) => paths.find(hash),
    chunkById: (id) => chunks.find(id),
  };
}

/** The normal path of each entry of a recipe, in order. */
export function* normalPaths(recipe: Recipe, { entryStarts }: RecipeIndex): Generator<string, void, undefined> {
  const templates = createTemplateList();
  const numbers = recipe.templates.map((template) => templates.add(latin1(template)));
  for (let entry = 0; entry < entryStarts.length; entry++) {
    const end = entryStarts[entry + 1] ?? recipe.rowCount;
    yield normalPath(readEntry(recipe, entryStarts[entry] as number, end, (template) => numbers[template] as number, templates).path);
  }
}

/** Numbers from 0 by the hash of a text, at 8 to 12 bytes each. */
export interface TextIndex {
  /** Adds the next number. */
  add(hash: number): void;
  /** Numbers of texts that may have this hash, the last one first. */
  find(hash: number): Iterable<number>;
}

export function createTextIndex(count: number): TextIndex {
  const bits = Math.max(4, 33 - Math.clz32(count));
  const heads = new Int32Array(2 ** bits).fill(-1);
  const next = new Int32Array(count);
  let added = 0;
  return {
    add(hash) {
      const head = hash >>> (32 - bits);
      next[added] = heads[head] as number;
      heads[head] = added++;
    },
    *find(hash) {
      for (let number = heads[hash >>> (32 - bits)] as number; number >= 0; number = next[number] as number) yield number;
    },
  };
}

/** Numbers by id, at 8 to 32 bytes each; the ids themselves stay where they are. */
export interface IdIndex {
  /** Adds an id that `find` does not find; of two ids that begin with the same eight bytes only the first is kept. */
  add(id: Id, number: number): void;
  find(id: Id): number | undefined;
}

/** @param idOf the id that a number was added for. */
export function createIdIndex(expected: number, idOf: (number: number) => Id): IdIndex {
  let capacity = 2 ** Math.max(4, 33 - Math.clz32(expected));
  // For each slot a number and one (0: free), and the second four bytes of its id.
  let slots = new Int32Array(capacity * 2);
  let count = 0;
  const slotOf = (first: number, second: number): number => {
    let slot = (first >>> 0) % capacity;
    while (slots[slot * 2] !== 0 && slots[slot * 2 + 1] !== second) slot = (slot + 1) % capacity;
    return slot;
  };
  const put = (id: Id, number: number): void => {
    const slot = slotOf(wordAt(id, 0), wordAt(id, 4));
    if (slots[slot * 2] !== 0) return;
    slots[slot * 2] = number + 1;
    slots[slot * 2 + 1] = wordAt(id, 4);
    count++;
  };
  return {
    add(id, number) {
      if (count * 2 >= capacity) {
        const old = slots;
        capacity *= 2;
        slots = new Int32Array(capacity * 2);
        count = 0;
        for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) put(idOf((old[at] as number) - 1), (old[at] as number) - 1);
      }
      put(id, number);
    },
    find(id) {
      const number = (slots[slotOf(wordAt(id, 0), wordAt(id, 4)) * 2] as number) - 1;
      return number >= 0 && equalBytes(idOf(number), id) ? number : undefined;
    },
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}
