/** Finds the old entry of one whose path is new: under a renaming, under a like path, or by its name elsewhere. */
import type { Recipe } from '../recipe.ts';
import type { Bases, Lookup } from './bases.ts';
import { hashText } from './decision.ts';
import type { Entry } from './entry.ts';
import { blanked, nameOf, tailOf } from './likeness.ts';
import { normalPath } from './path.ts';
import type { PathModel } from './path-model.ts';
import { indexOf, normalPaths } from './recipe-index.ts';

export interface RenamedEntries {
  /** The entry that has the path which the last renaming of its base makes this one of. */
  underRenaming(entry: Entry, paths: PathModel): number | undefined;
  /** The best of the entries with a like path, or with a like name in another directory. */
  like(entry: Entry, path: string): number | undefined;
  /** An entry was taken; it is less likely to be taken again. */
  take(entry: number): void;
}

/** Candidates that are compared for one entry with a like path, and with a like name; and for all entries together, at 5 us each. */
const CANDIDATES_MAX = 64;
const NAMESAKES_MAX = 8;
const LOOKS_MAX = 250_000;
/** A body that grew or shrank by more is taken for another one. */
const RATIO_MAX = 4;
const NAME_RATIO_MAX = 2;
/** Smaller bodies are not looked for in other directories: to say where they are costs more than they do. */
const NAMED_BYTES_MIN = 512;
/** With more of one name elsewhere its directory must be like, too. */
const RARE_MAX = 2;

export function createRenamedEntries(bases: Bases, lookup: Lookup, target: Recipe): RenamedEntries {
  const taken = new Uint8Array(bases.entryCount);
  let targetPaths: ReadonlySet<number> | undefined;
  const isInTarget = (path: string): boolean => (targetPaths ??= hashesOfPaths(target)).has(hashText(path));

  /** How much like each other two paths and their bodies are; below 0: not at all. */
  const likenessTo = (entry: Entry, path: string, candidate: number, ratioMax: number): number => {
    const base = bases.entry(candidate);
    const basePath = normalPath(base.path);
    const ratio = ratioOf(base, entry);
    if (isDirectory(base) !== isDirectory(entry) || ratio > ratioMax || isInTarget(basePath)) return -1;
    return commonBytes(basePath, path) - 16 * Math.log2(ratio) - 64 * (taken[candidate] as number) + 256;
  };
  const best = (entry: Entry, path: string, candidates: readonly number[], ratioMax: number): number | undefined => {
    let found: number | undefined;
    let foundLikeness = 0;
    for (const candidate of candidates) {
      const likeness = likenessTo(entry, path, candidate, ratioMax);
      if (likeness > foundLikeness) [found, foundLikeness] = [candidate, likeness];
    }
    return found;
  };
  let looks = LOOKS_MAX;
  /** The first of some entries; once there was enough looking, none. */
  const firstOf = (entries: Iterable<number>, most: number): number[] => {
    const first: number[] = [];
    if (looks > 0) for (const entry of entries) if (first.push(entry) === most) break;
    looks -= first.length;
    return first;
  };
  const byName = (entry: Entry, path: string, blankedPath: string): number | undefined => {
    if (isDirectory(entry) || (entry.main?.bodyBytes ?? 0) < NAMED_BYTES_MIN) return undefined;
    const near = best(entry, path, firstOf(lookup.entriesByBlankedTail(tailOf(blankedPath)), NAMESAKES_MAX), NAME_RATIO_MAX);
    if (near !== undefined) return near;
    const namesakes = firstOf(lookup.entriesByBlankedName(nameOf(blankedPath)), RARE_MAX + 1);
    return namesakes.length <= RARE_MAX ? best(entry, path, namesakes, NAME_RATIO_MAX) : undefined;
  };

  return {
    underRenaming(entry, paths) {
      for (let base = 0; base < bases.recipes.length; base++) {
        const path = paths.unpredicted(base, entry.path);
        if (path === undefined) continue;
        for (const found of lookup.entriesByPath(normalPath(path)))
          if (bases.baseOfEntry(found) === base && bases.entry(found).path === path) return found;
      }
      return undefined;
    },
    like(entry, path) {
      const blankedPath = blanked(path);
      return (
        best(entry, path, firstOf(lookup.entriesByBlankedPath(blankedPath), CANDIDATES_MAX), RATIO_MAX) ?? byName(entry, path, blankedPath)
      );
    },
    take: (entry) => void (taken[entry] = 1),
  };
}

function isDirectory({ path }: Entry): boolean {
  return path.endsWith('/');
}

function ratioOf(a: Entry, b: Entry): number {
  const [small, large] = [a.main?.bodyBytes ?? 0, b.main?.bodyBytes ?? 0].toSorted((x, y) => x - y) as [number, number];
  return (large + 64) / (small + 64);
}

/** Bytes that two texts begin and end with together, at most 255. */
function commonBytes(a: string, b: string): number {
  const most = Math.min(a.length, b.length, 255);
  let start = 0;
  while (start < most && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  let end = 0;
  while (start + end < most && a.charCodeAt(a.length - 1 - end) === b.charCodeAt(b.length - 1 - end)) end++;
  return start + end;
}

/** A path that is none of the recipe's has one of these once in millions of times, and is then not looked at. */
function hashesOfPaths(recipe: Recipe): Set<number> {
  const hashes = new Set<number>();
  for (const path of normalPaths(recipe, indexOf(recipe))) hashes.add(hashText(path));
  return hashes;
}
