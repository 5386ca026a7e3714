/** Room that a store keeps for itself on a disk that others fill, too: the file `reserve`, given up for a collection and written again after. */
import { join } from 'node:path';
import type { StoreFiles } from './files.ts';

const FILE = 'reserve';
const WRITE_BYTES = 1024 * 1024;
/** So much more than the reserve has to be free before it is written. */
const SPARE_SHARE = 2;

export interface Reserve {
  /** Makes sure that it is there; where there is no room for it, that is no failure. */
  hold(): Promise<void>;
  /** Gives it up where hardly more than that is free. */
  release(): Promise<void>;
}

/** @param bytes 0 for a store without one. */
export function createReserve(files: StoreFiles, directory: string, bytes: number): Reserve {
  const path = join(directory, FILE);
  return {
    async hold() {
      try {
        if (bytes === 0 || (await files.size(path)) === bytes || (await files.freeBytes(directory)) < SPARE_SHARE * bytes) return;
        await write(files, path, bytes);
      } catch {
        await files.remove(path).catch(() => undefined);
      }
    },
    async release() {
      const size = await files.size(path);
      if (size !== undefined && (await files.freeBytes(directory)) < SPARE_SHARE * size) await files.remove(path);
    },
  };
}

/** Written, not only made that long: a hole has no room. */
async function write(files: StoreFiles, path: string, bytes: number): Promise<void> {
  const file = await files.open(path, 'write');
  try {
    const part = new Uint8Array(WRITE_BYTES).fill(0xff);
    for (let at = 0; at < bytes; at += WRITE_BYTES) await file.write([part.subarray(0, bytes - at)], at);
    await file.sync();
  } finally {
    await file.close();
  }
}
