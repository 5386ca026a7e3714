/**
 * A cursor in each base, behind its last entry that was taken, and what the cursors say of the next target entry: mostly it is the
 * one at the cursor of the last base, or, where several layers became one, the one among the cursors whose path comes first.
 */
import type { Bases } from './bases.ts';
import { comparePaths, normalPath } from './path.ts';

/** No base entry. */
export const NO_ENTRY = -1;

/** Bases whose cursors are compared: those taken from last. */
const CURSORS_MAX = 16;

export interface Cursors {
  /** Bases by when they were last taken from, the latest first. */
  readonly recent: readonly number[];
  /** The likely base entries of the next target entry, the likeliest first; `NO_ENTRY` where there is none. */
  readonly first: number;
  readonly second: number;
  /** How they came about, 0 to 3: whether a base other than the last one is open, and whether its entry comes before. */
  readonly situation: number;
  /** The base, other than the last one, whose cursor's path comes first; -1 where there is none. */
  readonly rival: number;
  /** The entry behind the last one taken from a base; its end, where it was the last one. */
  at(base: number): number;
  /** Moves the cursors behind a target entry of this normal path that took `entry`. */
  follow(path: string, entry: number): void;
}

export function createCursors(bases: Bases): Cursors {
  const { entryStarts, recipes } = bases;
  const cursors = entryStarts.slice(0, recipes.length);
  /** Normal paths at the cursors, where they were asked for. */
  const paths: (string | undefined)[] = [];
  const recent = recipes.map((_, base) => base);
  let lastPath = '';

  const state = {
    recent,
    first: NO_ENTRY,
    second: NO_ENTRY,
    situation: 0,
    rival: -1,
    at: (base: number): number => cursors[base] as number,
    follow(path: string, entry: number): void {
      const isAscending = comparePaths(lastPath, path) < 0;
      lastPath = path;
      if (entry !== NO_ENTRY) take(bases.baseOfEntry(entry), entry);
      // In an archive in order, what comes at or before this path in another base will not come any more.
      if (isAscending && state.rival >= 0 && comparePaths(pathAt(state.rival), path) <= 0) {
        for (let place = 1; place < recent.length && place < CURSORS_MAX; place++) passBy(recent[place] as number, path);
        findRival();
      }
      guess();
    },
  };
  const isOpen = (base: number): boolean => (cursors[base] as number) < (entryStarts[base + 1] as number);
  const pathAt = (base: number): string => (paths[base] ??= normalPath(bases.entry(cursors[base] as number).path));
  const move = (base: number, to: number): void => {
    cursors[base] = to;
    paths[base] = undefined;
  };
  const take = (base: number, entry: number): void => {
    move(base, entry + 1);
    if (recent[0] === base) return;
    recent.splice(recent.indexOf(base), 1);
    recent.unshift(base);
    findRival();
  };
  const passBy = (base: number, path: string): void => {
    while (isOpen(base) && comparePaths(pathAt(base), path) <= 0) move(base, (cursors[base] as number) + 1);
  };
  const findRival = (): void => {
    state.rival = -1;
    for (let place = 1; place < recent.length && place < CURSORS_MAX; place++) {
      const base = recent[place] as number;
      if (isOpen(base) && (state.rival < 0 || comparePaths(pathAt(base), pathAt(state.rival)) < 0)) state.rival = base;
    }
  };
  const guess = (): void => {
    const [last] = recent;
    const successor = last !== undefined && isOpen(last) ? (cursors[last] as number) : NO_ENTRY;
    const other = state.rival >= 0 ? (cursors[state.rival] as number) : NO_ENTRY;
    const isBehind = successor >= 0 && other >= 0 && comparePaths(pathAt(state.rival), pathAt(last as number)) < 0;
    const isOther = isBehind || successor < 0;
    state.first = isOther ? other : successor;
    state.second = isBehind ? successor : isOther ? NO_ENTRY : other;
    state.situation = (isBehind ? 2 : 0) + (other >= 0 ? 1 : 0);
  };
  findRival();
  guess();
  return state;
}
