/** A long list of chunk references at 36 bytes each. */
import { ID_BYTES, type Id } from '../hash.ts';
import { RECIPE_CHUNKS_MAX } from '../limits.ts';
import { createByteHeap, createNumberColumn, words } from './columns.ts';
import type { ChunkRef } from './recipe.ts';

export interface ChunkList extends Iterable<ChunkRef> {
  readonly length: number;
  /** Bytes of all chunks of the list. */
  readonly bytes: number;
  /** The reference at `index` (below `length`), made on demand. */
  at(index: number): ChunkRef;
  /** The references from `start` up to, not including, `end`, one by one. */
  range(start: number, end: number): Iterable<ChunkRef>;
}

export interface ChunkListBuilder extends ChunkList {
  /**
   * Copies the id.
   * @throws TransferError LIMIT_EXCEEDED above `RECIPE_CHUNKS_MAX` chunks.
   */
  push(id: Uint8Array, length: number): void;
  /** Puts another id, which it copies, in the place of the one at `index` (below `length`). */
  setId(index: number, id: Uint8Array): void;
  /** Gives back unused room. */
  trim(): void;
}

/** A short range is an array: most bodies are one chunk, and a generator costs more than that. */
const TOGETHER = 16;

export function createChunkList(): ChunkListBuilder {
  const ids = createByteHeap('chunk ids of one recipe', RECIPE_CHUNKS_MAX * ID_BYTES);
  const lengths = createNumberColumn(words);
  let bytes = 0;
  const at = (index: number): ChunkRef => ({
    id: ids.view(index * ID_BYTES, (index + 1) * ID_BYTES) as Id,
    length: lengths.at(index),
  });
  function* oneByOne(start: number, end: number): Generator<ChunkRef, void> {
    for (let index = start; index < end; index++) yield at(index);
  }
  const range = (start: number, end: number): Iterable<ChunkRef> =>
    end - start > TOGETHER ? oneByOne(start, end) : Array.from({ length: end - start }, (_, i) => at(start + i));
  return {
    get length() {
      return lengths.length;
    },
    get bytes() {
      return bytes;
    },
    push(id, length) {
      ids.append(id);
      lengths.push(length);
      bytes += length;
    },
    // An id does not cross segments, so this is a view of where it is kept.
    setId: (index, id) => ids.view(index * ID_BYTES, (index + 1) * ID_BYTES).set(id),
    at,
    range,
    [Symbol.iterator]: () => oneByOne(0, lengths.length),
    trim() {
      ids.trim();
      lengths.trim();
    },
  };
}
