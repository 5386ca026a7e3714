import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { hex } from '../../shared/hash.ts';
import { decodeDifference } from '../../shared/recipe/difference/decode.ts';
import { encodeDifference, type EncodedDifference } from '../../shared/recipe/difference/encode.ts';
import { createAccount } from '../../shared/recipe/difference/range-coder.ts';
import type { ChunkRef, Recipe } from '../../shared/recipe/recipe.ts';
import { buildRecipe, plainBytes, recipeId, recipeParts, wholeRow } from '../support/recipe-arbitrary.ts';
import { changedFiles, createRandom, randomFiles, recipeOf, streams, STYLES, type File, type Random } from './difference-recipes.ts';

/** A recipe with its templates in the place of their numbers, which a difference may give in another order. */
function rowsOf(recipe: Recipe): unknown[] {
  return Array.from({ length: recipe.rowCount }, (_, index) => {
    const { template, ...row } = wholeRow(recipe.row(index));
    return plainBytes({ ...row, template: template === undefined ? undefined : recipe.templates[template] });
  });
}

function expectSame(actual: Recipe, expected: Recipe): void {
  expect(rowsOf(actual)).toEqual(rowsOf(expected));
  expect([actual.bytes, actual.zeroTail, plainBytes(actual.tail)]).toEqual([expected.bytes, expected.zeroTail, plainBytes(expected.tail)]);
}

function chunksOf(recipe: Recipe): ChunkRef[] {
  const rows = Array.from({ length: recipe.rowCount }, (_, index) => recipe.row(index).chunks);
  return [...rows.flat(), ...recipe.tail];
}

/** What crosses, decoded and compared in everything that both sides must agree on. */
function roundTrip(target: Recipe, bases: readonly Recipe[]): EncodedDifference & { readonly recipe: Recipe } {
  const encoded = encodeDifference(target, bases, streams);
  const decoded = decodeDifference(encoded.bytes, bases, streams);
  expect([...decoded.freshLengths]).toEqual(Array.from(encoded.fresh, ({ length }) => length));
  expect(decoded.freshRow).toEqual(encoded.freshRow);
  for (let row = 0; row < target.rowCount; row++) expect(decoded.baseRow(row)).toEqual(encoded.baseRow(row));
  const ids = Array.from(encoded.fresh, ({ id }) => id);
  return { ...encoded, recipe: decoded.resolve(ids, recipeId) };
}

/** A value or an error that says whose fault it is. */
function isHandled(bytes: Uint8Array, bases: readonly Recipe[]): boolean {
  try {
    const decoded = decodeDifference(bytes, bases, streams);
    const ids = Array.from(decoded.freshLengths, () => recipeId);
    return decoded.resolve(ids, recipeId).rowCount >= 0;
  } catch (error) {
    return error instanceof TransferError && ['PROTOCOL_VIOLATION', 'LIMIT_EXCEEDED'].includes(error.code);
  }
}

const randoms: fc.Arbitrary<Random> = fc.noShrink(fc.nat()).map((seed) => createRandom(seed));

/** Layers of an older image, and one of a newer image: several of the older ones, changed. */
function history(random: Random): { bases: Recipe[]; target: Recipe } {
  const layers: File[][] = Array.from({ length: random(4) }, () => randomFiles(random, 5 + random(60)));
  const styled = (files: readonly File[]): Recipe => recipeOf(files, STYLES[random(STYLES.length)] ?? 'gnu', random);
  let files = layers.flatMap((layer) => (random(3) > 0 ? layer : []));
  if (random(2) === 0) files = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (let changes = random(4); changes > 0; changes--) files = changedFiles(random, files);
  return { bases: layers.map(styled), target: styled(files) };
}

describe('a recipe difference', () => {
  it('gives back any recipe, whatever the bases', () => {
    fc.assert(
      fc.property(recipeParts, fc.array(recipeParts, { maxLength: 3 }), (target, bases) => {
        const recipe = buildRecipe(target);
        expectSame(roundTrip(recipe, bases.map(buildRecipe)).recipe, recipe);
      }),
      { numRuns: 150 },
    );
  });

  it('gives back layers that were rebuilt, changed, renamed, reordered and merged', () => {
    fc.assert(
      fc.property(randoms, (random) => {
        const { bases, target } = history(random);
        const { fresh, freshRow, recipe } = roundTrip(target, bases);
        expectSame(recipe, target);
        const held = new Set(bases.flatMap(chunksOf).map(({ id }) => hex(id)));
        const expected = new Set(chunksOf(target).map(({ id }) => hex(id)));
        expect(Array.from(fresh, ({ id }) => hex(id))).toEqual([...expected].filter((id) => !held.has(id)));
        for (const [index, { id }] of [...fresh].entries()) {
          expect(target.row(freshRow[index] as number).chunks.map((chunk) => hex(chunk.id))).toContain(hex(id));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('counts every bit that it spends', () => {
    fc.assert(
      fc.property(randoms, (random) => {
        const { bases, target } = history(random);
        const account = createAccount();
        const { bytes } = encodeDifference(target, bases, streams, account);
        const bits = Object.values(account).reduce((sum, column) => sum + column, 0);
        // The coder itself loses less than one part in a hundred, and some bits at the end.
        expect(bytes.byteLength * 8).toBeLessThan(bits * 1.01 + 40);
        expect(bytes.byteLength * 8).toBeGreaterThan(bits * 0.99 - 40);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the decoder of recipe differences', () => {
  const base = recipeOf(randomFiles(createRandom(7), 200), 'gnu');

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect([isHandled(bytes, [base]), isHandled(bytes, [])]).toEqual([true, true]);
      }),
      { numRuns: 500 },
    );
  });

  it('takes any damage to a difference', () => {
    fc.assert(
      fc.property(randoms, (random) => {
        const { bases, target } = history(random);
        const { bytes } = encodeDifference(target, bases, streams);
        const cut = bytes.subarray(0, random(bytes.byteLength + 1));
        const at = random(bytes.byteLength + 1);
        const flipped = bytes.map((byte, index) => (index === at ? byte ^ (1 << random(8)) : byte));
        for (const damaged of [cut, flipped]) {
          expect([isHandled(damaged, bases), isHandled(damaged, [base])]).toEqual([true, true]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('takes nothing behind the end', () => {
    fc.assert(
      fc.property(randoms, fc.uint8Array({ minLength: 17, maxLength: 60 }), (random, more) => {
        const { bases, target } = history(random);
        const { bytes } = encodeDifference(target, bases, streams);
        expect(() => decodeDifference(concatBytes([bytes, more]), bases, streams)).toThrow(TransferError);
      }),
      { numRuns: 50 },
    );
  });
});
