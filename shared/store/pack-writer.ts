/**
 * The end of the last pack, where records are appended. Rules 1 to 3 of STORE.md, "Order of writes", live here:
 * a pack is synced before the next is made, and a failed append leaves nothing behind that could be taken for a record.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { TransferError } from '../errors.ts';
import type { Id } from '../hash.ts';
import type { Location } from './chunk-index.ts';
import type { Packed } from './compressor.ts';
import type { StoreFile, StoreFiles } from './files.ts';
import type { StoreIdentity } from './identity.ts';
import { encodePackHeader, PACK_HEADER_BYTES } from './pack-header.ts';
import { packName } from './packs.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from './record.ts';

/** A record as it is to stand in a pack: STORE.md, "Record". */
export interface PackedRecord extends Packed {
  readonly kindByte: number;
  /** Of a tombstone, the kind byte of the record that is gone; else 0. */
  readonly goneKindByte: number;
  readonly key: Id;
  readonly rawLength: number;
}

/** A place behind everything that was appended so far. */
export interface WriterPosition {
  readonly pack: number;
  readonly offset: number;
  /** Bytes of all packs before it. */
  readonly earlierBytes: number;
}

export interface PackWriterOptions {
  readonly files: StoreFiles;
  /** That of the packs. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly packBytesMax: number;
}

export interface PackWriter {
  readonly position: WriterPosition;
  /** Appended and not yet synced. */
  readonly unsyncedBytes: number;
  /**
   * Appends; calls must not overlap. `written` is called for each run of records as soon as it is in the pack, with the index of
   * the run's first record.
   * @throws TransferError NO_SPACE and others: the run that failed is not in the pack.
   */
  append(records: readonly PackedRecord[], written: (from: number, locations: readonly Location[]) => void): Promise<void>;
  /** Makes everything appended before the call durable. After a failure every call of `append` and `sync` fails the same way. */
  sync(): Promise<void>;
  /** Begins the next pack, where this one has records: it will never be appended to again. Must not overlap with `append`. */
  roll(): Promise<void>;
  /** A pack before this one, of that length, is no more. */
  forgetEarlier(bytes: number): void;
  close(): Promise<void>;
}

/** Continues the pack at `position`, or begins it where that offset is 0. */
export async function openPackWriter(options: PackWriterOptions, position: WriterPosition): Promise<PackWriter> {
  const writer = new AppendingWriter(options, position);
  await writer.open();
  return writer;
}

class AppendingWriter implements PackWriter {
  readonly #options: PackWriterOptions;
  #file: StoreFile | undefined;
  #position: WriterPosition;
  #syncedOffset = 0;
  /** Set where the pack may have bytes behind its end that could not be cut off. */
  #dirtyEnd = false;
  #failure: TransferError | undefined;
  #syncing: Promise<void> | undefined;

  constructor(options: PackWriterOptions, position: WriterPosition) {
    this.#options = options;
    this.#position = position;
  }

  get position(): WriterPosition {
    return this.#position;
  }

  get unsyncedBytes(): number {
    return this.#position.offset - this.#syncedOffset;
  }

  async open(): Promise<void> {
    const { pack, offset } = this.#position;
    if (offset === 0) return this.#begin(pack);
    this.#file = await this.#options.files.open(this.#path(pack), 'write');
    this.#syncedOffset = offset;
  }

