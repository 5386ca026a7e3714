/**
 * The order in which files were written, as far as it can be told from their paths: package by package, npm's packages within
 * themselves by extension and name, directories when all in them is written. Mtimes follow it more than the order of the archive.
 */
import { hashText } from './decision.ts';
import type { PathFacts } from './path.ts';

/** An entry in the order of writing. */
export interface Placed<T> {
  readonly entry: T;
  /** Hash of the package's path. */
  readonly group: number;
}

const PACKAGES = 'node_modules/';

/**
 * The package that a path is in: for npm, up to the name behind the last `node_modules`; else its directory. Of the normal path, with
 * the `/` at the end.
 */
export function groupOf({ directory }: PathFacts): string {
  const at = directory.lastIndexOf(PACKAGES);
  if (at < 0) return directory;
  const start = at + PACKAGES.length;
  let end = directory.indexOf('/', start);
  // A scope has its packages one directory below.
  if (directory.charAt(start) === '@' && end >= 0) end = directory.indexOf('/', end + 1);
  return end < 0 ? directory : directory.slice(0, end + 1);
}

/** Files, package by package in the order of their first entries; then directories, the last one first. */
export function inWriteOrder<T extends { readonly path: PathFacts; readonly isDirectory: boolean }>(entries: readonly T[]): Placed<T>[] {
  const packages = new Map<string, { hash: number; files: (Placed<T> & { readonly key: string })[] }>();
  const directories: Placed<T>[] = [];
  const keyOf = createKeyMaker();
  for (const entry of entries) {
    const name = groupOf(entry.path);
    let group = packages.get(name);
    if (!group) packages.set(name, (group = { hash: hashText(name), files: [] }));
    if (entry.isDirectory) directories.push({ entry, group: group.hash });
    else group.files.push({ entry, group: group.hash, key: name.includes(PACKAGES) ? keyOf(entry.path) : '' });
  }
  const ordered = [...packages.values()].flatMap(({ files }) => files.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));
  return [...ordered, ...directories.toReversed()];
}

/**
 * Makes keys that order paths as `npm pack` orders the files of a package (npm-packlist: extension, name, directory, each as
 * `localeCompare` has it): marks, digits, then letters of either case.
 */
function createKeyMaker(): (path: PathFacts) => string {
  const kept = new Map<string, string>();
  const keptKey = (text: string): string => {
    let key = kept.get(text);
    if (key === undefined) kept.set(text, (key = sortKey(text)));
    return key;
  };
  return ({ normal, directory, extension }) =>
    `${keptKey(extension)}\0${sortKey(normal.slice(directory.length))}\0${keptKey(directory)}\0${normal}`;
}

/** In the order of the Unicode Collation Algorithm's root table. */
const MARKS = '_-,;:!?.\'"()[]{}@*/\\&#%`^+<=>|~$';

function sortKey(text: string): string {
  let key = '';
  for (let at = 0; at < text.length; at++) key += SORT_PLACES[text.charCodeAt(at)] as string;
  return key;
}

/** For each byte a character that sorts where it belongs. */
const SORT_PLACES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const mark = MARKS.indexOf(String.fromCharCode(byte));
  if (mark >= 0) return String.fromCharCode(mark + 1);
  const isCapital = byte >= 0x41 && byte <= 0x5a;
  return String.fromCharCode(64 + (isCapital ? byte + 32 : byte));
});
