/** What is looked up in a recipe that serves as a base; made once for each recipe and kept as long as it. */
import type { Id } from '../../hash.ts';
import { createIdIndex } from '../../id-index.ts';
import type { Recipe } from '../recipe.ts';
import { hashText } from './decision.ts';
import { createEntryFinder, createTemplateList, latin1, readEntry } from './entry.ts';
import { normalPath } from './path.ts';

/** Places in a recipe. */
export interface RecipeIndex {
  /** First row of each entry. */
  readonly entryStarts: Uint32Array;
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
  const entryStarts = new Uint32Array(recipe.rowCount);
  const isEntryStart = createEntryFinder(recipe);
  let entryCount = 0;
  for (let index = 0; index < recipe.rowCount; index++) if (isEntryStart(recipe.row(index))) entryStarts[entryCount++] = index;
  return { entryStarts: entryStarts.slice(0, entryCount) };
}

function createLookup(recipe: Recipe, index: RecipeIndex): RecipeLookup {
  const paths = createTextIndex(index.entryStarts.length);
  for (const path of normalPaths(recipe, index)) paths.add(hashText(path));
  const chunks = createIdIndex(recipe.chunkCount, (number) => recipe.chunk(number).id);
  for (let number = 0; number < recipe.chunkCount; number++) chunks.add(recipe.chunk(number).id, number);
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
