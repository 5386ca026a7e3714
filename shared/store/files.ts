/** Every file operation of the store's packs, as a port: tests put one between that fails, cuts short or forgets. */
import { constants, type Stats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCode, TransferError } from '../errors.ts';

export interface StoreFile {
  /** Reads up to `into.byteLength` bytes at `position`; fewer only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all parts, one behind the other, from `position`. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** Resolves when what was written survives a power cut (fdatasync). */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** All methods throw TransferError (NO_SPACE, PERMISSION, STORE_CORRUPT for an I/O error of the disk). */
export interface StoreFiles {
  /** `write` makes the file where it is not there; nothing is ever cut by opening. */
  open(path: string, mode: 'read' | 'write'): Promise<StoreFile>;
  /** Length in bytes, undefined where there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** When the file was last written to, in milliseconds since the epoch; 0 where there is no such file. */
  modifiedMs(path: string): Promise<number>;
  /** Bytes that can still be written to the file system of `path`. */
  freeBytes(path: string): Promise<number>;
  /** Names in a directory, empty where there is none. */
  list(directory: string): Promise<string[]>;
  /** With those above it, so that their names survive a power cut. */
  makeDirectory(directory: string): Promise<void>;
  /** Replaces `to` at once. */
  rename(from: string, to: string): Promise<void>;
  /** A file or a directory with all in it; nothing happens where there is none. */
  remove(path: string): Promise<void>;
  /** Resolves when the names in the directory survive a power cut. */
  syncDirectory(directory: string): Promise<void>;
}

/** The file system. */
export const nodeFiles: StoreFiles = {
  open: (path, mode) =>
    guard(path, async () => wrapHandle(path, await open(path, mode === 'read' ? 'r' : constants.O_RDWR | constants.O_CREAT, 0o600))),
  size: (path) => guard(path, async () => (await statOrNothing(path))?.size),
  modifiedMs: (path) => guard(path, async () => (await statOrNothing(path))?.mtimeMs ?? 0),
  freeBytes: (path) =>
    guard(path, async () => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    }),
  list: (directory) =>
    guard(directory, async () => {
      const there = await statOrNothing(directory);
      return there === undefined ? [] : await readdir(directory);
    }),
  makeDirectory: (directory) =>
    guard(directory, async () => {
      const first = await mkdir(directory, { recursive: true, mode: 0o700 });
      if (first === undefined) return;
      for (let made = resolve(directory); made.length >= first.length; made = dirname(made)) await syncNames(dirname(made));
    }),
  rename: (from, to) => guard(to, () => rename(from, to)),
  remove: (path) => guard(path, () => rm(path, { recursive: true, force: true })),
  syncDirectory: (directory) => guard(directory, () => syncNames(directory)),
};

async function syncNames(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

function wrapHandle(path: string, handle: FileHandle): StoreFile {
  return {
    read: (into, position) => guard(path, () => readFully(handle, into, position)),
    write: (parts, position) => guard(path, () => writeFully(handle, parts, position)),
    sync: () => guard(path, () => handle.datasync()),
    truncate: (length) => guard(path, () => handle.truncate(length)),
    close: () => guard(path, () => handle.close()),
  };
}

async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.byteLength) {
    const { bytesRead } = await handle.read(into, done, into.byteLength - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** The system may take less than it was given, for instance when the disk fills up: goes on until it takes all or refuses. */
export async function writeFully(
  handle: { writev(parts: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }> },
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = parts.filter((part) => part.byteLength > 0);
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = dropBytes(rest, bytesWritten);
  }
}

function dropBytes(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let index = 0;
  for (; index < parts.length; index++) {
    const { byteLength } = parts[index]!;
    if (left < byteLength) break;
    left -= byteLength;
  }
  const rest = parts.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function guard<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EIO') throw new TransferError('STORE_CORRUPT', `${path}: the disk reports an error`, { cause: error });
    if (code === 'ENOTDIR' || code === 'EEXIST') throw new TransferError('USAGE', `${path} is not a directory`, { cause: error });
    throw TransferError.from(error, path);
  }
}
