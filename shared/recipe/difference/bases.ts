/** All base recipes of a difference as one: entries, chunks and templates are numbered through, base by base. */
import type { Id } from '../../hash.ts';
import type { ChunkRef, Recipe } from '../recipe.ts';
import { hashText } from './decision.ts';
import { createTemplateList, latin1, readEntry, type Entry, type TemplateList } from './entry.ts';
import { blanked, likenessOf, nameOf, tailOf } from './likeness.ts';
import { normalPath } from './path.ts';
import { indexOf, lookupOf, type RecipeIndex } from './recipe-index.ts';

export interface Bases {
  readonly recipes: readonly Recipe[];
  readonly templates: TemplateList;
  /** Entries of the bases before each one; one more for the end. */
  readonly entryStarts: readonly number[];
  readonly entryCount: number;
  readonly chunkCount: number;
  entry(number: number): Entry;
  /** The base that an entry is part of. */
  baseOfEntry(number: number): number;
  /** The row of an entry's main header, in its base. */
  mainRow(number: number): number;
  /** Number of the first chunk of an entry's body, or of the chunk that would come there. */
  firstChunk(number: number): number;
  /** Number of the first chunk of a base's tail, or of the chunk that would come there. */
  firstTailChunk(base: number): number;
  chunk(number: number): ChunkRef;
}

/** Entries read lately, kept by the low bits of their number. */
const KEPT_ENTRIES = 64;

export function createBases(recipes: readonly Recipe[]): Bases {
  const indexes = recipes.map((recipe) => indexOf(recipe));
  const entryStarts = startsOf(indexes.map((index) => index.entryStarts.length));
  const chunkStarts = startsOf(recipes.map((recipe) => recipe.chunkCount));
  const templates = createTemplateList();
  const numbers = recipes.map((recipe) => recipe.templates.map((template) => templates.add(latin1(template))));
  const keptNumbers = new Int32Array(KEPT_ENTRIES).fill(-1);
  const kept: Entry[] = [];

  const rowsOf = (number: number): { base: number; start: number; end: number } => {
    const base = placeIn(entryStarts, number);
    const starts = (indexes[base] as RecipeIndex).entryStarts;
    const local = number - (entryStarts[base] as number);
    return { base, start: starts[local] as number, end: starts[local + 1] ?? (recipes[base] as Recipe).rowCount };
  };
  return {
    recipes,
    templates,
    entryStarts,
    entryCount: entryStarts.at(-1) as number,
    chunkCount: chunkStarts.at(-1) as number,
    entry(number) {
      const place = number % KEPT_ENTRIES;
      if (keptNumbers[place] !== number) {
        const { base, start, end } = rowsOf(number);
        kept[place] = readEntry(recipes[base] as Recipe, start, end, (index) => (numbers[base] as number[])[index] as number, templates);
        keptNumbers[place] = number;
      }
      return kept[place] as Entry;
    },
    baseOfEntry: (number) => placeIn(entryStarts, number),
    mainRow: (number) => rowsOf(number).end - 1,
    firstChunk(number) {
      const { base, end } = rowsOf(number);
      return (chunkStarts[base] as number) + (recipes[base] as Recipe).chunksBefore(end - 1);
    },
    firstTailChunk(base) {
      const recipe = recipes[base] as Recipe;
      return (chunkStarts[base] as number) + recipe.chunksBefore(recipe.rowCount);
    },
    chunk(number) {
      const base = placeIn(chunkStarts, number);
      return (recipes[base] as Recipe).chunk(number - (chunkStarts[base] as number));
    },
  };
}

/** Finds things in bases, for the side that encodes. */
export interface Lookup {
  /** Entries with this normal path, in no particular order. */
  entriesByPath(path: string): Iterable<number>;
  /** Entries whose normal path is this one once both are blanked (likeness.ts), in no particular order. */
  entriesByBlankedPath(blankedPath: string): Iterable<number>;
  /** Entries whose normal path, blanked, has this last component, or these last two. */
  entriesByBlankedName(blankedName: string): Iterable<number>;
  entriesByBlankedTail(blankedTail: string): Iterable<number>;
  /** Number of the first chunk with this id. */
  chunkById(id: Id): number | undefined;
  /** The entry that a chunk is part of; undefined for a tail. */
  entryOfChunk(number: number): number | undefined;
}

export function createLookup(bases: Bases): Lookup {
  const { recipes, entryStarts } = bases;
  const chunkStarts = startsOf(recipes.map((recipe) => recipe.chunkCount));
  function* entries(text: string, find: (recipe: Recipe, hash: number) => Iterable<number>, textOf: (path: string) => string) {
    const hash = hashText(text);
    for (const [base, recipe] of recipes.entries()) {
      for (const local of find(recipe, hash)) {
        const number = (entryStarts[base] as number) + local;
        if (textOf(normalPath(bases.entry(number).path)) === text) yield number;
      }
    }
  }
  return {
    entriesByPath: (path) => entries(path, (recipe, hash) => lookupOf(recipe).entriesByPath(hash), (found) => found), // prettier-ignore
    entriesByBlankedPath: (path) => entries(path, (recipe, hash) => likenessOf(recipe).entriesByPath(hash), blanked),
    entriesByBlankedName: (name) =>
      entries(
        name,
        (recipe, hash) => likenessOf(recipe).entriesByName(hash),
        (path) => nameOf(blanked(path)),
      ),
    entriesByBlankedTail: (tail) =>
      entries(
        tail,
        (recipe, hash) => likenessOf(recipe).entriesByTail(hash),
        (path) => tailOf(blanked(path)),
      ),
    chunkById(id) {
      for (const [base, recipe] of recipes.entries()) {
        const number = lookupOf(recipe).chunkById(id);
        if (number !== undefined) return (chunkStarts[base] as number) + number;
      }
      return undefined;
    },
    entryOfChunk(number) {
      const base = placeIn(chunkStarts, number);
      const recipe = recipes[base] as Recipe;
      const row = recipe.rowOfChunk(number - (chunkStarts[base] as number));
      return row === recipe.rowCount ? undefined : (entryStarts[base] as number) + placeIn(indexOf(recipe).entryStarts, row);
    },
  };
}

function startsOf(counts: readonly number[]): number[] {
  const starts = [0];
  for (const count of counts) starts.push((starts.at(-1) as number) + count);
  return starts;
}

/** Index of the last start that is at most `number`. */
function placeIn(starts: ArrayLike<number>, number: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] as number) <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}
