/**
 * The durable store in a directory: opened, made where there is none, and recovered after a crash.
 *
 * Read STORE.md first. Then: open-pack-store.ts (what an open one does), recover.ts (opening after a crash), level-index.ts (the index).
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TransferError } from '../errors.ts';
import { STORE_PACK_BYTES_MAX } from '../limits.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { createCompressor, type Compression } from './compressor.ts';
import { nodeFiles, type StoreFiles } from './files.ts';
import { readIdentity } from './identity.ts';
import { isMarkedDamaged, openLevelIndex } from './level-index.ts';
import { createPackStore } from './open-pack-store.ts';
import { openPackWriter } from './pack-writer.ts';
import { createPackReaders, listPacks, listRetired, removeRetired } from './packs.ts';
import { createPlaces } from './places.ts';
import type { Store } from './port.ts';
import { recoverStore, type Recovery } from './recover.ts';
import { createReserve } from './reserve.ts';
import { settleIdentity } from './settle-identity.ts';

export interface OpenStoreOptions {
  /** How new records are compressed at rest; either kind of store can always be read. Default `zstd`. */
  readonly compression?: Compression;
  /** Told once, while opening, where there was anything to recover. */
  readonly onRecovery?: (recovery: Recovery) => void;
  /** Default 256 MiB. */
  readonly packBytesMax?: number;
  /** Room to keep for collections on a full disk. Default none. */
  readonly reserveBytes?: number;
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
    const retired = await listRetired(files, packDirectory);
    const { recovery, counters, position } = await recoverStore({ files, directory: packDirectory, identity, index, packs, retired });
    for (const pack of retired) await removeRetired(files, packDirectory, pack);
    if (recovery.rebuilt !== undefined || recovery.recordsIndexed > 0 || recovery.bytesCut > 0 || recovery.problems.length > 0) {
      options.onRecovery?.(recovery);
    }
    const writer = await openPackWriter({ files, directory: packDirectory, identity, packBytesMax }, position);
    const readers = createPackReaders(files, packDirectory);
    const places = createPlaces(index, counters);
    const reserve = createReserve(files, directory, options.reserveBytes ?? 0);
    await reserve.hold();
    const compressor = createCompressor(compression);
    return createPackStore({ files, directory, identity, index, writer, readers, places, compressor, reserve });
  } catch (error) {
    await index.close();
    throw error;
  }
}
