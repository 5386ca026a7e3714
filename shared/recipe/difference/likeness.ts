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

/** The same for paths that mostly stay in one directory for a while. */
export function createBlanker(): (path: string) => string {
  let directory = '';
  let blankedDirectory = '';
  return (path) => {
    const length = path.lastIndexOf('/') + 1;
    if (length !== directory.length || !path.startsWith(directory)) {
      directory = path.slice(0, length);
      blankedDirectory = blanked(directory);
    }
    return blankedDirectory + blanked(path.slice(length));
  };
}

function blankedWord(word: string): string {
  return HEXADECIMAL.test(word) || MIXED.test(word) ? BLANK : word.replace(DIGITS, BLANK);
}

/** The last component. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The last two components. */
export function tailOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? path : path.slice(path.lastIndexOf('/', end - 1) + 1);
}

/** Where in a recipe like paths are. */
export interface Likeness {
  /** Entries whose blanked path, or the last component of it, or the last two, have this hash, the last one first. */
  entriesByPath(hash: number): Iterable<number>;
  entriesByName(hash: number): Iterable<number>;
  entriesByTail(hash: number): Iterable<number>;
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
  const tails = createTextIndex(index.entryStarts.length);
  const blank = createBlanker();
  for (const path of normalPaths(recipe, index)) {
    const likePath = blank(path);
    paths.add(hashText(likePath));
    names.add(hashText(nameOf(likePath)));
    tails.add(hashText(tailOf(likePath)));
  }
  return {
    entriesByPath: (hash) => paths.find(hash),
    entriesByName: (hash) => names.find(hash),
    entriesByTail: (hash) => tails.find(hash),
  };
}
