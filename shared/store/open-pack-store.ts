/**
 * A store that is open: packs, the index over them, and in between the records that were put and not yet flushed.
 *
 * Read STORE.md first; its "Order of writes" is what `put` and `flush` do here. Then: pack-writer.ts (appending), pack-reader.ts
 * (reading), places.ts (finding), collect.ts (taking away).
 */
import { join } from 'node:path';
import { TransferError } from '../errors.ts';
import type { Id } from '../hash.ts';
import { STORE_PENDING_BYTES_MAX, STORE_PENDING_RECORDS_MAX, STORE_RECORD_BYTES_MAX } from '../limits.ts';
import { checkStore } from './check.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { collectStore } from './collect.ts';
import type { Compressor } from './compressor.ts';
import type { StoreFiles } from './files.ts';
import type { StoreIdentity } from './identity.ts';
import type { StoreInside } from './inside.ts';
import { readLatest, recordName } from './pack-reader.ts';
import type { PackedRecord, PackWriter } from './pack-writer.ts';
import { listPacks, packName, removeRetired, retiredName, type PackInfo, type PackReaders } from './packs.ts';
import type { Places } from './places.ts';
import type {
  CheckReport,
  CollectOptions,
  CollectReport,
  PutOptions,
  RecordKind,
  RecordName,
  Store,
  StoreRecord,
  StoreStats,
} from './port.ts';
import { kindByte, RECORD_HEADER_BYTES } from './record.ts';
import { removeRecords } from './removal.ts';
import type { Reserve } from './reserve.ts';
import { createSerial } from '../serial.ts';
import { createSharedRun } from './shared-run.ts';
import { siftRecords } from './sift.ts';

/** What an open store is made of; it owns them. */
export interface StoreParts {
  readonly files: StoreFiles;
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly index: ChunkIndex;
  readonly writer: PackWriter;
  readonly readers: PackReaders;
  readonly compressor: Compressor;
  readonly places: Places;
  readonly reserve: Reserve;
}

/** The store over its opened parts. */
export function createPackStore(parts: StoreParts): Store {
  return new PackStore(parts);
}

