/** A recipe as the bytes that the store keeps: by columns, so that what is alike lies together, and then compressed (RECIPE.md). */
import { releaseBuffers, releaseBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { ID_BYTES } from '../hash.ts';
import { RECIPE_BYTES_MAX } from '../limits.ts';
import { createByteWriter, type ByteWriter } from '../wire/varint.ts';
import { createFrameCompressor, maxCompressedBytes } from '../zstd-context.ts';
import { CODEC_NESTING, CODEC_PLAIN, CODEC_WRAPPED, COLUMN_NAMES, RECIPE_VERSION, zigzag, type ColumnName } from './columns-at-rest.ts';

import { BODY_CHUNKS, BODY_NONE, type Recipe, type Row } from './recipe.ts';

type Writers = Record<ColumnName, ByteWriter>;
/** What a row is written against. */
type Before = Pick<Row, 'name' | 'mode' | 'uid' | 'gid' | 'mtime'>;

const FIRST: Before = { name: new Uint8Array(0), mode: 0, uid: 0, gid: 0, mtime: 0 };

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
  head.byte(codecOf(recipe));
  if (recipe.wrapped !== undefined) {
    head.byte(recipe.wrapped);
    head.varint(recipe.bytes);
  }
  head.varint(columns.byteLength);
  const preface = head.finish();
  // Of the room for it the system gives only what is written.
  const encoded = new Uint8Array(preface.byteLength + maxCompressedBytes(columns.byteLength));
  encoded.set(preface);
  const context = createFrameCompressor({});
  const bytes = context.run(columns, encoded.subarray(preface.byteLength)) as number;
  context.close();
  releaseBytes(columns);
  return encoded.subarray(0, preface.byteLength + bytes);
}

function codecOf({ wrapped, nestingRows }: Recipe): number {
  if (wrapped !== undefined) return CODEC_WRAPPED;
  return nestingRows.length > 0 ? CODEC_NESTING : CODEC_PLAIN;
}

/** Ids, by far the longest column, go straight to their place. */
function encodeColumns(recipe: Recipe): Uint8Array {
  const writers = Object.fromEntries(COLUMN_NAMES.map((name) => [name, createByteWriter()])) as Writers;
  for (const template of recipe.templates) writers.templates.bytes(template);
  writeRows(recipe, writers);
  for (const { length } of recipe.tail) writers.chunkLengths.varint(length);
  const head = createByteWriter();
  head.bytes(recipe.id);
  for (const count of [recipe.templates.length, recipe.rowCount, recipe.zeroTail, recipe.tail.length]) head.varint(count);
  const lengthOf = (name: ColumnName): number => (name === 'chunkIds' ? recipe.chunkCount * ID_BYTES : writers[name].length);
  for (const name of COLUMN_NAMES) head.varint(lengthOf(name));
  const all = createByteWriter(COLUMN_NAMES.reduce((sum, name) => sum + lengthOf(name), head.length));
  all.bytes(head.finish());
  for (const name of COLUMN_NAMES) {
    if (name === 'chunkIds') for (let number = 0; number < recipe.chunkCount; number++) all.bytes(recipe.chunk(number).id);
    const column = writers[name].finish();
    all.bytes(column);
    releaseBuffers([column]);
  }
  return all.finish();
}

function writeRows(recipe: Recipe, writers: Writers): void {
  let before = FIRST;
  let paddedRow = 0;
  for (let index = 0; index < recipe.rowCount; index++) {
    const row = recipe.row(index);
    const { size, body } = row;
    before = writeHeader(row, before, writers);
    writers.sizes.varint(size);
    writers.bodies.byte(body);
    if (body === BODY_NONE && row.padding === undefined) continue;
    const { bodyBytes, inline, nested, padding } = row;
    if (body !== BODY_NONE) writers.bodyBytes.varint(zigzag(bodyBytes - size));
    if (inline) writers.inlineBytes.bytes(inline);
    if (nested) writers.nestedIds.bytes(nested);
    if (body === BODY_CHUNKS) writeChunks(recipe, index, bodyBytes, writers);
    if (padding) {
      writers.paddings.varint(index - paddedRow);
      writers.paddings.varint(padding.byteLength);
      writers.paddingBytes.bytes(padding);
      paddedRow = index;
    }
  }
}

/** @returns what the next row is written against. */
function writeHeader(row: Row, before: Before, writers: Writers): Before {
  const { template, name, link, mode, uid, gid, mtime } = row;
  writers.templateOf.varint(template === undefined ? 0 : template + 1);
  if (template === undefined) writers.literals.bytes(row.literal as Uint8Array);
  const shared = sharedLength(name, before.name);
  writers.nameShared.varint(shared);
  writers.nameRest.varint(name.byteLength - shared);
  writers.nameBytes.bytes(shared === 0 ? name : name.subarray(shared));
  writers.linkLengths.varint(link.byteLength);
  writers.linkBytes.bytes(link);
  writers.modes.varint(zigzag(mode - before.mode));
  writers.uids.varint(zigzag(uid - before.uid));
  writers.gids.varint(zigzag(gid - before.gid));
  writers.mtimes.varint(zigzag(mtime - before.mtime));
  return { name, mode, uid, gid, mtime };
}

/** The last length is not written: it is what the others leave of the body. */
function writeChunks(recipe: Recipe, row: number, bodyBytes: number, writers: Writers): void {
  const count = recipe.chunksBefore(row + 1) - recipe.chunksBefore(row);
  writers.chunkCounts.varint(count);
  if (count < 2) return;
  let left = bodyBytes;
  for (const { length } of recipe.chunksOf(row)) {
    left -= length;
    if (left > 0) writers.chunkLengths.varint(length);
  }
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.byteLength, b.byteLength);
  let shared = 0;
  while (shared < length && a[shared] === b[shared]) shared++;
  return shared;
}
