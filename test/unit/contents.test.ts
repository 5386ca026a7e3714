import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { hashBytes } from '../../shared/hash.ts';
import { BATCH_CHUNKS, cutContents, inBatches, readContents } from '../../shared/recipe/contents.ts';
import type { ChunkRef } from '../../shared/recipe/recipe.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { seededBytes } from '../support/random.ts';

const small = Array.from({ length: 2 * BATCH_CHUNKS + 1 }, (_, seed) => seededBytes(seed, 1 + (seed % 40)));
const large = Array.from({ length: 20 }, (_, seed) => seededBytes(10_000 + seed, 130_000));

function refOf(content: Uint8Array): ChunkRef {
  return { id: hashBytes(content), length: content.byteLength };
}

/** A store with the contents; of each time that it was asked, for how many chunks. */
async function prepare(contents: readonly Uint8Array[]) {
  const store = createMemoryStore();
  await store.put(contents.map((bytes) => ({ kind: 'chunk', key: hashBytes(bytes), bytes })));
  const asked: number[] = [];
  const getMany: typeof store.getMany = (kind, keys) => {
    asked.push(keys.length);
    return store.getMany(kind, keys);
  };
  return { store: { getMany }, asked, chunks: contents.map(refOf) };
}

describe('contents of chunks', () => {
  it.each([
    ['many small ones', small, 3],
    ['large ones', large, 3],
    ['none', [], 0],
  ])('come one behind the other, some at a time: %s', async (_, contents, times) => {
    const { store, asked, chunks } = await prepare(contents);
    const read = await readContents(chunks, store);
    expect(Buffer.compare(read, concatBytes(contents))).toBe(0);
    expect(asked).toHaveLength(times);
    expect(cutContents(read, chunks).map(({ byteLength }) => byteLength)).toEqual(contents.map(({ byteLength }) => byteLength));
  });

  it('are refused where one has another length, or is not there', async () => {
    const { store, chunks } = await prepare(large);
    const [first, ...rest] = chunks as [ChunkRef, ...ChunkRef[]];
    const gone = { id: hashBytes(new Uint8Array(1)), length: 1 };
    await expect(readContents([{ ...first, length: 129_999 }, ...rest], store)).rejects.toMatchObject({ code: 'INTEGRITY' });
    await expect(readContents([first, gone], store)).rejects.toMatchObject({ code: 'INTEGRITY' });
  });
});

it('batches keep the order, their bounds, and have at least one', () => {
  const batches = [...inBatches([5, 5, 1, 20, 3, 3], (bytes) => bytes, 10)];
  expect(batches).toEqual([[5, 5], [1], [20], [3, 3]]);
  const many = [...inBatches(Array.from({ length: BATCH_CHUNKS + 1 }, () => 0), () => 0, 10)]; // prettier-ignore
  expect(many.map(({ length }) => length)).toEqual([BATCH_CHUNKS, 1]);
});
