import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../shared/bytes.ts';
import { hashBytes } from '../../shared/hash.ts';
import { CHUNK_BYTES_MAX, RECIPE_NUMBER_MAX, RECIPE_TEMPLATES_MAX, TAR_INLINE_BYTES_MAX } from '../../shared/limits.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NESTED, BODY_NONE, type Row } from '../../shared/recipe/recipe.ts';
import { createRecipeTable, paddingBytes } from '../../shared/recipe/table.ts';
import { TEMPLATE_BYTES } from '../../shared/tar/header.ts';

const id = hashBytes(new Uint8Array(5));
const empty: Row = {
  template: 0,
  literal: undefined,
  name: new Uint8Array(1),
  link: new Uint8Array(0),
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  body: BODY_NONE,
  bodyBytes: 0,
  inline: undefined,
  chunks: [],
  nested: undefined,
  padding: undefined,
};

function tableWithTemplate(): ReturnType<typeof createRecipeTable> {
  const table = createRecipeTable();
  table.template(new Uint8Array(TEMPLATE_BYTES));
  return table;
}

const contradictions: [string, Partial<Row>][] = [
  ['a template that is not there', { template: 1 }],
  ['template and literal', { literal: new Uint8Array(512) }],
  ['neither template nor literal', { template: undefined }],
  ['a literal that is no block', { template: undefined, literal: new Uint8Array(511) }],
  ['a name too long', { name: new Uint8Array(257) }],
  ['a link too long', { link: new Uint8Array(101) }],
  ['a negative mode', { mode: -1 }],
  ['a user beyond 32 bits', { uid: 2 ** 32 }],
  ['a fraction of a group', { gid: 0.5 }],
  ['a size beyond the limit', { size: RECIPE_NUMBER_MAX + 1 }],
  ['a time beyond the limit', { mtime: -RECIPE_NUMBER_MAX - 1 }],
  ['bytes without a body', { bodyBytes: 1 }],
  ['a body without bytes', { body: BODY_CHUNKS }],
  ['an unknown body', { body: 4 as never, bodyBytes: 1 }],
  ['no chunks', { body: BODY_CHUNKS, bodyBytes: 1 }],
  ['chunks that are too short', { body: BODY_CHUNKS, bodyBytes: 3, chunks: [{ id, length: 2 }] }],
  ['chunks without a body', { chunks: [{ id, length: 2 }] }],
  ['an empty chunk', { body: BODY_CHUNKS, bodyBytes: 1, chunks: [{ id, length: 0 }, { id, length: 1 }] }], // prettier-ignore
  ['a chunk that is too large', { body: BODY_CHUNKS, bodyBytes: CHUNK_BYTES_MAX + 1, chunks: [{ id, length: CHUNK_BYTES_MAX + 1 }] }],
  ['an inline body that is missing', { body: BODY_INLINE, bodyBytes: 1 }],
  ['an inline body of another length', { body: BODY_INLINE, bodyBytes: 1, inline: new Uint8Array(2) }],
  ['an inline body where none belongs', { inline: new Uint8Array(0) }],
  ['a nested stream without an id', { body: BODY_NESTED, bodyBytes: 1 }],
  ['a nested stream where none belongs', { nested: id }],
  ['padding of a whole block', { padding: new Uint8Array(512) }],
];

