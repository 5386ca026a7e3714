/**
 * What the mtime of an entry is likely to be: several earlier entries, near to it in one way or another, each propose a value. Which of
 * them agree on a value tells how likely it is.
 */
import { hashText, mix } from './decision.ts';
import type { PathFacts } from './path.ts';

/** An entry whose mtime is to be coded. */
export interface Dated {
  readonly path: PathFacts;
  readonly isDirectory: boolean;
  readonly baseMtime: number | undefined;
  /** The header; encoding, its mtime is coded, decoding, it is set. */
  readonly main: { mtime: number };
}

export interface MtimeCandidates {
  /** Proposed values, those whose proposers were right more often first; valid up to the count that `gather` gave. */
  readonly values: Float64Array;
  /** For each value a bit for each of its proposers. */
  readonly voters: Int32Array;
  /** Hashes of the entry's directory, and of its package and base mtime together. */
  readonly directoryKey: number;
  readonly packageKey: number;
  /** Works out the candidates for an entry of a package. @returns how many there are. */
  gather(entry: Dated, group: number): number;
  /** Takes note of the mtime of the entry that was gathered for. */
  learn(entry: Dated): void;
  /** Takes note of an mtime that the directory above may share. */
  note(path: PathFacts, mtime: number): void;
}

/** Proposers that are the last entry with the same key, and the others behind them. */
const KEYS = 7;
const SAME_AS_BASE = KEYS;
const SAME_SHIFT = KEYS + 1;
const SAME_AS_PREVIOUS = KEYS + 2;
const LATEST_INSIDE = KEYS + 3;
const PROPOSERS = KEYS + 4;
/** Always right; and how fast that is learned and forgotten, as a shift. */
const TRUST_MAX = 65535;
const TRUST_BITS = 5;
/** Less than any mtime. */
const NONE = -(2 ** 52);

/** Mtimes by key: 2^slotBits places, in which a later key takes the place of an earlier one. */
function createMtimesByKey(slotBits: number) {
  const mtimes = new Float64Array(2 ** slotBits).fill(NONE);
  const usedKeys = new Int32Array(2 ** slotBits);
  const slotOf = (key: number): number => Math.imul(key, 0x9e3779b1) >>> (32 - slotBits);
  return {
    get(key: number): number {
      const slot = slotOf(key);
      return usedKeys[slot] === key ? (mtimes[slot] as number) : NONE;
    },
    set(key: number, mtime: number): void {
      const slot = slotOf(key);
      usedKeys[slot] = key;
      mtimes[slot] = mtime;
    },
  };
}

/** Brings proposed values in order: those first whose proposers together were right most often lately. */
function createBallot() {
  const proposed = new Float64Array(PROPOSERS);
  const values = new Float64Array(PROPOSERS);
  const voters = new Int32Array(PROPOSERS);
  const trusts = new Int32Array(PROPOSERS);
  /** How often each proposer was right lately. */
  const trust = new Int32Array(PROPOSERS).fill(TRUST_MAX >> 1);

  /** Gathers the different values, each with all of its proposers. @returns how many there are. */
  const collect = (): number => {
    let count = 0;
    for (let proposer = 0; proposer < PROPOSERS; proposer++) {
      const value = proposed[proposer] as number;
      if (value === NONE) continue;
      let at = 0;
      while (at < count && values[at] !== value) at++;
      if (at === count) {
        values[count] = value;
        voters[count] = 0;
        trusts[count++] = 0;
      }
      voters[at] = (voters[at] as number) | (1 << proposer);
      trusts[at] = (trusts[at] as number) + (trust[proposer] as number);
    }
    return count;
  };
  /** Insertion sort: values that are trusted alike stay in the order of their first proposers. */
  const sort = (count: number): void => {
    for (let at = 1; at < count; at++) {
      const value = values[at] as number;
      const mask = voters[at] as number;
      const sum = trusts[at] as number;
      let to = at;
      for (; to > 0 && (trusts[to - 1] as number) < sum; to--) {
        values[to] = values[to - 1] as number;
        voters[to] = voters[to - 1] as number;
        trusts[to] = trusts[to - 1] as number;
      }
      values[to] = value;
      voters[to] = mask;
      trusts[to] = sum;
    }
  };
  return {
    proposed,
    values,
    voters,
    count(): number {
      const count = collect();
      sort(count);
      return count;
    },
    learn(mtime: number): void {
      for (let proposer = 0; proposer < PROPOSERS; proposer++) {
        const value = proposed[proposer] as number;
        if (value === NONE) continue;
        const old = trust[proposer] as number;
        trust[proposer] = old + (((value === mtime ? TRUST_MAX : 0) - old) >> TRUST_BITS);
      }
    },
  };
}

/** @param slotBits memory: 2^slotBits mtimes by key. */
export function createMtimeCandidates(slotBits: number): MtimeCandidates {
  const ballot = createBallot();
  const { proposed } = ballot;
  const byKey = createMtimesByKey(slotBits);
  /** The greatest mtime in each directory, by its hash. */
  const latestInside = createMtimesByKey(slotBits);
  const keys = new Int32Array(KEYS);
  let previous = NONE;
  let shift = NONE;

  const note = ({ directoryHash }: PathFacts, mtime: number): void => {
    if (mtime > latestInside.get(directoryHash)) latestInside.set(directoryHash, mtime);
  };
  return {
    values: ballot.values,
    voters: ballot.voters,
    get directoryKey() {
      return keys[0] as number;
    },
    get packageKey() {
      return keys[3] as number;
    },
    gather({ path, baseMtime, isDirectory }, group) {
      const base = baseMtime ?? -1;
      keys[0] = mix(path.directoryHash, 1);
      keys[1] = mix(mix(path.directoryHash, 2), path.extensionHash);
      keys[2] = mix(mix(path.directoryHash, 3), base);
      keys[3] = mix(mix(group, 4), base);
      keys[4] = mix(mix(mix(group, 5), base), path.extensionHash);
      keys[5] = mix(base, 6);
      keys[6] = mix(group, 7);
      for (let at = 0; at < KEYS; at++) proposed[at] = byKey.get(keys[at] as number);
      proposed[SAME_AS_BASE] = baseMtime ?? NONE;
      proposed[SAME_SHIFT] = baseMtime === undefined || shift === NONE ? NONE : baseMtime + shift;
      proposed[SAME_AS_PREVIOUS] = previous;
      proposed[LATEST_INSIDE] = isDirectory ? latestInside.get(hashText(`${path.normal}/`)) : NONE;
      return ballot.count();
    },
    learn({ path, baseMtime, main }) {
      ballot.learn(main.mtime);
      for (let at = 0; at < KEYS; at++) byKey.set(keys[at] as number, main.mtime);
      if (baseMtime !== undefined) shift = main.mtime - baseMtime;
      previous = main.mtime;
      note(path, main.mtime);
    },
    note,
  };
}
