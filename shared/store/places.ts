/** Where each record lies: the index, and before it what is pending. Counts along. */
import { hex, type Id } from '../hash.ts';
import type { ChunkIndex, Counters, IndexEntry, Location } from './chunk-index.ts';
import { createPendingRecords, type PendingEntry } from './pending.ts';
import type { RecordKind } from './port.ts';

export interface Places {
  /** Entries that are not yet in the index. */
  readonly pendingCount: number;
  /** A copy. */
  readonly counters: Counters;
  held(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]>;
  locate(kind: RecordKind, keys: readonly Id[]): Promise<(Location | undefined)[]>;
  /** The first key in the index that begins with `prefix` and is not gone since. */
  find(kind: RecordKind, prefix: Uint8Array): Promise<Id | undefined>;
  /** At least all entries of now, each key once. */
  entries(kind: RecordKind): AsyncIterable<IndexEntry>;
  /** A record was appended. @param isNew false where it takes the place of another. */
  add(kind: RecordKind, key: Id, location: Location, isNew: boolean): void;
  /** The record at `location` is found no more, from this moment. @returns takes it back, until the next `seal`. */
  drop(kind: RecordKind, key: Id, location: Location): () => void;
  /** Everything that is to go into the index; it stays findable until `settle`. */
  seal(): readonly PendingEntry[];
  settle(): void;
}

export function createPlaces(index: ChunkIndex, found: Counters): Places {
  const pending = createPendingRecords();
  const counters = { records: { ...found.records }, chunkBytes: found.chunkBytes };
  const count = (kind: RecordKind, { rawLength }: Location, sign: 1 | -1): void => {
    counters.records[kind] += sign;
    if (kind === 'chunk') counters.chunkBytes += sign * rawLength;
  };
  /** Pending first: a record moves from there to the index, so asked in this order it cannot be missed. */
  const lookUp = async <T>(
    kind: RecordKind,
    keys: readonly Id[],
    known: (entry: PendingEntry) => T,
    indexed: (keys: Id[]) => Promise<T[]>,
  ): Promise<T[]> => {
    const entries = keys.map((key) => pending.get(kind, key));
    const rest = keys.filter((_, at) => entries[at] === undefined);
    const answers = (rest.length === 0 ? [] : await indexed(rest)).values();
    return entries.map((entry) => (entry === undefined ? (answers.next().value as T) : known(entry)));
  };

  return {
    get pendingCount() {
      return pending.size;
    },
    get counters() {
      return { records: { ...counters.records }, chunkBytes: counters.chunkBytes };
    },
    held: (kind, keys) =>
      lookUp(
        kind,
        keys,
        ({ location }) => location !== undefined,
        (rest) => index.hasMany(kind, rest),
      ),
    locate: (kind, keys) =>
      lookUp(
        kind,
        keys,
        ({ location }) => location,
        (rest) => index.getMany(kind, rest),
      ),
    async find(kind, prefix) {
      const key = await index.find(kind, prefix);
      if (key === undefined) return undefined;
      const entry = pending.get(kind, key);
      return entry !== undefined && entry.location === undefined ? undefined : key;
    },
    async *entries(kind) {
      const told = new Set<string>();
      for (const { key, location } of pending.entries(kind)) {
        told.add(hex(key));
        if (location !== undefined) yield { kind, key, location };
      }
      for await (const entry of index.entries(kind)) if (!told.has(hex(entry.key))) yield entry;
    },
    add(kind, key, location, isNew) {
      pending.add(kind, key, location);
      if (isNew) count(kind, location, 1);
    },
    drop(kind, key, location) {
      const undo = pending.add(kind, key, undefined);
      count(kind, location, -1);
      return () => {
        undo();
        count(kind, location, 1);
      };
    },
    seal: () => pending.seal(),
    settle: () => pending.settle(),
  };
}
