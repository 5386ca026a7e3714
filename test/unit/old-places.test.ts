import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashBytes, hex } from '../../shared/hash.ts';
import type { ChunkRef } from '../../shared/recipe/recipe.ts';
import { oldPlaces, rangesAround } from '../../sender/content/old-places.ts';

function chunk(name: string | number, length = 100): ChunkRef {
  return { id: hashBytes(Buffer.from(`chunk ${name}`)), length };
}

function chunks(...names: (string | number)[]): ChunkRef[] {
  return names.map((name) => chunk(name));
}

function placeOf(name: string | number, now: readonly ChunkRef[], old: readonly ChunkRef[]): number | undefined {
  return oldPlaces(now, old).get(hex(chunk(name).id));
}

describe('the place of new content in the old file', () => {
  it('is the same where nothing moved', () => {
    expect(placeOf('x', chunks(0, 1, 'x', 3), chunks(0, 1, 2, 3))).toBe(250);
  });

  it('moves with the chunks around it', () => {
    expect(placeOf('x', chunks('new 1', 'new 2', 0, 1, 'x', 3), chunks(0, 1, 2, 3))).toBe(250);
    expect(placeOf('x', chunks(2, 'x', 4), chunks(0, 1, 2, 3, 4))).toBe(350);
  });

  it('is spread over what was there before', () => {
    const now = [chunk(0), chunk('x', 100), chunk('y', 100), chunk(9)];
    const old = [chunk(0), chunk('much', 1000), chunk(9)];
    expect(placeOf('x', now, old)).toBe(350);
    expect(placeOf('y', now, old)).toBe(850);
  });

  it('is where its nearest neighbour came from, where parts changed their order', () => {
    const old = chunks(0, 1, 2, 3, 4, 5, 6, 7);
    const now = chunks(4, 5, 'x', 'a', 'b', 'y', 2, 3);
    expect(placeOf('x', now, old)).toBe(650);
    expect(placeOf('y', now, old)).toBe(150);
  });

  it('is not told by chunks that are there several times', () => {
    const old = chunks('zero', 1, 2, 'zero', 'zero', 5, 6);
    expect(placeOf('x', chunks(1, 'zero', 'x', 2), old)).toBe(150);
  });

  it('is that of the whole file where nothing stayed', () => {
    expect(placeOf('x', chunks('x', 'y'), chunks(0, 1, 2, 3))).toBe(100);
  });
});

describe('ranges around places', () => {
  const old = { base: 1, row: 7, chunks: Array.from({ length: 20 }, (_, i) => chunk(i)) };
  const ranges = (middles: readonly number[], bytes: number): unknown =>
    rangesAround(old, middles, bytes).map(({ base, row, firstChunk, chunkCount }) => [base, row, firstChunk, chunkCount]);

  it('are one around content that lies together', () => {
    expect(ranges([950, 1050], 600)).toEqual([[1, 7, 7, 6]]);
  });

  it('are one for each of the changes that are scattered', () => {
    expect(ranges([1650, 350], 600)).toEqual([
      [1, 7, 2, 3],
      [1, 7, 15, 3],
    ]);
  });

  it('reach further on one side where the file ends on the other', () => {
    expect(ranges([0], 500)).toEqual([[1, 7, 0, 5]]);
    expect(ranges([2000], 500)).toEqual([[1, 7, 15, 5]]);
  });

  it('are the whole file where that is allowed, and nothing where there is nothing', () => {
    expect(ranges([40], 2000)).toEqual([[1, 7, 0, 20]]);
    expect(ranges([], 500)).toEqual([]);
    expect(rangesAround({ ...old, chunks: [] }, [0], 500)).toEqual([]);
  });

  it('are in order, apart, and within their bounds', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 });
    fc.assert(
      fc.property(lengths, fc.array(fc.double({ min: -10, max: 2500, noNaN: true })), fc.nat({ max: 2000 }), (all, middles, bytesMax) => {
        const file = { base: 0, row: 0, chunks: all.map((length, i) => chunk(i, length)) };
        let at = 0;
        let bytes = 0;
        for (const { firstChunk, chunkCount } of rangesAround(file, middles, bytesMax)) {
          expect(firstChunk).toBeGreaterThanOrEqual(at);
          expect(chunkCount).toBeGreaterThan(0);
          at = firstChunk + chunkCount;
          bytes += all.slice(firstChunk, at).reduce((sum, length) => sum + length, 0);
        }
        expect(at).toBeLessThanOrEqual(all.length);
        expect(bytes).toBeLessThanOrEqual(bytesMax);
      }),
    );
  });
});
