/** Which base entry a target's entry is coded against: the sender's choice, which the receiver need not understand. */
import type { Recipe } from '../recipe.ts';
import type { Bases, Lookup } from './bases.ts';
import { NO_ENTRY, type Cursors } from './cursors.ts';
import { equalBodies, type Entry } from './entry.ts';
import { normalPath } from './path.ts';
import type { PathModel } from './path-model.ts';
import { createRenamedEntries } from './renamed.ts';

/** Content that is no chance: a shorter body is not looked for under other paths. */
const MOVED_BYTES_MIN = 32;

export function createMatching(bases: Bases, lookup: Lookup, target: Recipe): (entry: Entry, cursors: Cursors, paths: PathModel) => number {
  const elsewhere = createRenamedEntries(bases, lookup, target);
  return (entry, cursors, paths) => {
    const found = bases.entryCount === 0 ? NO_ENTRY : choose(entry, cursors, paths);
    if (found !== NO_ENTRY) elsewhere.take(found);
    return found;
  };

  function choose(entry: Entry, cursors: Cursors, paths: PathModel): number {
    const path = normalPath(entry.path);
    const guesses = [cursors.first, cursors.second].filter((guess) => guess !== NO_ENTRY);
    for (const guess of guesses) {
      const base = bases.entry(guess);
      if (normalPath(base.path) === path && isSameBody(base, entry)) return guess;
    }
    const named = bestByPath(entry, path, guesses);
    if (named !== undefined) return named;
    for (const guess of guesses) if (paths.predicted(bases.baseOfEntry(guess), bases.entry(guess).path) === entry.path) return guess;
    return elsewhere.underRenaming(entry, paths) ?? moved(entry, guesses) ?? elsewhere.like(entry, path) ?? NO_ENTRY;
  }

  function bestByPath(entry: Entry, path: string, guesses: readonly number[]): number | undefined {
    let best: number | undefined;
    let bestScore = -1;
    for (const candidate of lookup.entriesByPath(path)) {
      const base = bases.entry(candidate);
      if (!base.main) continue;
      const score =
        (isSameBody(base, entry) ? 4 : 0) + (base.main.mtime === entry.main?.mtime ? 2 : 0) + (guesses.includes(candidate) ? 1 : 0);
      if (score > bestScore) [best, bestScore] = [candidate, score];
    }
    return best;
  }

  /** An entry of another path with the same content. */
  function moved(entry: Entry, guesses: readonly number[]): number | undefined {
    if (!entry.main || entry.main.bodyBytes < MOVED_BYTES_MIN) return undefined;
    const same = guesses.find((guess) => isSameBody(bases.entry(guess), entry));
    if (same !== undefined) return same;
    const [first] = entry.main.chunks;
    const chunk = first && lookup.chunkById(first.id);
    const owner = chunk === undefined ? undefined : lookup.entryOfChunk(chunk);
    return owner !== undefined && isSameBody(bases.entry(owner), entry) ? owner : undefined;
  }
}

function isSameBody(base: Entry, entry: Entry): boolean {
  return base.main !== undefined && entry.main !== undefined && equalBodies(base.main, entry.main);
}
