/** Directories, records and damage for tests of the durable store. */
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashBytes, type Id } from '../../shared/hash.ts';
import type { StoreRecord } from '../../shared/store/port.ts';
import { seededBytes } from './random.ts';

/** A new directory, removed with all in it when disposed of. `inMemory`: where syncing costs nothing, if the machine has such a place. */
export async function temporaryDirectory({ inMemory = false } = {}): Promise<{ readonly path: string } & AsyncDisposable> {
  const parent = inMemory && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const path = await mkdtemp(join(parent, 'lighterman-store-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Chunk number `seed`: always the same bytes, which do not compress. */
export function seededChunk(seed: number, length = 1000): StoreRecord {
  const bytes = seededBytes(seed, length);
  return { kind: 'chunk', key: hashBytes(bytes), bytes };
}

/** Chunks `from` up to and without `to`. */
export function seededChunks(from: number, to: number, length = 1000): StoreRecord[] {
  return Array.from({ length: to - from }, (_, index) => seededChunk(from + index, length));
}

export function keysOf(records: readonly StoreRecord[]): Id[] {
  return records.map(({ key }) => key);
}

export function packPath(directory: string, pack: number): string {
  return join(directory, 'packs', `${String(pack).padStart(8, '0')}.pack`);
}

/** Where in a file `bytes` lie. */
export async function offsetOf(path: string, bytes: Uint8Array): Promise<number> {
  return (await readFile(path)).indexOf(bytes);
}

/** Inverts one byte of a file. */
export async function flipByte(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = ~(byte[0] as number);
  await file.write(byte, 0, 1, offset);
}
