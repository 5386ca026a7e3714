/** Finds out who the store is when it is opened, or makes it somebody. */
import { join } from 'node:path';
import { TransferError } from '../errors.ts';
import type { StoreFiles } from './files.ts';
import { createIdentity, readIdentity, writeIdentity, type StoreIdentity } from './identity.ts';
import { PACK_HEADER_BYTES, readPackHeader } from './pack-header.ts';
import { packName, type PackInfo } from './packs.ts';

/**
 * The identity from `store.json`, else from the first sound pack, else a new one; the latter two are written down.
 * Must run under the store's lock.
 * @throws TransferError STORE_CORRUPT where there are packs and nothing says whose they are; STORE_VERSION.
 */
export async function settleIdentity(
  files: StoreFiles,
  directory: string,
  packs: readonly PackInfo[],
  random: (bytes: number) => Uint8Array,
): Promise<StoreIdentity> {
  const written = await readIdentity(files, directory);
  if (written !== undefined) return written;
  const identity = (await identityOfPacks(files, directory, packs)) ?? createIdentity(random);
  await writeIdentity(files, directory, identity);
  return identity;
}

async function identityOfPacks(files: StoreFiles, directory: string, packs: readonly PackInfo[]): Promise<StoreIdentity | undefined> {
  const filled = packs.filter(({ size }) => size > PACK_HEADER_BYTES);
  for (const { pack } of filled) {
    const file = await files.open(join(directory, 'packs', packName(pack)), 'read');
    try {
      const header = await readPackHeader(file);
      if (header !== undefined) return { storeId: header.storeId, seed: header.seed };
    } finally {
      await file.close();
    }
  }
  if (filled.length === 0) return undefined;
  throw new TransferError('STORE_CORRUPT', `${directory}: store.json and the headers of all packs are damaged`, {
    hint: 'put store.json back from a backup, or begin a new store',
  });
}