class PackStore implements Store {
  readonly #parts: StoreParts;
  readonly #packDirectory: string;
  /** Everything that changes the end of the pack or the pending records happens in here, one at a time. */
  readonly #serial = createSerial();
  /** What is written to the index, in the order of the states that it covers. */
  readonly #indexing = createSerial();
  /** A check, or what takes packs away. */
  readonly #upkeep = createSerial();
  readonly #commit = createSharedRun(() => this.#indexing(() => this.#commitPending()));
  #closing: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#packDirectory = join(parts.directory, 'packs');
  }

  get storeId(): Uint8Array {
    return this.#parts.identity.storeId;
  }

  async hasMany(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]> {
    this.#assertOpen();
    return this.#parts.places.held(kind, keys);
  }

  async findMany(kind: RecordKind, prefixes: readonly Uint8Array[]): Promise<(Id | undefined)[]> {
    this.#assertOpen();
    await this.flush();
    const found: (Id | undefined)[] = [];
    for (const prefix of prefixes) found.push(await this.#parts.places.find(kind, prefix));
    return found;
  }

  async put(records: readonly StoreRecord[], { replace = false, onNew }: PutOptions = {}): Promise<number> {
    this.#assertOpen();
    for (const { kind, key, bytes } of records) {
      if (bytes.byteLength <= STORE_RECORD_BYTES_MAX) continue;
      throw new TransferError(
        'LIMIT_EXCEEDED',
        `${recordName(kind, key)} has ${bytes.byteLength} bytes, at most ${STORE_RECORD_BYTES_MAX} are stored`,
      );
    }
    const { writer, places } = this.#parts;
    if (places.pendingCount >= STORE_PENDING_RECORDS_MAX || writer.unsyncedBytes >= STORE_PENDING_BYTES_MAX) await this.#commit();
    return this.#serial(() => this.#append(records, replace, onNew));
  }

  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#commit();
  }

  async remove(names: readonly RecordName[], spare: (name: RecordName) => boolean = () => false): Promise<number> {
    this.#assertOpen();
    return this.#upkeep(() => this.#remove(names, spare));
  }

  async collect(options: CollectOptions): Promise<CollectReport> {
    this.#assertOpen();
    return this.#upkeep(() => this.#collect(options));
  }

  async getMany(kind: RecordKind, keys: readonly Id[]): Promise<Uint8Array[]> {
    this.#assertOpen();
    return readLatest(this.#parts, kind, keys);
  }

  async get(kind: RecordKind, key: Id): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    const [isHeld] = await this.#parts.places.held(kind, [key]);
    if (isHeld !== true) return undefined;
    const [bytes] = await readLatest(this.#parts, kind, [key]);
    return bytes;
  }

  async *keys(kind: RecordKind): AsyncGenerator<Id> {
    this.#assertOpen();
    for await (const { key } of this.#parts.places.entries(kind)) yield key;
  }

  async stats(): Promise<StoreStats> {
    this.#assertOpen();
    const { files, directory, writer, places } = this.#parts;
    let diskBytes = writer.position.earlierBytes + writer.position.offset;
    const index = join(directory, 'index');
    for (const name of await files.list(index)) diskBytes += (await files.size(join(index, name))) ?? 0;
    return { ...places.counters, diskBytes };
  }

  async storedBytes(kind: RecordKind, keys: readonly Id[]): Promise<number> {
    this.#assertOpen();
    const locations = await this.#parts.places.locate(kind, keys);
    return locations.reduce((sum, location) => sum + (location === undefined ? 0 : RECORD_HEADER_BYTES + location.storedLength), 0);
  }

  async check(options: { readonly readAll?: boolean; readonly signal?: AbortSignal } = {}): Promise<CheckReport> {
    this.#assertOpen();
    const { files, identity, readers, writer, places } = this.#parts;
    return this.#upkeep(async () =>
      checkStore({
        files,
        directory: this.#packDirectory,
        identity,
        readers,
        packs: await listPacks(files, this.#packDirectory),
        end: await this.#serial(async () => writer.position),
        locate: (kind, keys) => places.locate(kind, keys),
        entries: (kind) => places.entries(kind),
        readAll: options.readAll ?? false,
        signal: options.signal,
      }),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #inside(): StoreInside {
    const { files, identity, readers, writer, places } = this.#parts;
    return {
      files,
      directory: this.#packDirectory,
      identity,
      readers,
      writer,
      places,
      serial: this.#serial,
      commit: ({ always = false } = {}) => (always ? this.#indexing(() => this.#commitPending(always)) : this.#commit()),
      remove: (names, spare) => this.#remove(names, spare),
      retire: (pack, wipe) => this.#retire(pack, wipe),
    };
  }

  /** Runs in `#serial`. */
  async #append(records: readonly StoreRecord[], replace: boolean, onNew: PutOptions['onNew']): Promise<number> {
    const { places, compressor, writer } = this.#parts;
    const wanted = await siftRecords(records, replace, (kind, keys) => places.held(kind, keys));
    const packed = compressor.packAll(wanted.map(({ record }) => record.bytes)).map((each, index): PackedRecord => {
      const { kind, key, bytes } = wanted[index]!.record;
      return { ...each, kindByte: kindByte(kind), goneKindByte: 0, key, rawLength: bytes.byteLength };
    });
    let added = 0;
    await writer.append(packed, (from, locations) => {
      for (let index = 0; index < locations.length; index++) {
        const { place, record, isNew } = wanted[from + index]!;
        places.add(record.kind, record.key, locations[index]!, isNew);
        if (!isNew) continue;
        added++;
        onNew?.(place);
      }
    });
    return added;
  }

  async #collect(options: CollectOptions): Promise<CollectReport> {
    const { reserve } = this.#parts;
    if (options.dryRun) return collectStore(this.#inside(), options);
    await reserve.release();
    try {
      return await collectStore(this.#inside(), options);
    } finally {
      await reserve.hold();
    }
  }

  #remove(names: readonly RecordName[], spare: (name: RecordName) => boolean): Promise<number> {
    const { places, writer } = this.#parts;
    return this.#serial(() => removeRecords(places, writer, names, spare));
  }

  /** Rule 4: sync the pack, then one index batch with the state that covers it. Runs in `#indexing`. */
  async #commitPending(always = false): Promise<void> {
    const { writer, index, identity, places } = this.#parts;
    const { entries, state } = await this.#serial(async () => {
      const { pack, offset, earlierBytes } = writer.position;
      const covered = { coveredPack: pack, coveredOffset: offset, earlierBytes };
      return { entries: places.seal(), state: { storeId: identity.storeId, ...covered, counters: places.counters } };
    });
    await writer.sync();
    if (entries.length === 0 && !always) return;
    const present = entries.flatMap(({ kind, key, location }) => (location === undefined ? [] : [{ kind, key, location }]));
    const gone = entries.filter(({ location }) => location === undefined);
    await index.write(present, gone, state);
    places.settle();
  }

  /** STORE.md, "Retiring a pack". */
  async #retire({ pack, size }: PackInfo, wipe: boolean): Promise<void> {
    const { files, writer, readers } = this.#parts;
    const path = join(this.#packDirectory, retiredName(pack, wipe));
    await this.#indexing(async () => {
      // The state must not cover a place in the pack that goes.
      await this.#commitPending(true);
      await files.rename(join(this.#packDirectory, packName(pack)), path);
      await this.#serial(async () => writer.forgetEarlier(size));
      await readers.forget(pack);
      await files.syncDirectory(this.#packDirectory);
      await this.#commitPending(true);
    });
    await removeRetired(files, this.#packDirectory, { pack, size, path, wipe });
  }

  async #close(): Promise<void> {
    const { writer, readers, index, compressor } = this.#parts;
    await this.#upkeep(async () => undefined);
    try {
      await this.#commit();
    } finally {
      await this.#serial(() => writer.close());
      compressor.close();
      await readers.close();
      await index.close();
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new TransferError('INTERNAL', 'the store is closed');
  }
}
