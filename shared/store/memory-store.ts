/** The store in memory: for tests, and for peers that keep nothing. */
import { randomBytes } from 'node:crypto';
import { TransferError } from '../errors.ts';
import { asId, hashBytes, hex, type Id } from '../hash.ts';
import { copyBytes, equalBytes } from '../bytes.ts';
import { STORE_ID_BYTES } from './identity.ts';
import {
  RECORD_KINDS,
  type CheckReport,
  type CollectOptions,
  type CollectReport,
  type PutOptions,
  type RecordKind,
  type RecordName,
  type Store,
  type StoreRecord,
} from './port.ts';

interface Entry {
  readonly key: Id;
  readonly bytes: Uint8Array;
}

/** An empty store that forgets everything with the process. `random` gives the store id. */
export function createMemoryStore(random: (bytes: number) => Uint8Array = randomBytes): Store {
  return new MemoryStore(new Uint8Array(random(STORE_ID_BYTES)));
}

class MemoryStore implements Store {
  readonly storeId: Uint8Array;
  readonly #kinds: Record<RecordKind, Map<string, Entry>> = { chunk: new Map(), recipe: new Map(), image: new Map() };
  #closed = false;

  constructor(storeId: Uint8Array) {
    this.storeId = storeId;
  }

  async hasMany(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]> {
    const entries = this.#open(kind);
    return keys.map((key) => entries.has(hex(key)));
  }

  async findMany(kind: RecordKind, prefixes: readonly Uint8Array[]): Promise<(Id | undefined)[]> {
    const sorted = [...this.#open(kind).keys()].toSorted();
    return prefixes.map((prefix) => {
      const wanted = hex(prefix);
      const found = sorted.find((key) => key.startsWith(wanted));
      return found === undefined ? undefined : this.#open(kind).get(found)?.key;
    });
  }

  async put(records: readonly StoreRecord[], { replace = false, onNew }: PutOptions = {}): Promise<number> {
    let added = 0;
    for (const [place, { kind, key, bytes }] of records.entries()) {
      const entries = this.#open(kind);
      const known = entries.has(hex(key));
      if (!known || replace || kind === 'image') entries.set(hex(key), { key: asId(key.slice()), bytes: copyBytes(bytes) });
      if (known) continue;
      added++;
      onNew?.(place);
    }
    return added;
  }

  async flush(): Promise<void> {
    this.#open('chunk');
  }

  async remove(names: readonly RecordName[], spare: (name: RecordName) => boolean = () => false): Promise<number> {
    let removed = 0;
    for (const name of names) {
      const entries = this.#open(name.kind);
      if (entries.has(hex(name.key)) && !spare(name) && entries.delete(hex(name.key))) removed++;
    }
    return removed;
  }

  /** Knows no age: of what is unknown, all is finished. */
  async collect({ mark, dryRun }: CollectOptions): Promise<CollectReport> {
    const before = RECORD_KINDS.flatMap((kind) => [...this.#open(kind).values()].map(({ key, bytes }) => ({ kind, key, bytes })));
    const verdict = await mark();
    const isDead = (name: RecordName): boolean => verdict(name) === 'released' || (name.kind !== 'image' && verdict(name) === 'unknown');
    const dead = before.filter(isDead);
    const contentBytes = dead.reduce((sum, { kind, bytes }) => sum + (kind === 'chunk' ? bytes.byteLength : 0), 0);
    const records = dryRun ? dead.length : await this.remove(dead, (name) => !isDead(name));
    return { records, contentBytes, unfinishedBytes: 0, freedBytes: 0, packs: 0, diskBytes: 0, left: [] };
  }

  async getMany(kind: RecordKind, keys: readonly Id[]): Promise<Uint8Array[]> {
    const entries = this.#open(kind);
    return keys.map((key) => {
      const entry = entries.get(hex(key));
      if (entry === undefined) throw new TransferError('INTEGRITY', `${kind} ${hex(key)} is not in the store`);
      if (!isSound(kind, entry)) throw new TransferError('INTEGRITY', `${kind} ${hex(key)} does not match its hash`);
      return copyBytes(entry.bytes);
    });
  }

  async get(kind: RecordKind, key: Id): Promise<Uint8Array | undefined> {
    return this.#open(kind).has(hex(key)) ? (await this.getMany(kind, [key]))[0] : undefined;
  }

  async *keys(kind: RecordKind): AsyncGenerator<Id> {
    for (const { key } of this.#open(kind).values()) yield key;
  }

  async stats() {
    const chunks = this.#open('chunk');
    let chunkBytes = 0;
    for (const { bytes } of chunks.values()) chunkBytes += bytes.byteLength;
    const records = { chunk: chunks.size, recipe: this.#kinds.recipe.size, image: this.#kinds.image.size };
    return { records, chunkBytes, diskBytes: 0 };
  }

  async storedBytes(kind: RecordKind, keys: readonly Id[]): Promise<number> {
    const entries = this.#open(kind);
    return keys.reduce((sum, key) => sum + (entries.get(hex(key))?.bytes.byteLength ?? 0), 0);
  }

  async check({ readAll = false, signal }: { readonly readAll?: boolean; readonly signal?: AbortSignal } = {}): Promise<CheckReport> {
    const problems: CheckReport['problems'][number][] = [];
    let recordsRead = 0;
    for (const kind of RECORD_KINDS) {
      for (const entry of this.#open(kind).values()) {
        if (signal?.aborted === true) throw TransferError.from(signal.reason);
        recordsRead++;
        if (readAll && !isSound(kind, entry)) problems.push({ kind, key: hex(entry.key), what: 'does not match its hash' });
      }
    }
    return { recordsRead, problems };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(kind: RecordKind): Map<string, Entry> {
    if (this.#closed) throw new TransferError('INTERNAL', 'the store is closed');
    return this.#kinds[kind];
  }
}

function isSound(kind: RecordKind, { key, bytes }: Entry): boolean {
  return kind !== 'chunk' || equalBytes(hashBytes(bytes), key);
}