describe('recipe table', () => {
  it.each(contradictions)('refuses a row with %s', (_, fields) => {
    expect(() => tableWithTemplate().append({ ...empty, ...fields })).toThrow(expect.objectContaining({ code: 'INTEGRITY' }));
  });

  it('refuses what is beyond its limits', () => {
    const table = createRecipeTable();
    const bytes = new Uint8Array(TEMPLATE_BYTES);
    const word = new DataView(bytes.buffer);
    for (let index = 0; index < RECIPE_TEMPLATES_MAX; index++) {
      word.setUint32(0, index);
      expect(table.template(bytes)).toBe(index);
    }
    expect(table.template(bytes)).toBe(RECIPE_TEMPLATES_MAX - 1);
    word.setUint32(0, RECIPE_TEMPLATES_MAX);
    const limit = expect.objectContaining({ code: 'LIMIT_EXCEEDED' });
    expect(() => table.template(bytes)).toThrow(limit);
    const bodyBytes = TAR_INLINE_BYTES_MAX + 1;
    expect(() => table.append({ ...empty, body: BODY_INLINE, bodyBytes, inline: new Uint8Array(bodyBytes) })).toThrow(limit);
    expect(() => table.template(new Uint8Array(TEMPLATE_BYTES - 1))).toThrow(expect.objectContaining({ code: 'INTEGRITY' }));
    expect(() => table.setZeroTail(-1)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }));
  });

  it('adds up the stream', () => {
    const table = tableWithTemplate();
    const nested: Row = { ...empty, body: BODY_NESTED, bodyBytes: 513, nested: id };
    table.append({ ...empty, body: BODY_CHUNKS, bodyBytes: 600, chunks: [{ id, length: 600 }] });
    table.append({ ...nested, padding: new Uint8Array(3) });
    table.append(nested);
    table.setZeroTail(100);
    table.pushChunk(id, 50);
    const recipe = table.finish(id);
    expect(recipe.bytes).toBe(512 + 1024 + 512 + 513 + 3 + 512 + 1024 + 100 + 50);
    expect([recipe.rowCount, recipe.tail.map(({ length }) => length), recipe.zeroTail]).toEqual([3, [50], 100]);
    expect(() => recipe.row(3)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('takes chunks before their row, and those of the row behind them', () => {
    const table = tableWithTemplate();
    table.pushChunk(id, 1);
    table.append({ ...empty, body: BODY_CHUNKS, bodyBytes: 3, chunks: [{ id, length: 2 }] });
    table.append(empty);
    const recipe = table.finish(id);
    expect(recipe.row(0).chunks.map(({ length }) => length)).toEqual([1, 2]);
    expect([recipe.row(1).chunks, recipe.tail]).toEqual([[], []]);
  });

  it('knows chunks and rows by number', () => {
    const table = tableWithTemplate();
    const lengths = [[], [1, 2], [], [], [3], Array.from({ length: 40 }, (_, i) => i + 4), []];
    for (const row of lengths) {
      const body: Partial<Row> =
        row.length === 0 ? {} : { body: BODY_CHUNKS, bodyBytes: sum(row), chunks: row.map((length) => ({ id, length })) };
      table.append({ ...empty, ...body });
    }
    table.pushChunk(id, 50);
    const recipe = table.finish(id);
    expect(recipe.chunkCount).toBe(44);
    expect(Array.from({ length: 44 }, (_, number) => recipe.chunk(number).length)).toEqual([...lengths.flat(), 50]);
    expect(Array.from({ length: 44 }, (_, number) => recipe.rowOfChunk(number))).toEqual([...lengths.flatMap((row, at) => row.map(() => at)), 7]); // prettier-ignore
    expect(Array.from({ length: 8 }, (_, row) => recipe.chunksBefore(row))).toEqual([0, 0, 2, 2, 2, 3, 43, 43]);
    expect(lengths.map((_, row) => Array.from(recipe.chunksOf(row), ({ length }) => length))).toEqual(lengths);
  });

  it('gives chunks their ids later', () => {
    const table = tableWithTemplate();
    // More than one segment of ids, and a tail.
    const count = 10_000;
    table.append({ ...empty, body: BODY_CHUNKS, bodyBytes: count, chunks: Array.from({ length: count }, () => ({ id, length: 1 })) });
    table.pushChunk(id, 5);
    const other = hashBytes(Uint8Array.of(1));
    for (const index of [0, 8191, 8192, count]) table.nameChunk(index, other);
    expect(() => table.nameChunk(count + 1, other)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }));
    const recipe = table.finish(id);
    const named = recipe.row(0).chunks.flatMap((chunk, index) => (equalBytes(chunk.id, other) ? [index] : []));
    expect([named, recipe.tail.map((chunk) => equalBytes(chunk.id, other))]).toEqual([[0, 8191, 8192], [true]]);
  });

  it('copies what it is given', () => {
    const table = createRecipeTable();
    const name = Buffer.from('name');
    const lent = Buffer.alloc(TEMPLATE_BYTES, 7);
    table.template(lent);
    table.append({ ...empty, name });
    name.fill(0);
    lent.fill(0);
    const recipe = table.finish(id);
    expect([recipe.row(0).name, recipe.templates[0]]).toEqual([
      Uint8Array.from(Buffer.from('name')),
      new Uint8Array(TEMPLATE_BYTES).fill(7),
    ]);
  });

  it('pads to whole blocks', () => {
    const padded = [0, 1, 511, 512, 513].map((bodyBytes) => paddingBytes({ bodyBytes, padding: undefined }));
    expect(padded).toEqual([0, 511, 1, 0, 511]);
    expect(paddingBytes({ bodyBytes: 1, padding: new Uint8Array(2) })).toBe(2);
  });

  it('holds half a million rows in well under 100 MB', () => {
    const table = tableWithTemplate();
    const chunk = { id, length: 1000 };
    const row: Row = { ...empty, name: new Uint8Array(60), body: BODY_CHUNKS, bodyBytes: 1000, size: 1000, chunks: [chunk] };
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 500_000; index++) table.append({ ...row, mtime: index, mode: index % 4096 });
    const recipe = table.finish(id);
    globalThis.gc?.();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(90_000_000);
    expect(recipe.rowCount).toBe(500_000);
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
