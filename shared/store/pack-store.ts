/**
 * The durable store: pack files, an index over them, and in between the records that were put and not yet flushed.
 *
 * Read STORE.md first; its "Order of writes" is what `put` and `flush` do here. Then: pack-writer.ts (appending), pack-reader.ts
 * (reading), recover.ts (opening after a crash), level-index.ts (the index).
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TransferError } from '../errors.ts';
import { hex, type Id } from '../hash.ts';
import { STORE_PACK_BYTES_MAX, STORE_PENDING_BYTES_MAX, STORE_PENDING_RECORDS_MAX, STORE_RECORD_BYTES_MAX } from '../limits.ts';
import { checkStore } from './check.ts';
import type { ChunkIndex, Counters, IndexEntry, Location } from './chunk-index.ts';
import { createCompressor, type Compression, type Compressor } from './compressor.ts';
import { nodeFiles, type StoreFiles } from './files.ts';
import { readIdentity, type StoreIdentity } from './identity.ts';
import { isMarkedDamaged, openLevelIndex } from './level-index.ts';
import { readRecords, recordName } from './pack-reader.ts';
import { openPackWriter, type PackWriter } from './pack-writer.ts';
import { createPackReaders, listPacks, type PackReaders } from './packs.ts';
import { createPendingRecords } from './pending.ts';
import { type CheckReport, type PutOptions, type RecordKind, type Store, type StoreRecord, type StoreStats } from './port.ts';
import { recoverStore, type Recovery } from './recover.ts';
import { createSerial } from './serial.ts';
import { settleIdentity } from './settle-identity.ts';
import { createSharedRun } from './shared-run.ts';
import { siftRecords } from './sift.ts';

export interface OpenStoreOptions {
  /** How new records are compressed at rest; either kind of store can always be read. Default `zstd`. */
  readonly compression?: Compression;
  /** Told once, while opening, where there was anything to recover. */
  readonly onRecovery?: (recovery: Recovery) => void;
  /** Default 256 MiB. */
  readonly packBytesMax?: number;
  readonly files?: StoreFiles;
  readonly openIndex?: (directory: string, files: StoreFiles) => Promise<ChunkIndex>;
  readonly random?: (bytes: number) => Uint8Array;
}

/**
 * Opens the store in `directory`, making it where there is none, and recovers what a crash left behind.
 * @throws TransferError STORE_LOCKED where it is open already; STORE_VERSION; STORE_CORRUPT; PERMISSION; NO_SPACE.
 */
export async function openStore(directory: string, options: OpenStoreOptions = {}): Promise<Store> {
  try {
    return await openOnce(directory, options);
  } catch (error) {
    // LevelDB may notice only when it is read that it is damaged; the second time it is made again from the packs.
    const isIndexDamage =
      TransferError.from(error).code === 'STORE_CORRUPT' && (await isMarkedDamaged(join(directory, 'index'), options.files ?? nodeFiles));
    if (!isIndexDamage) throw error;
    return openOnce(directory, options);
  }
}

async function openOnce(directory: string, options: OpenStoreOptions): Promise<Store> {
  const { files = nodeFiles, openIndex = openLevelIndex, packBytesMax = STORE_PACK_BYTES_MAX, compression = 'zstd' } = options;
  await files.makeDirectory(directory);
  // Before the lock is taken by opening the index: a later version may have another index there.
  await readIdentity(files, directory);
  const index = await openIndex(join(directory, 'index'), files);
  try {
    const packDirectory = join(directory, 'packs');
    await files.makeDirectory(packDirectory);
    const packs = await listPacks(files, packDirectory);
    const identity = await settleIdentity(files, directory, packs, options.random ?? randomBytes);
    const { recovery, counters, position } = await recoverStore({ files, directory: packDirectory, identity, index, packs });
    if (recovery.rebuilt !== undefined || recovery.recordsIndexed > 0 || recovery.bytesCut > 0 || recovery.problems.length > 0) {
      options.onRecovery?.(recovery);
    }
    const writer = await openPackWriter({ files, directory: packDirectory, identity, packBytesMax }, position);
    const readers = createPackReaders(files, packDirectory);
    return new PackStore({ files, directory, identity, index, writer, readers, counters, compressor: createCompressor(compression) });
  } catch (error) {
    await index.close();
    throw error;
  }
}

