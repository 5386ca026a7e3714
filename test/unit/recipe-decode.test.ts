import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { hashBytes } from '../../shared/hash.ts';
import {
  CHUNK_BYTES_MAX,
  RECIPE_BYTES_MAX,
  RECIPE_CHUNKS_MAX,
  RECIPE_NUMBER_MAX,
  RECIPE_ROWS_MAX,
  RECIPE_TEMPLATES_MAX,
} from '../../shared/limits.ts';
import { COLUMN_NAMES, type ColumnName } from '../../shared/recipe/columns-at-rest.ts';
import { decodeRecipe } from '../../shared/recipe/decode.ts';
import { TEMPLATE_BYTES } from '../../shared/tar/header.ts';
import { createByteWriter } from '../../shared/wire/varint.ts';

const id = hashBytes(new Uint8Array(1));

interface Counts {
  readonly templates?: number;
  readonly rows?: number;
  readonly zeroTail?: number;
  readonly tail?: number;
}

/** A recipe at rest, made by hand. */
function atRest(counts: Counts, columns: Partial<Record<ColumnName, number[] | Uint8Array>>, more: number[] = []): Uint8Array {
  const writer = createByteWriter();
  writer.bytes(id);
  for (const count of [counts.templates, counts.rows, counts.zeroTail, counts.tail]) writer.varint(count ?? 0);
  for (const name of COLUMN_NAMES) writer.varint(columns[name]?.length ?? 0);
  for (const name of COLUMN_NAMES) writer.bytes(Uint8Array.from(columns[name] ?? []));
  writer.bytes(Uint8Array.from(more));
  return compressed(writer.finish());
}

function compressed(columns: Uint8Array, length = columns.byteLength, preface = [1, 0]): Uint8Array {
  const head = createByteWriter();
  for (const byte of preface) head.byte(byte);
  head.varint(length);
  return concatBytes([head.finish(), zstdCompressSync(columns)]);
}

const literal = new Uint8Array(512);
/** Every column of one row without name and body, under a literal header. */
const row = { templateOf: [0], literals: literal, nameShared: [0], nameRest: [0], linkLengths: [0], modes: [0], uids: [0], gids: [0], mtimes: [0], sizes: [0], bodies: [0] }; // prettier-ignore
const one = { rows: 1 };
const chunkRow = { ...row, bodies: [2], bodyBytes: [6], chunkCounts: [1], chunkIds: id };

const integrity: [string, Uint8Array][] = [
  ['nothing', new Uint8Array(0)],
  ['half a preface', Uint8Array.of(1)],
  ['a codec that is not known', compressed(new Uint8Array(60), 60, [1, 2])],
  ['no frame', Uint8Array.of(1, 0, 60)],
  ['a frame that is none', Uint8Array.of(1, 0, 3, 1, 2, 3)],
  ['more columns than it says', compressed(new Uint8Array(60), 59)],
  ['fewer columns than it says', compressed(new Uint8Array(60), 61)],
  ['bytes behind the columns', atRest({}, {}, [0])],
  ['bytes left over in a column', atRest({}, { modes: [0] })],
  ['a column that ends too early', atRest(one, { ...row, sizes: [] })],
  ['a template twice', atRest({ templates: 2 }, { templates: new Uint8Array(2 * TEMPLATE_BYTES) })],
  ['a template that is not there', atRest(one, { ...row, templateOf: [1], literals: [] })],
  ['a name that shares what is not there', atRest(one, { ...row, nameShared: [1] })],
  ['a negative mode', atRest(one, { ...row, modes: [1] })],
  ['an unknown body', atRest(one, { ...row, bodies: [4], bodyBytes: [2] })],
  ['a body of no bytes', atRest(one, { ...row, bodies: [3], bodyBytes: [0], nestedIds: id })],
  ['an inline body that is not there', atRest(one, { ...row, bodies: [1], bodyBytes: [2] })],
  ['an inline body of negative length', atRest(one, { ...row, bodies: [1], bodyBytes: [1] })],
  ['no chunks', atRest(one, { ...chunkRow, chunkCounts: [0], chunkIds: [] })],
  ['chunks longer than the body', atRest(one, { ...chunkRow, chunkCounts: [2], chunkLengths: [4], chunkIds: concatBytes([id, id]) })],
  ['padding for a row that is not there', atRest(one, { ...row, paddings: [1, 0] })],
  ['padding for one row twice', atRest(one, { ...row, paddings: [0, 0, 0, 0] })],
];

const limits: [string, Uint8Array][] = [
  ['columns', compressed(new Uint8Array(60), RECIPE_BYTES_MAX + 1)],
  ['templates', atRest({ templates: RECIPE_TEMPLATES_MAX + 1 }, {})],
  ['rows', atRest({ rows: RECIPE_ROWS_MAX + 1 }, {})],
  ['zeros', atRest({ zeroTail: RECIPE_NUMBER_MAX + 1 }, {})],
  ['chunks in the tail', atRest({ tail: RECIPE_CHUNKS_MAX + 1 }, {})],
  ['bytes of a chunk in the tail', atRest({ tail: 1 }, { chunkLengths: [0x81, 0x80, 0x08], chunkIds: id })],
  ['bytes of a name', atRest(one, { ...row, nameRest: [0x81, 0x02], nameBytes: new Uint8Array(257) })],
  ['bytes of a link', atRest(one, { ...row, linkLengths: [101], linkBytes: new Uint8Array(101) })],
];

describe('decodeRecipe', () => {
  it('reads what is made by hand as the document says', () => {
    const recipe = decodeRecipe(
      atRest({ rows: 1, zeroTail: 100, tail: 1 }, { ...chunkRow, chunkLengths: [0x80, 0x80, 0x08], chunkIds: concatBytes([id, id]) }),
    );
    expect([recipe.row(0).bodyBytes, recipe.row(0).chunks.map(({ length }) => length)]).toEqual([3, [3]]);
    expect([recipe.tail.map(({ length }) => length), recipe.zeroTail, recipe.bytes]).toEqual([
      [CHUNK_BYTES_MAX],
      100,
      512 + 512 + 100 + CHUNK_BYTES_MAX,
    ]);
    expect(decodeRecipe(atRest(one, row)).bytes).toBe(512);
  });

  it.each(integrity)('refuses a recipe with %s', (_, bytes) => {
    expect(() => decodeRecipe(bytes)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }));
  });

  it.each(limits)('refuses one more than the limit of %s', (_, bytes) => {
    expect(() => decodeRecipe(bytes)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });

  it('refuses a version that it does not know', () => {
    expect(() => decodeRecipe(Uint8Array.of(2, 0, 0))).toThrow(expect.objectContaining({ code: 'STORE_VERSION' }));
  });

  it('takes no more memory than it is allowed to', () => {
    const bytes = atRest(one, row);
    expect(decodeRecipe(bytes, 1000).rowCount).toBe(1);
    expect(() => decodeRecipe(bytes, 100)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});
