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
  return listNumbered(files, directory, /^(\d{8})\.pack$/);
}

/** A pack that holds nothing that is needed any more and only awaits its removal. */
export interface RetiredPack extends PackInfo {
  readonly path: string;
  /** Its bytes are to be overwritten first. */
  readonly wipe: boolean;
}

/** `00000001.gone`, or `00000001.wipe` where its bytes are to be overwritten before it is removed. */
export function retiredName(pack: number, wipe: boolean): string {
  return packName(pack).replace('.pack', wipe ? '.wipe' : '.gone');
}

/** What a removal that was broken off has left. */
export async function listRetired(files: StoreFiles, directory: string): Promise<RetiredPack[]> {
  const found: RetiredPack[] = [];
  for (const wipe of [false, true]) {
    const pattern = wipe ? /^(\d{8})\.wipe$/ : /^(\d{8})\.gone$/;
    for (const { pack, size } of await listNumbered(files, directory, pattern))
      found.push({ pack, size, path: join(directory, retiredName(pack, wipe)), wipe });
  }
  return found;
}

const WIPE_BYTES = 1024 * 1024;

/** Durable when it resolves. */
export async function removeRetired(files: StoreFiles, directory: string, { path, size, wipe }: RetiredPack): Promise<void> {
  if (wipe) {
    const file = await files.open(path, 'write');
    try {
      const zeros = new Uint8Array(Math.min(size, WIPE_BYTES));
      for (let at = 0; at < size; at += zeros.byteLength) await file.write([zeros.subarray(0, size - at)], at);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await files.remove(path);
  await files.syncDirectory(directory);
}

async function listNumbered(files: StoreFiles, directory: string, pattern: RegExp): Promise<PackInfo[]> {
  const out: PackInfo[] = [];
  for (const name of await files.list(directory)) {
    const digits = pattern.exec(name)?.[1];
    if (digits !== undefined) out.push({ pack: Number(digits), size: (await files.size(join(directory, name))) ?? 0 });
  }
  return out.toSorted((a, b) => a.pack - b.pack);
}

export interface PackReaders {
  /** Runs `work` with the pack open for reading; it stays open for the next one. */
  use<T>(pack: number, work: (file: StoreFile) => Promise<T>): Promise<T>;
  /** The pack is no more: closes it, when its last user is done, so that the disk gets its room back. */
  forget(pack: number): Promise<void>;
  close(): Promise<void>;
}

interface Reader {
  readonly file: Promise<StoreFile>;
  users: number;
  isForgotten: boolean;
}

/** One that could not be opened needs no closing. */
async function closeFile({ file }: Reader): Promise<void> {
  const opened = await file.catch(() => undefined);
  await opened?.close();
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
      const reader = readers.get(pack) ?? {
        file: files.open(join(directory, packName(pack)), 'read'),
        users: 0,
        isForgotten: false,
      };
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
        if (reader.isForgotten && reader.users === 0) await closeFile(reader);
        await closeIdle();
      }
    },
    async forget(pack) {
      const reader = readers.get(pack);
      if (reader === undefined) return;
      readers.delete(pack);
      reader.isForgotten = true;
      if (reader.users === 0) await closeFile(reader);
    },
    async close() {
      // Those in use now are closed by their last user.
      idleMax = 0;
      await closeIdle();
    },
  };
}