interface Parts {
  readonly files: StoreFiles;
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly index: ChunkIndex;
  readonly writer: PackWriter;
  readonly readers: PackReaders;
  readonly compressor: Compressor;
  readonly counters: Counters;
}

class PackStore implements Store {
  readonly #parts: Parts;
  readonly #pending = createPendingRecords();
  /** Everything that changes the end of the pack or the pending records happens in here, one at a time. */
  readonly #serial = createSerial();
  readonly #commit = createSharedRun(() => this.#commitPending());
  readonly #counters: { readonly records: Record<RecordKind, number>; chunkBytes: number };
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { records, chunkBytes } = parts.counters;
    this.#counters = { records: { ...records }, chunkBytes };
  }

  get storeId(): Uint8Array {
    return this.#parts.identity.storeId;
  }

  async hasMany(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]> {
    this.#assertOpen();
    return this.#held(kind, keys);
  }

  async findMany(kind: RecordKind, prefixes: readonly Uint8Array[]): Promise<(Id | undefined)[]> {
    this.#assertOpen();
    await this.flush();
    const found: (Id | undefined)[] = [];
    for (const prefix of prefixes) found.push(await this.#parts.index.find(kind, prefix));
    return found;
  }

  async put(records: readonly StoreRecord[], { replace = false }: PutOptions = {}): Promise<number> {
    this.#assertOpen();
    for (const { kind, key, bytes } of records) {
      if (bytes.byteLength <= STORE_RECORD_BYTES_MAX) continue;
      throw new TransferError(
        'LIMIT_EXCEEDED',
        `${recordName(kind, key)} has ${bytes.byteLength} bytes, at most ${STORE_RECORD_BYTES_MAX} are stored`,
      );
    }
    const { writer } = this.#parts;
    if (this.#pending.size >= STORE_PENDING_RECORDS_MAX || writer.unsyncedBytes >= STORE_PENDING_BYTES_MAX) await this.#commit();
    return this.#serial(() => this.#append(records, replace));
  }

  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#commit();
  }

  async getMany(kind: RecordKind, keys: readonly Id[]): Promise<Uint8Array[]> {
    this.#assertOpen();
    const locations = await this.#locate(kind, keys);
    const places = keys.map((key, index) => {
      const location = locations[index];
      if (location === undefined) throw new TransferError('INTEGRITY', `${recordName(kind, key)} is not in the store`);
      return { kind, key, location };
    });
    return readRecords(this.#parts.readers, this.#parts.identity.seed, places);
  }

  async get(kind: RecordKind, key: Id): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    const [location] = await this.#locate(kind, [key]);
    if (location === undefined) return undefined;
    const [bytes] = await readRecords(this.#parts.readers, this.#parts.identity.seed, [{ kind, key, location }]);
    return bytes;
  }

  async *keys(kind: RecordKind): AsyncGenerator<Id> {
    this.#assertOpen();
    for await (const { key } of this.#entries(kind)) yield key;
  }

  async stats(): Promise<StoreStats> {
    this.#assertOpen();
    const { files, directory, writer } = this.#parts;
    const { records, chunkBytes } = this.#counters;
    let diskBytes = writer.position.earlierBytes + writer.position.offset;
    const index = join(directory, 'index');
    for (const name of await files.list(index)) diskBytes += (await files.size(join(index, name))) ?? 0;
    return { records: { ...records }, chunkBytes, diskBytes };
  }

  async check(options: { readonly readAll?: boolean; readonly signal?: AbortSignal } = {}): Promise<CheckReport> {
    this.#assertOpen();
    const { files, directory, identity, readers, writer } = this.#parts;
    const packDirectory = join(directory, 'packs');
    const end = await this.#serial(async () => writer.position);
    return checkStore({
      files,
      directory: packDirectory,
      identity,
      readers,
      packs: await listPacks(files, packDirectory),
      end,
      locate: (kind, keys) => this.#locate(kind, keys),
      entries: (kind) => this.#entries(kind),
      readAll: options.readAll ?? false,
      signal: options.signal,
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Runs in `#serial`. */
  async #append(records: readonly StoreRecord[], replace: boolean): Promise<number> {
    const wanted = await siftRecords(records, replace, (kind, keys) => this.#held(kind, keys));
    const packed = this.#parts.compressor.packAll(wanted.map(({ record }) => record.bytes));
    let added = 0;
    await this.#parts.writer.append(
      packed.map((each, index) => ({ ...each, record: wanted[index]!.record })),
      (from, locations) => {
        for (const [index, location] of locations.entries()) {
          const { record, isNew } = wanted[from + index]!;
          this.#pending.add(record.kind, record.key, location);
          if (!isNew) continue;
          added++;
          this.#counters.records[record.kind]++;
          if (record.kind === 'chunk') this.#counters.chunkBytes += location.rawLength;
        }
      },
    );
    return added;
  }

  /** Rule 4: sync the pack, then one index batch with the state that covers it. */
  async #commitPending(): Promise<void> {
    const { writer, index, identity } = this.#parts;
    const { entries, state } = await this.#serial(async () => {
      const { pack, offset, earlierBytes } = writer.position;
      const counters = { records: { ...this.#counters.records }, chunkBytes: this.#counters.chunkBytes };
      const covered = { coveredPack: pack, coveredOffset: offset, earlierBytes };
      return { entries: this.#pending.seal(), state: { storeId: identity.storeId, ...covered, counters } };
    });
    await writer.sync();
    if (entries.length === 0) return;
    await index.write(entries, [], state);
    this.#pending.settle();
  }

  async #close(): Promise<void> {
    const { writer, readers, index, compressor } = this.#parts;
    try {
      await this.#commit();
    } finally {
      await this.#serial(() => writer.close());
      compressor.close();
      await readers.close();
      await index.close();
    }
  }

  #held(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]> {
    return this.#lookUp(
      keys,
      (key) => (this.#pending.get(kind, key) === undefined ? undefined : true),
      (rest) => this.#parts.index.hasMany(kind, rest),
    );
  }

  #locate(kind: RecordKind, keys: readonly Id[]): Promise<(Location | undefined)[]> {
    return this.#lookUp(
      keys,
      (key) => this.#pending.get(kind, key),
      (rest) => this.#parts.index.getMany(kind, rest),
    );
  }

  /** Pending first: a record moves from there to the index, so asked in this order it cannot be missed. */
  async #lookUp<T>(keys: readonly Id[], pending: (key: Id) => T | undefined, indexed: (keys: Id[]) => Promise<T[]>): Promise<T[]> {
    const found = keys.map((key) => pending(key));
    const rest = keys.filter((_, at) => found[at] === undefined);
    const answers = (rest.length === 0 ? [] : await indexed(rest)).values();
    return found.map((value) => value ?? (answers.next().value as T));
  }

  /** At least all entries of now, each key once; pending first, as in `#lookUp`. */
  async *#entries(kind: RecordKind): AsyncGenerator<IndexEntry> {
    const pending = this.#pending.entries(kind);
    yield* pending;
    const told = new Set(pending.map(({ key }) => hex(key)));
    for await (const entry of this.#parts.index.entries(kind)) if (!told.has(hex(entry.key))) yield entry;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new TransferError('INTERNAL', 'the store is closed');
  }
}
