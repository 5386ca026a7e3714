import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { createByteHeap, createNumberColumn, createRunColumn, createSparseBytes } from '../../shared/recipe/columns.ts';
import { unzigzag, zigzag } from '../../shared/recipe/columns-at-rest.ts';
import { decodeRecipe } from '../../shared/recipe/decode.ts';
import { encodeRecipe } from '../../shared/recipe/encode.ts';
import { createByteReader, createByteWriter } from '../../shared/wire/varint.ts';
import { buildRecipe, plain, plainBytes, recipeParts } from '../support/recipe-arbitrary.ts';

/** Whether the call gave a value or a TransferError, and nothing else. */
function isHandled(decode: () => unknown): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    return error instanceof TransferError;
  }
}

/** An encoded recipe whose columns are these bytes; its preface may be that of a wrapped stream. */
function encoded(columns: Uint8Array, preface = [1, 0]): Uint8Array {
  const head = createByteWriter();
  for (const byte of preface) head.byte(byte);
  head.varint(columns.byteLength);
  return concatBytes([head.finish(), zstdCompressSync(columns)]);
}

/** The columns of an encoded recipe, to be changed. */
function columnsOf(recipe: Uint8Array): Uint8Array {
  const reader = createByteReader(recipe, 2);
  reader.varint('length');
  return Uint8Array.from(zstdDecompressSync(reader.rest()));
}

describe('columns', () => {
  it('give back what was pushed, over all segments', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 1, max: 100 }), (length, factor) => {
        const numbers = createNumberColumn((count) => new Float64Array(count));
        const runs = createRunColumn();
        for (let index = 0; index < length; index++) {
          numbers.push(index * factor);
          runs.push(Math.floor(index / factor));
        }
        numbers.trim();
        runs.trim();
        expect(numbers.length).toBe(length);
        for (let index = 0; index < length; index += 97) {
          expect([numbers.at(index), runs.at(index)]).toEqual([index * factor, Math.floor(index / factor)]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('of bytes give views that stay, also across segments', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 20 }), (lengths) => {
        const heap = createByteHeap('test', 10 ** 7);
        const sparse = createSparseBytes('test', 10 ** 7);
        const early: Uint8Array[] = [];
        for (const [index, length] of lengths.entries()) {
          heap.append(new Uint8Array(length).fill(index + 1));
          sparse.set(index * 3, new Uint8Array(length).fill(index + 1));
          early.push(heap.view(heap.length - length, heap.length));
        }
        heap.trim();
        sparse.trim();
        let at = 0;
        for (const [index, length] of lengths.entries()) {
          const expected = Buffer.alloc(length, index + 1);
          for (const view of [early[index], heap.view(at, at + length), sparse.get(index * 3)]) {
            expect(Buffer.compare(view ?? Buffer.from('none'), expected)).toBe(0);
          }
          expect(sparse.get(index * 3 + 1)).toBeUndefined();
          at += length;
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('recipes', () => {
  it('in memory give back what was appended', () => {
    fc.assert(
      fc.property(recipeParts, (parts) => {
        expect(plain(buildRecipe(parts))).toMatchObject(plainBytes(parts) as object);
      }),
    );
  });

  it('come back from their encoded form', () => {
    fc.assert(
      fc.property(recipeParts, (parts) => {
        const recipe = buildRecipe(parts);
        expect(plain(decodeRecipe(encodeRecipe(recipe)))).toEqual(plain(recipe));
      }),
    );
  });

  it('with any bytes give a value or a TransferError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect([isHandled(() => decodeRecipe(bytes)), isHandled(() => decodeRecipe(encoded(bytes)))]).toEqual([true, true]);
        expect(isHandled(() => decodeRecipe(encoded(bytes, [1, 1, 1, 100])))).toBe(true);
      }),
    );
  });

  it('damaged in their columns give a value or a TransferError', () => {
    const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const damage = fc.array(fc.tuple(place, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(recipeParts, damage, fc.boolean(), (parts, changes, atEnd) => {
        const columns = columnsOf(encodeRecipe(buildRecipe(parts)));
        for (const [at, byte] of changes) columns[Math.floor(at * columns.byteLength)] = byte;
        expect(isHandled(() => decodeRecipe(encoded(atEnd ? columns.subarray(0, -1) : columns)))).toBe(true);
        expect(isHandled(() => decodeRecipe(encoded(columns, [1, 1, 1, 100])))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('count signed numbers from zero outwards', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), (value) => {
        expect(unzigzag(zigzag(value))).toBe(value);
        expect(zigzag(value)).toBeGreaterThanOrEqual(0);
      }),
    );
    expect([0, -1, 1, -2].map(zigzag)).toEqual([0, 1, 2, 3]);
  });
});
