import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes, type Id } from '../../shared/hash.ts';
import { CHUNK_BYTES_MAX, RECIPE_ROWS_MAX } from '../../shared/limits.ts';
import { decodeDifference } from '../../shared/recipe/difference/decode.ts';
import { encodeDifference, type EncodedDifference } from '../../shared/recipe/difference/encode.ts';
import { createNumberModel } from '../../shared/recipe/difference/number.ts';
import { createAccount, createBitEncoder } from '../../shared/recipe/difference/range-coder.ts';
import type { ChunkRef, Recipe } from '../../shared/recipe/recipe.ts';
import { recipeId } from '../support/recipe-arbitrary.ts';
import { createRandom, recipeOf, streams, type File } from '../property/difference-recipes.ts';

const content = (name: string, length = 1000): ChunkRef => ({ id: Uint8Array.from(hashBytes(Buffer.from(name))) as Id, length });

function fileAt(path: string, more: Partial<File> = {}): File {
  const type = path.endsWith('/') ? '5' : '0';
  const chunks = type === '5' ? [] : [content(path, 1000 + path.length)];
  return { path, type, mode: 0o644, uid: 0, mtime: 1_700_000_000, link: '', chunks, nested: false, ...more };
}

/** `count` files below a directory, in the order of a walk. */
function filesBelow(directory: string, count: number, seed = 1): File[] {
  const random = createRandom(seed);
  const names = new Set(Array.from({ length: count }, () => `${directory}${random(100)}/file-${random(2 ** 31).toString(36)}.js`));
  return [...names].toSorted().map((path) => fileAt(path, { mtime: 1_700_000_000 + random(10_000) }));
}

function filesWithHashes(version: string): File[] {
  return ['main', 'vendor', 'runtime'].map((name, i) => {
    const hash = Buffer.from(hashBytes(Buffer.from(name + version))).toString('hex', 0, 4);
    return fileAt(`assets/${name}.${hash}.js`, { chunks: [content(`${name} ${version}`, 2000 + 500 * i)] });
  });
}

/** Encodes, and checks that it decodes to the same bytes again. */
function difference(target: Recipe, bases: readonly Recipe[]): EncodedDifference {
  const encoded = encodeDifference(target, bases, streams);
  const ids = Array.from(encoded.fresh, ({ id }) => id);
  const decoded = decodeDifference(encoded.bytes, bases, streams).resolve(ids, recipeId);
  expect(encodeDifference(decoded, bases, streams).bytes).toEqual(encoded.bytes);
  return encoded;
}

