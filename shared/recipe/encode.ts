/** A recipe as the bytes that the store keeps: by columns, so that what is alike lies together, and then compressed (RECIPE.md). */
import { zstdCompressSync } from 'node:zlib';
import { concatBytes, releaseBuffers, releaseBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { RECIPE_BYTES_MAX } from '../limits.ts';
import { createByteWriter, type ByteWriter } from '../wire/varint.ts';
import { CODEC_PLAIN, CODEC_WRAPPED, COLUMN_NAMES, RECIPE_VERSION, zigzag, type ColumnName } from './columns-at-rest.ts';
import { BODY_CHUNKS, BODY_NONE, type ChunkRef, type Recipe, type Row } from './recipe.ts';

type Writers = Record<ColumnName, ByteWriter>;

/**
 * The encoded form of `recipe`. The same recipe gives the same bytes as long as zstd stays the same; nothing depends on that.
 * @throws TransferError LIMIT_EXCEEDED when the columns have more than `RECIPE_BYTES_MAX` bytes.
 */
export function encodeRecipe(recipe: Recipe): Uint8Array {
  const columns = encodeColumns(recipe);
  if (columns.byteLength > RECIPE_BYTES_MAX) {
    throw new TransferError('LIMIT_EXCEEDED', `a recipe of ${columns.byteLength} bytes, the limit is ${RECIPE_BYTES_MAX}`);
  }
  const head = createByteWriter();
  head.byte(RECIPE_VERSION);
  head.byte(recipe.wrapped === undefined ? CODEC_PLAIN : CODEC_WRAPPED);
  if (recipe.wrapped !== undefined) {
    head.byte(recipe.wrapped);
    head.varint(recipe.bytes);
  }
  head.varint(columns.byteLength);
  const compressed = zstdCompressSync(columns);
  releaseBytes(columns);
  return concatBytes([head.finish(), compressed]);
}

function encodeColumns(recipe: Recipe): Uint8Array {
  const writers = Object.fromEntries(COLUMN_NAMES.map((name) => [name, createByteWriter()])) as Writers;
  for (const template of recipe.templates) writers.templates.bytes(template);
  writeRows(recipe, writers);
  for (const { length } of recipe.tail) writers.chunkLengths.varint(length);
  for (const { id } of recipe.tail) writers.chunkIds.bytes(id);
  const head = createByteWriter();
  head.bytes(recipe.id);
  for (const count of [recipe.templates.length, recipe.rowCount, recipe.zeroTail, recipe.tail.length]) head.varint(count);
  const columns = COLUMN_NAMES.map((name) => writers[name].finish());
  for (const column of columns) head.varint(column.byteLength);
  const all = concatBytes([head.finish(), ...columns]);
  releaseBuffers(columns);
  return all;
}

function writeRows(recipe: Recipe, writers: Writers): void {
  let before: Row | undefined;
  let paddedRow = 0;
  for (let index = 0; index < recipe.rowCount; index++) {
    const row = recipe.row(index);
    writeHeader(row, before, writers);
    writers.bodies.byte(row.body);
    if (row.body !== BODY_NONE) writers.bodyBytes.varint(zigzag(row.bodyBytes - row.size));
    if (row.inline) writers.inlineBytes.bytes(row.inline);
    if (row.nested) writers.nestedIds.bytes(row.nested);
    if (row.body === BODY_CHUNKS) writeChunks(recipe.chunksOf(index), row.bodyBytes, writers);
    if (row.padding) {
      writers.paddings.varint(index - paddedRow);
      writers.paddings.varint(row.padding.byteLength);
      writers.paddingBytes.bytes(row.padding);
      paddedRow = index;
    }
    before = row;
  }
}

function writeHeader(row: Row, before: Row | undefined, writers: Writers): void {
  writers.templateOf.varint(row.template === undefined ? 0 : row.template + 1);
  if (row.literal) writers.literals.bytes(row.literal);
  const shared = before === undefined ? 0 : sharedLength(row.name, before.name);
  writers.nameShared.varint(shared);
  writers.nameRest.varint(row.name.byteLength - shared);
  writers.nameBytes.bytes(row.name.subarray(shared));
  writers.linkLengths.varint(row.link.byteLength);
  writers.linkBytes.bytes(row.link);
  writers.modes.varint(zigzag(row.mode - (before?.mode ?? 0)));
  writers.uids.varint(zigzag(row.uid - (before?.uid ?? 0)));
  writers.gids.varint(zigzag(row.gid - (before?.gid ?? 0)));
  writers.mtimes.varint(zigzag(row.mtime - (before?.mtime ?? 0)));
  writers.sizes.varint(row.size);
}

/** The last length is not written: it is what the others leave of the body. */
function writeChunks(chunks: Iterable<ChunkRef>, bodyBytes: number, writers: Writers): void {
  let count = 0;
  let left = bodyBytes;
  for (const { id, length } of chunks) {
    left -= length;
    if (left > 0) writers.chunkLengths.varint(length);
    writers.chunkIds.bytes(id);
    count++;
  }
  writers.chunkCounts.varint(count);
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.byteLength, b.byteLength);
  let shared = 0;
  while (shared < length && a[shared] === b[shared]) shared++;
  return shared;
}