  async append(records: readonly PackedRecord[], written: (from: number, locations: readonly Location[]) => void): Promise<void> {
    let from = 0;
    while (from < records.length) {
      this.#assertSound();
      if (this.#isFull(records[from]!)) await this.#roll();
      const to = this.#runEnd(records, from);
      written(from, await this.#appendRun(records.slice(from, to)));
      from = to;
    }
  }

  async sync(): Promise<void> {
    // A sync under way may have begun before the newest append: wait for it, then begin another.
    while (this.#syncing !== undefined) await this.#syncing.catch(() => undefined);
    this.#assertSound();
    if (this.unsyncedBytes === 0) return;
    this.#syncing = this.#syncFile();
    try {
      await this.#syncing;
    } finally {
      this.#syncing = undefined;
    }
  }

  async roll(): Promise<void> {
    this.#assertSound();
    if (this.#position.offset > PACK_HEADER_BYTES) await this.#roll();
  }

  forgetEarlier(bytes: number): void {
    this.#position = { ...this.#position, earlierBytes: this.#position.earlierBytes - bytes };
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #appendRun(records: readonly PackedRecord[]): Promise<Location[]> {
    const { pack, offset: start } = this.#position;
    if (this.#dirtyEnd) await this.#cutTo(start);
    const headers = new Uint8Array(records.length * RECORD_HEADER_BYTES);
    const parts: Uint8Array[] = [];
    const locations: Location[] = [];
    let offset = start;
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!;
      const { rawLength, stored } = record;
      const header = headers.subarray(index * RECORD_HEADER_BYTES, (index + 1) * RECORD_HEADER_BYTES);
      const storedLength = stored.byteLength;
      const { kindByte, codec, goneKindByte, key } = record;
      const fields = { kindByte, codec, goneKindByte, rawLength, storedLength, key, storedCrc: crc32(stored) };
      encodeRecordHeader(fields, this.#options.identity.seed, header);
      parts.push(header, stored);
      locations.push({ pack, offset, storedLength, rawLength });
      offset += RECORD_HEADER_BYTES + storedLength;
    }
    try {
      await this.#openFile().write(parts, start);
    } catch (error) {
      this.#dirtyEnd = true;
      await this.#cutTo(start).catch(() => undefined);
      throw error;
    }
    this.#position = { ...this.#position, offset };
    return locations;
  }

  async #cutTo(offset: number): Promise<void> {
    await this.#openFile().truncate(offset);
    this.#dirtyEnd = false;
  }

  async #syncFile(): Promise<void> {
    const { offset } = this.#position;
    try {
      await this.#openFile().sync();
      this.#syncedOffset = offset;
    } catch (error) {
      const { message, code } = TransferError.from(error);
      this.#failure = new TransferError(code, `the disk could not be synced, the store has to be opened again: ${message}`, {
        cause: error,
      });
      // What the system dropped must not be found again and believed at the next open.
      await this.#cutTo(this.#syncedOffset).catch(() => undefined);
      throw this.#failure;
    }
  }

  /** Makes the next pack, when the last one is safe. */
  async #roll(): Promise<void> {
    await this.sync();
    const { pack, offset, earlierBytes } = this.#position;
    // No pack but the last may be longer than its records.
    if (this.#dirtyEnd) await this.#cutTo(offset);
    await this.#begin(pack + 1, earlierBytes + offset);
  }

  async #begin(pack: number, earlierBytes = this.#position.earlierBytes): Promise<void> {
    const { files, directory, identity } = this.#options;
    const file = await files.open(this.#path(pack), 'write');
    try {
      await file.truncate(0);
      await file.write([encodePackHeader({ ...identity, pack })], 0);
      await file.sync();
      await files.syncDirectory(directory);
    } catch (error) {
      // Taken away again: while it is there, recovery would not take the pack before it for the last.
      await file.close();
      await files.remove(this.#path(pack)).catch(() => undefined);
      throw error;
    }
    const previous = this.#file;
    this.#file = file;
    this.#position = { pack, offset: PACK_HEADER_BYTES, earlierBytes };
    this.#syncedOffset = PACK_HEADER_BYTES;
    this.#dirtyEnd = false;
    await previous?.close();
  }

  #isFull({ stored }: PackedRecord): boolean {
    const { offset } = this.#position;
    return offset > PACK_HEADER_BYTES && offset + RECORD_HEADER_BYTES + stored.byteLength > this.#options.packBytesMax;
  }

  /** The first record behind `from` that does not fit the pack any more; at least one is taken. */
  #runEnd(records: readonly PackedRecord[], from: number): number {
    let end = this.#position.offset;
    let to = from;
    do end += RECORD_HEADER_BYTES + records[to++]!.stored.byteLength;
    while (to < records.length && end + RECORD_HEADER_BYTES + records[to]!.stored.byteLength <= this.#options.packBytesMax);
    return to;
  }

  #assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #openFile(): StoreFile {
    if (this.#file === undefined) throw new TransferError('INTERNAL', 'the store is closed');
    return this.#file;
  }

  #path(pack: number): string {
    return join(this.#options.directory, packName(pack));
  }
}
