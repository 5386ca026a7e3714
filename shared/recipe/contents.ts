/** Contents of many chunks out of a store: some at a time, for what is made for each of them on the way lives until its batch is done. */
import { releaseBuffers } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { hex } from '../hash.ts';
import type { Store } from '../store/port.ts';
import type { ChunkRef } from './recipe.ts';

/** Small chunks in a batch at most: with more, the collector takes them for what stays. */
export const BATCH_CHUNKS = 512;
/** Bytes that are read together. */
const READ_BYTES = 1024 * 1024;

/** In order, as many together as have at most `bytesMax` bytes, at least one, and not more than `BATCH_CHUNKS`. */
export function* inBatches<T>(items: Iterable<T>, bytesOf: (item: T) => number, bytesMax: number): Generator<T[], void, undefined> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length === BATCH_CHUNKS || (batch.length > 0 && bytes + bytesOf(item) > bytesMax)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += bytesOf(item);
  }
  if (batch.length > 0) yield batch;
}

export function bytesOfChunks(chunks: readonly ChunkRef[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/**
 * The contents of chunks, one behind the other, in memory of their own.
 * @throws TransferError INTEGRITY for a chunk that is missing, damaged, or not as long as it is said to be.
 */
export async function readContents(chunks: readonly ChunkRef[], store: Pick<Store, 'getMany'>): Promise<Uint8Array> {
  const contents = new Uint8Array(bytesOfChunks(chunks));
  let at = 0;
  for (const batch of inBatches(chunks, ({ length }) => length, READ_BYTES)) {
    const pieces = await store.getMany('chunk', batch.map(({ id }) => id)); // prettier-ignore
    for (const [i, { id, length }] of batch.entries()) {
      const piece = pieces[i] as Uint8Array;
      if (piece.byteLength !== length) throw new TransferError('INTEGRITY', `chunk ${hex(id)} has not ${length} bytes`);
      contents.set(piece, at);
      at += length;
    }
    releaseBuffers(pieces);
  }
  return contents;
}

/** Views of each chunk in what `readContents` gave. */
export function cutContents(contents: Uint8Array, chunks: readonly ChunkRef[]): Uint8Array[] {
  let at = 0;
  return chunks.map(({ length }) => contents.subarray(at, (at += length)));
}
