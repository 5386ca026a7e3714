/** Records that lie in a pack and not yet in the index: the newest generation, and the one that is just being indexed. */
import { asId, type Id } from '../hash.ts';
import type { IndexEntry, Location } from './chunk-index.ts';
import type { RecordKind } from './port.ts';

type Generation = Map<string, IndexEntry>;

export interface PendingRecords {
  readonly size: number;
  get(kind: RecordKind, key: Id): Location | undefined;
  /** Copies the key. */
  add(kind: RecordKind, key: Id, location: Location): void;
  /** Closes the newest generation and gives all entries that await indexing; they stay findable until `settle`. */
  seal(): readonly IndexEntry[];
  /** What the last `seal` gave is in the index now. */
  settle(): void;
  /** All entries of a kind, each key once. */
  entries(kind: RecordKind): IndexEntry[];
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
      return (newest.get(name) ?? sealed.get(name))?.location;
    },
    add(kind, key, location) {
      newest.set(entryName(kind, key), { kind, key: asId(key.slice()), location });
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
