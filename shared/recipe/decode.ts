/** Reads what encode.ts wrote. Nothing in the bytes is trusted: counts and lengths are checked before memory is taken for them. */
import { releaseBuffers, releaseBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { ID_BYTES, type Id } from '../hash.ts';
import {
  CHUNK_BYTES_MAX,
  RECIPE_BYTES_MAX,
  RECIPE_CHUNKS_MAX,
  RECIPE_NUMBER_MAX,
  RECIPE_ROWS_MAX,
  RECIPE_TEMPLATES_MAX,
} from '../limits.ts';
import { BLOCK_BYTES, TEMPLATE_BYTES } from '../tar/header.ts';
import { createByteReader, type ByteReader } from '../wire/varint.ts';
import { createFrameExpander } from '../zstd-context.ts';
import { CODEC_NESTING, CODEC_PLAIN, CODEC_WRAPPED, COLUMN_NAMES, RECIPE_VERSION, unzigzag, type ColumnName } from './columns-at-rest.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NESTED, BODY_NONE, type BodyKind, type Recipe, type Row, type WrapMethod } from './recipe.ts';
import { createRecipeTable, LINK_BYTES_MAX, NAME_BYTES_MAX, type RecipeTable } from './table.ts';
import { wrap, type Wrapping } from './wrapped.ts';

type Readers = Record<ColumnName, ByteReader>;

/** What the header of row before says: the next one is written as the difference to it. */
type Before = Pick<Row, 'name' | 'mode' | 'uid' | 'gid' | 'mtime'>;

const NOTHING: Uint8Array = new Uint8Array(0);
const NO_CHUNKS: Row['chunks'] = [];

/**
 * The recipe that `encodeRecipe` wrote. Keeps no reference to `bytes`.
 * @param bytesMax refuses columns larger than this before taking memory for them.
 * @throws TransferError INTEGRITY when the bytes are no recipe, STORE_VERSION when they are of a newer version,
 *   LIMIT_EXCEEDED beyond a limit of limits.ts.
 */
export function decodeRecipe(bytes: Uint8Array, bytesMax = RECIPE_BYTES_MAX): Recipe {
  return decode(bytes, bytesMax, () => undefined);
}

/** The same, for bytes that nobody else needs: their memory is given back before that of the recipe is taken. */
export function takeRecipe(bytes: Uint8Array): Recipe {
  return decode(bytes, RECIPE_BYTES_MAX, () => releaseBuffers([bytes]));
}

/** @param onExpanded called when the bytes are not needed any more. */
function decode(bytes: Uint8Array, bytesMax: number, onExpanded: () => void): Recipe {
  try {
    const reader = createByteReader(bytes);
    const wrapping = readPreface(reader);
    const columns = expand(reader, Math.min(bytesMax, RECIPE_BYTES_MAX));
    onExpanded();
    const rows = decodeColumns(columns);
    releaseBytes(columns);
    return wrapping === undefined ? rows : wrap(rows, wrapping);
  } catch (error) {
    if (error instanceof TransferError && error.code === 'PROTOCOL_VIOLATION') throw damaged(error.message, error);
    throw error;
  }
}

/** What a recipe says before its columns; undefined where that is nothing. */
function readPreface(reader: ByteReader): Wrapping | undefined {
  const version = reader.byte('the version');
  if (version !== RECIPE_VERSION) throw new TransferError('STORE_VERSION', `a recipe of version ${version}, known is ${RECIPE_VERSION}`);
  const codec = reader.byte('the codec');
  if (codec === CODEC_PLAIN || codec === CODEC_NESTING) return undefined;
  if (codec !== CODEC_WRAPPED) throw damaged(`codec ${codec}`);
  return { method: reader.byte('the method') as WrapMethod, bytes: reader.varint('the length of the stream', RECIPE_NUMBER_MAX) };
}

/**
 * Whether these are the bytes of a recipe that names other streams: told by its first two bytes, so that a large one of another kind need not
 * be decoded.
 */
export function isNestingAtRest(bytes: Uint8Array): boolean {
  return bytes[0] === RECIPE_VERSION && bytes[1] !== CODEC_PLAIN;
}

function expand(reader: ByteReader, bytesMax: number): Uint8Array {
  const length = reader.varint('the length of the columns', bytesMax);
  const columns = new Uint8Array(length);
  const context = createFrameExpander();
  const isWhole = context.run(reader.rest(), columns) !== undefined;
  context.close();
  if (!isWhole) throw damaged(`its columns do not expand to ${length} bytes`);
  return columns;
}

function decodeColumns(bytes: Uint8Array): Recipe {
  const reader = createByteReader(bytes);
  const id = reader.bytes(ID_BYTES, 'the id') as Id;
  const templateCount = reader.varint('the number of templates', RECIPE_TEMPLATES_MAX);
  const rowCount = reader.varint('the number of rows', RECIPE_ROWS_MAX);
  const zeroTail = reader.varint('the zero tail', RECIPE_NUMBER_MAX);
  const tailCount = reader.varint('the number of chunks in the tail', RECIPE_CHUNKS_MAX);
  const lengths = COLUMN_NAMES.map((name) => reader.varint(`the length of ${name}`, bytes.byteLength));
  const columns = lengths.map((length, index) => createByteReader(reader.bytes(length, `column ${COLUMN_NAMES[index]}`)));
  const readers = Object.fromEntries(COLUMN_NAMES.map((name, index) => [name, columns[index]])) as Readers;
  const table = createRecipeTable();
  for (let index = 0; index < templateCount; index++) {
    if (table.template(readers.templates.bytes(TEMPLATE_BYTES, 'templates')) !== index) throw damaged('a template stands in it twice');
  }
  readRows(readers, rowCount, table);
  for (let index = 0; index < tailCount; index++) {
    const length = readers.chunkLengths.varint('chunkLengths', CHUNK_BYTES_MAX);
    table.pushChunk(readers.chunkIds.bytes(ID_BYTES, 'chunkIds'), length);
  }
  table.setZeroTail(zeroTail);
  for (const [name, column] of [['the columns', reader] as const, ...Object.entries(readers)]) {
    if (column.remaining > 0) throw damaged(`${column.remaining} bytes are left over in ${name}`);
  }
  return table.finish(new Uint8Array(id) as Id);
}

function readRows(readers: Readers, rowCount: number, table: RecipeTable): void {
  // A name that is too long is found out by the table.
  const names = new Uint8Array(2 * NAME_BYTES_MAX);
  let before: Before = { name: NOTHING, mode: 0, uid: 0, gid: 0, mtime: 0 };
  let paddedRow = 0;
  const nextPadded = (): number =>
    readers.paddings.remaining === 0 ? rowCount : paddedRow + readers.paddings.varint('paddings', rowCount);
  paddedRow = nextPadded();
  for (let index = 0; index < rowCount; index++) {
    let padding: Uint8Array | undefined;
    if (index === paddedRow) {
      padding = readers.paddingBytes.bytes(readers.paddings.varint('paddings', BLOCK_BYTES), 'paddingBytes');
      paddedRow = nextPadded();
    }
    const row = readRow(readers, before, names, padding, table);
    table.append(row);
    before = row;
  }
}

/**
 * Chunks go to the table at once, not through the row: a body may have millions.
 * @param names the name before, and then this one: they mostly begin alike.
 */
function readRow(readers: Readers, before: Before, names: Uint8Array, padding: Row['padding'], table: RecipeTable): Row {
  const template = readers.templateOf.varint('templateOf', RECIPE_TEMPLATES_MAX);
  const shared = readers.nameShared.varint('nameShared', NAME_BYTES_MAX);
  if (shared > before.name.byteLength) throw damaged(`a name shares ${shared} bytes with one of ${before.name.byteLength}`);
  const rest = readers.nameBytes.bytes(readers.nameRest.varint('nameRest', NAME_BYTES_MAX), 'nameBytes');
  names.set(rest, shared);
  const size = readers.sizes.varint('sizes');
  const body = readers.bodies.byte('bodies') as BodyKind;
  const bodyBytes = body === BODY_NONE ? 0 : size + unzigzag(readers.bodyBytes.varint('bodyBytes'));
  if (body === BODY_CHUNKS) readChunks(readers, bodyBytes, table);
  return {
    template: template === 0 ? undefined : template - 1,
    literal: template === 0 ? readers.literals.bytes(BLOCK_BYTES, 'literals') : undefined,
    name: names.subarray(0, shared + rest.byteLength),
    link: readers.linkBytes.bytes(readers.linkLengths.varint('linkLengths', LINK_BYTES_MAX), 'linkBytes'),
    mode: before.mode + unzigzag(readers.modes.varint('modes')),
    uid: before.uid + unzigzag(readers.uids.varint('uids')),
    gid: before.gid + unzigzag(readers.gids.varint('gids')),
    mtime: before.mtime + unzigzag(readers.mtimes.varint('mtimes')),
    size,
    body,
    bodyBytes,
    inline: body === BODY_INLINE ? readers.inlineBytes.bytes(bodyBytes, 'inlineBytes') : undefined,
    chunks: NO_CHUNKS,
    nested: body === BODY_NESTED ? (readers.nestedIds.bytes(ID_BYTES, 'nestedIds') as Id) : undefined,
    padding,
  };
}

function readChunks(readers: Readers, bodyBytes: number, table: RecipeTable): void {
  let left = bodyBytes;
  const count = readers.chunkCounts.varint('chunkCounts', RECIPE_CHUNKS_MAX);
  for (let index = 0; index < count; index++) {
    const length = index < count - 1 ? readers.chunkLengths.varint('chunkLengths', CHUNK_BYTES_MAX) : left;
    table.pushChunk(readers.chunkIds.bytes(ID_BYTES, 'chunkIds'), length);
    left -= length;
  }
}

function damaged(what: string, cause?: unknown): TransferError {
  return new TransferError('INTEGRITY', `recipe: ${what}`, { cause });
}
