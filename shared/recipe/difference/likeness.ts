/** Paths with what changes from version to version blanked: version numbers, and parts that are hashes. */
import type { Recipe } from '../recipe.ts';
import { hashText } from './decision.ts';
import { createTextIndex, indexOf, normalPaths } from './recipe-index.ts';

/** What stands for what was blanked. */
const BLANK = '#';
const WORD = /[A-Za-z0-9]+/g;
const DIGIT = /[0-9]/;
const DIGITS = /[0-9]+/g;
/** Hexadecimal with both digits and letters, or letters and digits in turn: no word that anybody writes. */
const HEXADECIMAL = /^(?=.*[0-9])(?=.*[a-f])[0-9a-f]{6,}$/i;
const MIXED = /^(?=.*[A-Za-z])(?=.*[0-9]+[A-Za-z]+[0-9]).{7,}$/;
/** A version in parts is one blank, so that 24.9 is like 24.10.1. */
const BLANKS = /#(?:[.+_~:-]+#)+/g;

/** `opt/node-24.18.1/lib/main.3f2a1c.js` as `opt/node-#/lib/main.#.js`. */
export function blanked(path: string): string {
  if (!DIGIT.test(path)) return path;
  return path.replace(WORD, blankedWord).replace(BLANKS, BLANK);
}

function blankedWord(word: string): string {
  return HEXADECIMAL.test(word) || MIXED.test(word) ? BLANK : word.replace(DIGITS, BLANK);
}

/** The last component. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Where in a recipe like paths are. */
export interface Likeness {
  /** Entries whose blanked path, or the last component of it, has this hash, the last one first. */
  entriesByPath(hash: number): Iterable<number>;
  entriesByName(hash: number): Iterable<number>;
}

const known = new WeakMap<Recipe, Likeness>();

/** Made when it is first asked for, and kept as long as the recipe. */
export function likenessOf(recipe: Recipe): Likeness {
  let likeness = known.get(recipe);
  if (!likeness) known.set(recipe, (likeness = createLikeness(recipe)));
  return likeness;
}

function createLikeness(recipe: Recipe): Likeness {
  const index = indexOf(recipe);
  const paths = createTextIndex(index.entryStarts.length);
  const names = createTextIndex(index.entryStarts.length);
  for (const path of normalPaths(recipe, index)) {
    const likePath = blanked(path);
    paths.add(hashText(likePath));
    names.add(hashText(nameOf(likePath)));
  }
  return { entriesByPath: (hash) => paths.find(hash), entriesByName: (hash) => names.find(hash) };
}
