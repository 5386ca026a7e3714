/** `check`: packs against index, index against packs, and with `readAll` every byte. Changes nothing. */
import { join } from 'node:path';
import { TransferError } from '../errors.ts';
import { hex, type Id } from '../hash.ts';
import type { IndexEntry, Location } from './chunk-index.ts';
import type { StoreFiles } from './files.ts';
import type { StoreIdentity } from './identity.ts';
import { PACK_HEADER_BYTES, readPackHeader } from './pack-header.ts';
import { recordName, tryReadRecords, type RecordPlace } from './pack-reader.ts';
import { scanPack, type ScannedRecord } from './pack-scan.ts';
import type { WriterPosition } from './pack-writer.ts';
import { packName, type PackInfo, type PackReaders } from './packs.ts';
import { RECORD_KINDS, type CheckReport, type RecordKind } from './port.ts';
import { headerTrouble } from './recover.ts';
import { decodeRecordHeader, kindByte, kindOfByte, RECORD_HEADER_BYTES, TOMBSTONE } from './record.ts';

export interface CheckOptions {
  readonly files: StoreFiles;
  /** That of the packs. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly readers: PackReaders;
  readonly packs: readonly PackInfo[];
  /** Where the store ends; what is appended later is not looked at. */
  readonly end: WriterPosition;
  /** As the store itself finds records: what awaits indexing included. */
  readonly locate: (kind: RecordKind, keys: readonly Id[]) => Promise<(Location | undefined)[]>;
  readonly entries: (kind: RecordKind) => AsyncIterable<IndexEntry>;
  readonly readAll: boolean;
  readonly signal: AbortSignal | undefined;
}

type Problem = CheckReport['problems'][number];

/** Records that are looked up, and with `readAll` read, together. */
const BATCH_RECORDS_MAX = 1000;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** @throws TransferError INTERRUPTED when aborted. */
export async function checkStore(options: CheckOptions): Promise<CheckReport> {
  return new Checker(options).run();
}

class Checker {
  readonly #options: CheckOptions;
  readonly #problems: Problem[] = [];
  /** Records that the index does not have, until a tombstone explains it. */
  readonly #unindexed = new Map<string, Problem>();
  #recordsRead = 0;
  /** Records that the index points to. */
  #indexed = 0;
  #batch: RecordPlace[] = [];
  #batchBytes = 0;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  async run(): Promise<CheckReport> {
    for (const info of this.#options.packs) {
      if (info.pack <= this.#options.end.pack) await this.#checkPack(info);
    }
    await this.#checkIndex();
    return { recordsRead: this.#recordsRead, problems: [...this.#problems, ...this.#unindexed.values()] };
  }

  async #checkPack({ pack, size }: PackInfo): Promise<void> {
    const { files, directory, identity, end } = this.#options;
    const file = await files.open(join(directory, packName(pack)), 'read');
    try {
      const trouble = headerTrouble(await readPackHeader(file), pack, identity);
      if (trouble !== undefined) this.#report('pack', packName(pack), trouble.what);
      if (trouble?.foreign === true) return;
      const to = pack === end.pack ? end.offset : size;
      for await (const item of scanPack({ file, seed: identity.seed, from: PACK_HEADER_BYTES, to, readContent: false })) {
        this.#assertRunning();
        if (item.type === 'record') await this.#take(pack, item);
        else this.#report('pack', packName(pack), `${item.end - item.offset} bytes at ${item.offset}: ${item.what}`);
      }
      await this.#checkBatch();
    } finally {
      await file.close();
    }
  }

  async #take(pack: number, { header, offset }: ScannedRecord): Promise<void> {
    const { key, storedLength, rawLength } = header;
    this.#recordsRead++;
    if (header.kindByte === TOMBSTONE) {
      await this.#checkBatch();
      const gone = kindOfByte(header.goneKindByte);
      if (gone !== undefined) this.#unindexed.delete(recordName(gone, key));
      return;
    }
    const kind = kindOfByte(header.kindByte);
    if (kind === undefined) return;
    this.#batch.push({ kind, key, location: { pack, offset, storedLength, rawLength } });
    this.#batchBytes += rawLength;
    if (this.#batch.length >= BATCH_RECORDS_MAX || this.#batchBytes >= BATCH_BYTES_MAX) await this.#checkBatch();
  }

  async #checkBatch(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    // What was replaced or moved since is nobody's content any more.
    const current: RecordPlace[] = [];
    for (const kind of RECORD_KINDS) {
      const places = batch.filter((place) => place.kind === kind);
      const locations = await this.#options.locate(
        kind,
        places.map(({ key }) => key),
      );
      for (const [at, { key, location }] of places.entries()) {
        const known = locations[at];
        if (known === undefined) this.#unindexed.set(recordName(kind, key), { kind, key: hex(key), what: 'is not in the index' });
        else if (known.pack === location.pack && known.offset === location.offset) current.push(places[at]!);
      }
    }
    this.#indexed += current.length;
    if (this.#options.readAll) await this.#readBatch(current);
  }

  async #readBatch(places: readonly RecordPlace[]): Promise<void> {
    const results = await tryReadRecords(this.#options.readers, this.#options.identity.seed, places);
    for (const [at, result] of results.entries()) {
      const { kind, key } = places[at]!;
      if (result instanceof TransferError) this.#report(kind, hex(key), result.message);
    }
  }

  /** Where each record that the index names was met in a pack, and nothing else is in the index, the two agree. */
  async #checkIndex(): Promise<void> {
    let entries = 0;
    for (const kind of RECORD_KINDS) for await (const _ of this.#options.entries(kind)) entries++;
    if (entries === this.#indexed) return;
    for (const kind of RECORD_KINDS) {
      for await (const entry of this.#options.entries(kind)) {
        this.#assertRunning();
        if (!(await this.#pointsToRecord(entry))) this.#report(kind, hex(entry.key), 'the index names it, and no pack has it there');
      }
    }
  }

  async #pointsToRecord({ kind, key, location }: IndexEntry): Promise<boolean> {
    const bytes = new Uint8Array(RECORD_HEADER_BYTES);
    if (!(await this.#isThere(location.pack))) return false;
    const read = await this.#options.readers.use(location.pack, (file) => file.read(bytes, location.offset));
    const header = decodeRecordHeader(bytes.subarray(0, read), this.#options.identity.seed);
    return header?.kindByte === kindByte(kind) && hex(header.key) === hex(key) && header.storedLength === location.storedLength;
  }

  async #isThere(pack: number): Promise<boolean> {
    const { files, directory } = this.#options;
    return (await files.size(join(directory, packName(pack)))) !== undefined;
  }

  #report(kind: Problem['kind'], key: string, what: string): void {
    this.#problems.push({ kind, key, what });
  }

  #assertRunning(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) throw new TransferError('INTERRUPTED', 'the check was interrupted', { cause: signal.reason });
  }
}
