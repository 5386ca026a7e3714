/**
 * The index in LevelDB. LevelDB is a good index and a bad truth (a torn log loses batches without a word), so nothing here is
 * needed to find the records again: whatever breaks, the index can be deleted and made again from the packs.
 */
import { dirname, join } from 'node:path';
import { Level } from 'level';
import { systemCode, TransferError } from '../errors.ts';
import { asId, type Id } from '../hash.ts';
import {
  decodeEntry,
  decodeLocation,
  decodeState,
  encodeLocation,
  encodeState,
  indexKey,
  prefixRange,
  STATE_KEY,
  type ChunkIndex,
  type IndexEntry,
  type IndexState,
  type Location,
} from './chunk-index.ts';
import type { StoreFiles } from './files.ts';
import type { RecordKind } from './port.ts';
import { kindByte } from './record.ts';

type Database = Level<Uint8Array, Uint8Array>;

const ENTRIES_PER_READ = 1000;
/** LevelDB holds two of these at times. */
const WRITE_BUFFER_BYTES = 4 * 1024 * 1024;
/** What opening writes besides the records of the log. */
const OPEN_BYTES = 1024 * 1024;

/**
 * Opens the index in `directory`, and takes the store's lock by it. A damaged one is deleted and made anew (then it has no state).
 * @throws TransferError STORE_LOCKED where it is open already, here or in another process; PERMISSION; NO_SPACE.
 */
export async function openLevelIndex(directory: string, files: StoreFiles): Promise<ChunkIndex> {
  const database = createDatabase(directory);
  try {
    await open(database, directory);
  } catch (error) {
    if (!isDamage(error)) throw error;
    await openAnew(database, directory, files);
  }
  try {
    if (await isMarkedDamaged(directory, files)) {
      // The lock is let go for a moment; whoever takes it meanwhile makes the index again just the same.
      await database.close();
      await openAnew(database, directory, files);
      await files.remove(markerOf(directory));
    }
  } catch (error) {
    await database.close();
    throw error;
  }
  return new LevelIndex(database, directory, files);
}

/** Whether damage was met in the index since it was made: the next `openLevelIndex` will make it anew. */
export async function isMarkedDamaged(directory: string, files: StoreFiles): Promise<boolean> {
  return (await files.size(markerOf(directory))) !== undefined;
}

function markerOf(directory: string): string {
  return `${directory}.damaged`;
}

function createDatabase(directory: string): Database {
  return new Level<Uint8Array, Uint8Array>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
}

async function openAnew(database: Database, directory: string, files: StoreFiles): Promise<void> {
  await files.remove(directory);
  await open(database, directory);
}

async function open(database: Database, directory: string): Promise<void> {
  try {
    await database.open();
  } catch (error) {
    throw toTransferError(error, directory);
  }
}

class LevelIndex implements ChunkIndex {
  readonly #database: Database;
  readonly #directory: string;
  readonly #files: StoreFiles;
  /** LevelDB refuses every write after one that failed, until it is opened again. */
  #writeFailed = false;
  #reopening: Promise<void> | undefined;
  #closed = false;

  constructor(database: Database, directory: string, files: StoreFiles) {
    this.#database = database;
    this.#directory = directory;
    this.#files = files;
  }

  async hasMany(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]> {
    return this.#guard(() => this.#database.hasMany(keys.map((key) => indexKey(kind, key))));
  }

  async getMany(kind: RecordKind, keys: readonly Id[]): Promise<(Location | undefined)[]> {
    const values = await this.#guard(() => this.#database.getMany(keys.map((key) => indexKey(kind, key))));
    return values.map((value) => (value === undefined ? undefined : decodeLocation(value)));
  }

  async find(kind: RecordKind, prefix: Uint8Array): Promise<Id | undefined> {
    const [key] = await this.#guard(() => this.#database.keys({ ...prefixRange(kind, prefix), limit: 1 }).all());
    return key === undefined ? undefined : asId(key.slice(1));
  }