describe('a difference costs next to nothing for', () => {
  const files = filesBelow('app/', 3000);
  const base = recipeOf(files, 'gnu');

  it('100,000 rows that are unchanged', () => {
    const many = recipeOf(filesBelow('usr/', 100_000), 'gnu');
    const { bytes } = encodeDifference(many, [many]);
    expect(bytes.byteLength).toBeLessThan(40);
    expect(decodeDifference(bytes, [many]).resolve([], recipeId).rowCount).toBe(many.rowCount);
  });

  it('a rebuild that changed every mtime', () => {
    const rebuilt = recipeOf(
      files.map((file) => ({ ...file, mtime: 1_720_000_000 })),
      'gnu',
    );
    expect(difference(rebuilt, [base]).bytes.byteLength).toBeLessThan(40);
  });

  it('mtimes that are all later by the same time', () => {
    const later = recipeOf(
      files.map((file) => ({ ...file, mtime: file.mtime + 86_400 })),
      'gnu',
    );
    expect(difference(later, [base]).bytes.byteLength).toBeLessThan(60);
  });

  it('a directory that was renamed', () => {
    const renamed = recipeOf(
      files.map((file) => ({ ...file, path: file.path.replace(/^app\//, 'srv/shop-2/') })),
      'gnu',
    );
    const { bytes, fresh, baseRow } = difference(renamed, [base]);
    expect(bytes.byteLength).toBeLessThan(60);
    expect(fresh).toHaveLength(0);
    expect([0, 1500, 2999].map(baseRow)).toEqual([0, 1500, 2999].map((row) => ({ base: 0, row })));
  });

  it('a version directory that was renamed, with other content in each file', () => {
    const old = [fileAt('opt/node-24.18.1/'), ...filesBelow('opt/node-24.18.1/', 3000)];
    const renamed = [fileAt('opt/node-24.21.0/'), ...filesBelow('opt/node-24.21.0/', 3000)].map((file) =>
      file.type === '5' ? file : { ...file, chunks: [content(`${file.path} new`, 1005 + file.path.length)] },
    );
    const { bytes, fresh, baseRow } = difference(recipeOf(renamed, 'gnu'), [recipeOf(old, 'gnu')]);
    expect(bytes.byteLength).toBeLessThan(1000);
    expect(fresh).toHaveLength(3000);
    expect([0, 1, 1500, 3000].map(baseRow)).toEqual([0, 1, 1500, 3000].map((row) => ({ base: 0, row })));
  });

  it('names with hashes in them', () => {
    const { bytes, baseRow } = difference(recipeOf(filesWithHashes('2'), 'gnu'), [recipeOf(filesWithHashes('1').toReversed(), 'gnu')]);
    expect(bytes.byteLength).toBeLessThan(80);
    expect([0, 1, 2].map(baseRow)).toEqual([2, 1, 0].map((row) => ({ base: 0, row })));
  });

  it('layers that became one', () => {
    const layers = [1, 2, 3, 4].map((seed) => filesBelow('usr/lib/', 500, seed));
    const merged = layers.flat().toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const bases = layers.map((layer) => recipeOf(layer, 'gnu'));
    const { bytes, fresh } = difference(recipeOf(merged, 'gnu'), bases);
    expect(bytes.byteLength).toBeLessThan(80);
    expect(fresh).toHaveLength(0);
  });

  it('long names, however they are told', () => {
    const long = files.slice(0, 700).map((file) => ({ ...file, path: `${'deep/'.repeat(20)}${file.path}` }));
    const moved = long.map((file) => ({ ...file, path: `./${file.path}`, mtime: file.mtime + 1 }));
    for (const style of ['gnu', 'go', 'long'] as const) {
      expect(difference(recipeOf(moved, style), [recipeOf(long, style)]).bytes.byteLength).toBeLessThan(150);
      expect(difference(recipeOf(moved, style), [base]).bytes.byteLength).toBeLessThan(200);
    }
  });

  it('an archive whose layers were announced', () => {
    const layers = [1000, 1001, 1002].map((length, index) => fileAt(`${index}/layer.tar`, { chunks: [content('', length)], nested: true }));
    const archive = recipeOf(layers, 'gnu');
    const nested = [0, 1, 2].map((row) => archive.row(row).nested as Id);
    expect(encodeDifference(archive, [], nested).bytes.byteLength).toBeLessThan(encodeDifference(archive, []).bytes.byteLength - 90);
  });
});

describe('a difference', () => {
  it('says what is new, where it is, and what it is a version of', () => {
    const base = recipeOf([fileAt('a'), fileAt('b', { chunks: [content('1'), content('2'), content('3')] })], 'gnu');
    const target = recipeOf(
      [
        fileAt('a'),
        fileAt('b', { chunks: [content('1'), content('new', 7), content('3')] }),
        fileAt('c', { chunks: [content('new', 7), content('2'), content('other', 9)] }),
      ],
      'gnu',
    );
    const { fresh, freshRow, baseRow } = difference(target, [base]);
    expect([...fresh]).toEqual([content('new', 7), content('other', 9)]);
    expect(Array.from(freshRow)).toEqual([1, 2]);
    expect([0, 1, 2, 3].map(baseRow)).toEqual([{ base: 0, row: 0 }, { base: 0, row: 1 }, undefined, undefined]);
  });

  it('costs more for content that moved than for content that stayed, and less than for new content', () => {
    const chunks = Array.from({ length: 50 }, (_, index) => content(`${index}`, 30_000 + ((index * 7919) % 20_000)));
    const base = recipeOf([fileAt('big', { chunks })], 'gnu');
    const bytesOf = (changed: readonly ChunkRef[]): number =>
      difference(recipeOf([fileAt('big', { chunks: changed })], 'gnu'), [base]).bytes.byteLength;
    const stayed = bytesOf(chunks);
    const shifted = bytesOf([content('new', 5000), ...chunks]);
    const swapped = bytesOf([...chunks.slice(25), ...chunks.slice(0, 25)]);
    const replaced = bytesOf(chunks.map(({ length }, index) => content(`new ${index}`, length + 1)));
    expect(stayed).toBeLessThan(5);
    expect(Math.max(shifted, swapped)).toBeLessThan(25);
    expect(replaced).toBeGreaterThan(80);
  });

  it('tells where its bits went', () => {
    const account = createAccount();
    encodeDifference(recipeOf(filesBelow('app/', 100), 'gnu'), [], [], account);
    expect(account.path).toBeGreaterThan(account.alignment);
    expect(account.alignment).toBe(0);
    expect(account.size + account.chunk + account.mtime).toBeGreaterThan(100);
  });

  it('is finished with as many ids as it has fresh chunks', () => {
    const { bytes } = encodeDifference(recipeOf([fileAt('a')], 'gnu'), []);
    const decoded = decodeDifference(bytes, []);
    expect(decoded.freshLengths).toEqual(Uint32Array.of(1001));
    expect(() => decoded.resolve([], recipeId)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('never stands for more rows than a recipe may have', () => {
    const coder = createBitEncoder();
    createNumberModel(1).code(coder, 0, RECIPE_ROWS_MAX + 1);
    expect(() => decodeDifference(coder.finish(), [])).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });

  it('is bound to its bases', () => {
    const files = filesBelow('app/', 50);
    const base = recipeOf(files, 'gnu');
    const { bytes } = encodeDifference(recipeOf(files.slice(10), 'gnu'), [base]);
    expect(decodeDifference(bytes, [base]).freshLengths).toEqual(new Uint32Array(0));
    expect(() => decodeDifference(bytes, []).resolve([], recipeId)).toThrow(TransferError);
  });

  it('has chunks of the longest length', () => {
    const target = recipeOf(
      [fileAt('a', { chunks: [content('x', CHUNK_BYTES_MAX), content('y', CHUNK_BYTES_MAX), content('z', 1)] })],
      'gnu',
    );
    expect(Array.from(difference(target, []).fresh, ({ length }) => length)).toEqual([CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 1]);
  });
});
