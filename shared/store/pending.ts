/** What was appended to a pack and is not yet in the index: the newest generation, and the one that is just being indexed. */
import { copyBytes } from '../bytes.ts';
import { asId, type Id } from '../hash.ts';
import type { Location } from './chunk-index.ts';
import { RECORD_KINDS, type RecordKind } from './port.ts';

/** Where a record lies now; undefined for one that is gone. */
export interface PendingEntry {
  readonly kind: RecordKind;
  readonly key: Id;
  readonly location: Location | undefined;
}

type Generation = Readonly<Record<RecordKind, Map<string, PendingEntry>>>;

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
  let newest = createGeneration();
  let sealed = createGeneration();
  return {
    get size() {
      return sizeOf(newest) + sizeOf(sealed);
    },
    get(kind, key) {
      // Most of the time nothing is being written, and no name need be made.
      if (newest[kind].size === 0 && sealed[kind].size === 0) return undefined;
      const name = nameOf(key);
      return newest[kind].get(name) ?? sealed[kind].get(name);
    },
    add(kind, key, location) {
      const name = nameOf(key);
      const entries = newest[kind];
      const before = entries.get(name);
      entries.set(name, { kind, key: asId(copyBytes(key)), location });
      return () => void (before === undefined ? entries.delete(name) : entries.set(name, before));
    },
    seal() {
      for (const kind of RECORD_KINDS) for (const [name, entry] of newest[kind]) sealed[kind].set(name, entry);
      newest = createGeneration();
      return RECORD_KINDS.flatMap((kind) => [...sealed[kind].values()]);
    },
    settle() {
      sealed = createGeneration();
    },
    entries: (kind) => [...new Map([...sealed[kind], ...newest[kind]]).values()],
  };
}

function createGeneration(): Generation {
  return { chunk: new Map(), recipe: new Map(), image: new Map() };
}

function sizeOf({ chunk, recipe, image }: Generation): number {
  return chunk.size + recipe.size + image.size;
}

/** A map key: a byte a character, half of what hex would take. */
function nameOf(key: Id): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** The same for kind and key. */
export function entryName(kind: RecordKind, key: Id): string {
  return kind + nameOf(key);
}