  async write(
    entries: readonly IndexEntry[],
    removed: readonly { readonly kind: RecordKind; readonly key: Id }[],
    state: IndexState,
  ): Promise<void> {
    if (this.#writeFailed) await this.#reopen();
    this.#writeFailed = true;
    await this.#guard(async () => {
      const batch = this.#database.batch();
      for (const { kind, key } of removed) batch.del(indexKey(kind, key));
      for (const { kind, key, location } of entries) batch.put(indexKey(kind, key), encodeLocation(location));
      batch.put(STATE_KEY, encodeState(state));
      await batch.write({ sync: true });
    });
    this.#writeFailed = false;
  }

  async state(): Promise<IndexState | undefined> {
    const bytes = await this.#guard(() => this.#database.get(STATE_KEY) as Promise<Uint8Array | undefined>);
    return bytes === undefined ? undefined : decodeState(bytes);
  }

  async *entries(kind: RecordKind): AsyncGenerator<IndexEntry> {
    const first = kindByte(kind);
    const range = { gte: Uint8Array.of(first), lt: Uint8Array.of(first + 1) };
    const iterator = await this.#guard(async () => this.#database.iterator(range));
    try {
      for (;;) {
        const rows = await this.#guard(() => iterator.nextv(ENTRIES_PER_READ));
        if (rows.length === 0) return;
        for (const [key, value] of rows) {
          const entry = decodeEntry(key, value);
          if (entry !== undefined) yield entry;
        }
      }
    } finally {
      await iterator.close();
    }
  }

  async clear(): Promise<void> {
    await this.#guard(async () => {
      // The state goes first: an index without one is never believed.
      await this.#database.batch([{ type: 'del', key: STATE_KEY }], { sync: true });
      await this.#database.clear();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#database.close();
  }

  /** While there is no room to open it, it stays open for reading. */
  async #reopen(): Promise<void> {
    const free = await this.#files.freeBytes(this.#directory);
    const needed = await this.#bytesToOpen();
    if (free < needed) throw new TransferError('NO_SPACE', `${this.#directory}: ${free} bytes free, ${needed} needed`);
    this.#reopening ??= (async () => {
      try {
        await this.#database.close();
        await open(this.#database, this.#directory);
      } finally {
        this.#reopening = undefined;
      }
    })();
    await this.#reopening;
  }

  /** LevelDB turns its log into a table when it opens. */
  async #bytesToOpen(): Promise<number> {
    let bytes = OPEN_BYTES;
    for (const name of await this.#files.list(this.#directory)) {
      if (name.endsWith('.log')) bytes += 2 * ((await this.#files.size(join(this.#directory, name))) ?? 0);
    }
    return bytes;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#reopening !== undefined || (this.#database.status === 'closed' && !this.#closed)) await this.#reopen();
    try {
      return await work();
    } catch (error) {
      if (isDamage(error)) await this.#markDamaged();
      throw toTransferError(error, this.#directory);
    }
  }

  async #markDamaged(): Promise<void> {
    try {
      await (await this.#files.open(markerOf(this.#directory), 'write')).close();
    } catch {
      // What the caller is about to hear of the damage matters more.
    }
  }
}

/** LevelDB's texts are the only place where it says which system error it met. */
function isDamage(error: unknown): boolean {
  const code = levelCode(error);
  return (
    code === 'LEVEL_CORRUPTION' || (code === 'LEVEL_IO_ERROR' && !/No space|quota|denied|Read-only|Too many/i.test(deepMessage(error)))
  );
}

function toTransferError(error: unknown, directory: string): TransferError {
  const message = deepMessage(error);
  const where = `${directory}: ${message}`;
  if (levelCode(error) === 'LEVEL_LOCKED') {
    return new TransferError('STORE_LOCKED', `the store ${dirname(directory)} is open already`, { cause: error });
  }
  if (/No space|quota/i.test(message)) return new TransferError('NO_SPACE', where, { cause: error });
  if (/denied|Read-only/i.test(message)) return new TransferError('PERMISSION', where, { cause: error });
  if (isDamage(error)) {
    return new TransferError('STORE_CORRUPT', `the index is damaged: ${where}`, {
      cause: error,
      hint: 'start again: the index is made anew from the packs, which takes about as long as reading them once',
    });
  }
  return TransferError.from(error, directory);
}

/** The innermost LEVEL_ code: the outer one of a failed open only says that it is not open. */
function levelCode(error: unknown): string | undefined {
  return error instanceof Error && error.cause instanceof Error ? (levelCode(error.cause) ?? systemCode(error)) : systemCode(error);
}

function deepMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? deepMessage(error.cause) : error.message;
}
