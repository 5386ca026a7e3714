/** What was appended to a pack and is not yet in the index: the newest generation, and the one that is just being indexed. */
import { copyBytes } from '../bytes.ts';
import { asId, type Id } from '../hash.ts';
import type { Location } from './chunk-index.ts';
import type { RecordKind } from './port.ts';

/** Where a record lies now; undefined for one that is gone. */
export interface PendingEntry {
  readonly kind: RecordKind;
  readonly key: Id;
  readonly location: Location | undefined;
}

type Generation = Map<string, PendingEntry>;

export interface PendingRecords {
  readonly size: number;
  get(kind: RecordKind, key: Id): PendingEntry | undefined;
  /** In place of what was said of the key before. Copies the key. @returns takes it back, until the next `seal`. */
  add(kind: RecordKind, key: Id, location: Location | undefined): () => void;
  /** Closes the newest generation and gives all entries that await indexing; they stay findable until `settle`. */
  seal(): readonly PendingEntry[];
  /** What the last `seal` gave is in the index now. */
  settle(): void;
  /** All entries of a kind, each key once, those that are gone included. */
  entries(kind: RecordKind): PendingEntry[];
}

export function createPendingRecords(): PendingRecords {
  let newest: Generation = new Map();
  let sealed: Generation = new Map();
  return {
    get size() {
      return newest.size + sealed.size;
    },
    get(kind, key) {
      const name = entryName(kind, key);
      return newest.get(name) ?? sealed.get(name);
    },
    add(kind, key, location) {
      const name = entryName(kind, key);
      const before = newest.get(name);
      newest.set(name, { kind, key: asId(copyBytes(key)), location });
      return () => void (before === undefined ? newest.delete(name) : newest.set(name, before));
    },
    seal() {
      for (const [name, entry] of newest) sealed.set(name, entry);
      newest = new Map();
      return [...sealed.values()];
    },
    settle() {
      sealed = new Map();
    },
    entries: (kind) => [...new Map([...sealed, ...newest]).values()].filter((entry) => entry.kind === kind),
  };
}

/** A map key for kind and key: a byte a character, half of what hex would take. */
export function entryName(kind: RecordKind, key: Id): string {
  return kind + Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
