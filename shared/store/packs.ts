/** The directory of packs: names, lengths, and a bounded number of packs open for reading. */
import { join } from 'node:path';
import { STORE_OPEN_PACKS_MAX } from '../limits.ts';
import type { StoreFile, StoreFiles } from './files.ts';

export interface PackInfo {
  readonly pack: number;
  readonly size: number;
}

/** `00000001.pack` for 1. */
export function packName(pack: number): string {
  return `${String(pack).padStart(8, '0')}.pack`;
}

/** Packs in the order of their numbers. */
export async function listPacks(files: StoreFiles, directory: string): Promise<PackInfo[]> {
  const out: PackInfo[] = [];
  for (const name of await files.list(directory)) {
    if (!/^\d{8}\.pack$/.test(name)) continue;
    out.push({ pack: Number.parseInt(name, 10), size: (await files.size(join(directory, name))) ?? 0 });
  }
  return out.toSorted((a, b) => a.pack - b.pack);
}

export interface PackReaders {
  /** Runs `work` with the pack open for reading; it stays open for the next one. */
  use<T>(pack: number, work: (file: StoreFile) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface Reader {
  readonly file: Promise<StoreFile>;
  users: number;
}

export function createPackReaders(files: StoreFiles, directory: string): PackReaders {
  // A map keeps the order of insertion: the first idle reader is the one used longest ago.
  const readers = new Map<number, Reader>();
  let idleMax = STORE_OPEN_PACKS_MAX;

  const closeIdle = async (): Promise<void> => {
    for (const [pack, reader] of readers) {
      if (readers.size <= idleMax) return;
      if (reader.users > 0) continue;
      readers.delete(pack);
      await (await reader.file).close();
    }
  };

  return {
    async use(pack, work) {
      const reader = readers.get(pack) ?? { file: files.open(join(directory, packName(pack)), 'read'), users: 0 };
      readers.delete(pack);
      readers.set(pack, reader);
      reader.users++;
      try {
        const file = await reader.file.catch((error: unknown) => {
          if (readers.get(pack) === reader) readers.delete(pack);
          throw error;
        });
        return await work(file);
      } finally {
        reader.users--;
        await closeIdle();
      }
    },
    async close() {
      // Those in use now are closed by their last user.
      idleMax = 0;
      await closeIdle();
    },
  };
}
