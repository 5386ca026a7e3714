/**
 * The recipe in memory, by columns: some 40 bytes a row besides its name, and 36 bytes a chunk. Everybody who makes a recipe (the
 * walk of a stream, the decoders) appends rows here; `Row` objects are made on demand. What is appended is checked, so a finished
 * recipe is consistent in itself, wherever its rows came from.
 */
import { copyBytes, equalBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { ID_BYTES, type Id } from '../hash.ts';
import {
  CHUNK_BYTES_MAX,
  RECIPE_BYTES_MAX,
  RECIPE_NUMBER_MAX,
  RECIPE_ROWS_MAX,
  RECIPE_TEMPLATES_MAX,
  TAR_INLINE_BYTES_MAX,
} from '../limits.ts';
import { BLOCK_BYTES, TEMPLATE_BYTES } from '../tar/header.ts';
import { createChunkList } from './chunk-list.ts';
import { createByteHeap, createNumberColumn, createRunColumn, createSparseBytes, createSparseNumbers, words } from './columns.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NESTED, BODY_NONE, type BodyKind, type Recipe, type Row } from './recipe.ts';

/** Longest name: prefix, `/` and name field. */
export const NAME_BYTES_MAX = 256;
export const LINK_BYTES_MAX = 100;

export interface RecipeTable {
  readonly rowCount: number;
  readonly templateCount: number;
  /** Bytes of names, links, literals, inline bodies and padding so far: what `RECIPE_BYTES_MAX` bounds. */
  readonly skeletonBytes: number;
  /** Length of the stream so far. */
  readonly bytes: number;

  /**
   * Index of an equal template, added when it is new.
   * @throws TransferError LIMIT_EXCEEDED above `RECIPE_TEMPLATES_MAX`.
   */
  template(bytes: Uint8Array): number;

  /** Appends a chunk to the body of the row that comes next, or to the tail when none comes. For bodies that stream. */
  pushChunk(id: Uint8Array, length: number): void;

  /** Gives another id to a chunk that was appended or pushed: the one at `index` of all of them. */
  nameChunk(index: number, id: Uint8Array): void;

  /**
   * Appends a row; `row.chunks` follow what `pushChunk` brought. All bytes are copied.
   * @throws TransferError INTEGRITY when the row contradicts itself, LIMIT_EXCEEDED beyond a limit of limits.ts.
   */
  append(row: Row): void;

  /** Zero bytes behind the last row. */
  setZeroTail(bytes: number): void;

  /** Ends the table, which must not be used again. Chunks pushed since the last row are the recipe's tail. */
  finish(id: Id): Recipe;
}

/** The first templates cover nearly all rows: comparing with these is faster than a look-up. */
const TEMPLATES_COMPARED = 8;
const BODY_KINDS: ReadonlySet<number> = new Set([BODY_NONE, BODY_INLINE, BODY_CHUNKS, BODY_NESTED]);

export function createRecipeTable(): RecipeTable {
  const columns = createColumns();
  const { chunks } = columns;
  const templates: Uint8Array[] = [];
  const templateIndexes = new Map<string, number>();
  let rowCount = 0;
  let zeroTail = 0;
  let rowsBytes = 0;
  let rowChunksBytes = 0;

  const table: RecipeTable = {
    get rowCount() {
      return rowCount;
    },
    get templateCount() {
      return templates.length;
    },
    get skeletonBytes() {
      return skeletonBytes(columns);
    },
    get bytes() {
      return rowsBytes + zeroTail + chunks.bytes - rowChunksBytes;
    },
    template(bytes) {
      check(bytes.byteLength === TEMPLATE_BYTES, `a template of ${bytes.byteLength} bytes`);
      for (let index = 0; index < Math.min(templates.length, TEMPLATES_COMPARED); index++) {
        if (equalBytes(templates[index] as Uint8Array, bytes)) return index;
      }
      const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      const known = templateIndexes.get(key);
      if (known !== undefined) return known;
      checkLimit(templates.length < RECIPE_TEMPLATES_MAX, `more than ${RECIPE_TEMPLATES_MAX} templates in one recipe`);
      templateIndexes.set(key, templates.length);
      return templates.push(copyBytes(bytes)) - 1;
    },
    pushChunk(id, length) {
      check(id.byteLength === ID_BYTES && length >= 1 && length <= CHUNK_BYTES_MAX, `a chunk of ${length} bytes`);
      chunks.push(id, length);
    },
    nameChunk(index, id) {
      check(id.byteLength === ID_BYTES && index < chunks.length, `chunk ${index} of ${chunks.length}`);
      chunks.setId(index, id);
    },
    append(row) {
      checkLimit(rowCount < RECIPE_ROWS_MAX, `more than ${RECIPE_ROWS_MAX} rows in one recipe`);
      checkLimit(skeletonBytes(columns) < RECIPE_BYTES_MAX, `more than ${RECIPE_BYTES_MAX} bytes of skeleton in one recipe`);
      for (const chunk of row.chunks) table.pushChunk(chunk.id, chunk.length);
      checkRow(row, templates.length, chunks.bytes - rowChunksBytes);
      writeRow(columns, rowCount, row);
      rowChunksBytes = chunks.bytes;
      rowsBytes += BLOCK_BYTES + row.bodyBytes + paddingBytes(row);
      rowCount++;
    },
    setZeroTail(bytes) {
      check(isNumber(bytes, 0, RECIPE_NUMBER_MAX), `a zero tail of ${bytes} bytes`);
      zeroTail = bytes;
    },
    finish(id) {
      for (const column of Object.values(columns)) column.trim();
      const tail = [...chunks.range(startOf(columns.chunkEnds, rowCount), chunks.length)];
      return {
        id,
        bytes: table.bytes,
        templates,
        rowCount,
        row: (index) => readRow(columns, index, rowCount),
        chunksOf: (index) => chunks.range(startOf(columns.chunkEnds, index), columns.chunkEnds.at(index)),
        zeroTail,
        tail,
      };
    },
  };
  return table;
}

const octets = (length: number): Uint8Array => new Uint8Array(length);
const doubles = (length: number): Float64Array => new Float64Array(length);

type Columns = ReturnType<typeof createColumns>;

function createColumns() {
  return {
    /** 0 for a literal, else the template's index + 1. */
    templates: createNumberColumn((length) => new Uint16Array(length)),
    literals: createSparseBytes('header blocks of one recipe', RECIPE_BYTES_MAX),
    names: createByteHeap('names of one recipe', RECIPE_BYTES_MAX),
    nameEnds: createNumberColumn(words),
    links: createByteHeap('links of one recipe', RECIPE_BYTES_MAX),
    linkEnds: createNumberColumn(words),
    modes: createNumberColumn(words),
    uids: createRunColumn(),
    gids: createRunColumn(),
    mtimes: createNumberColumn(doubles),
    sizes: createNumberColumn(doubles),
    bodies: createNumberColumn(octets),
    /** Only where it differs from the size in a row that has a body. */
    bodyBytes: createSparseNumbers(),
    inlines: createSparseBytes('inline bodies of one recipe', RECIPE_BYTES_MAX),
    chunks: createChunkList(),
    chunkEnds: createNumberColumn(words),
    nested: createSparseBytes('nested streams of one recipe', RECIPE_BYTES_MAX),
    paddings: createSparseBytes('padding of one recipe', RECIPE_BYTES_MAX),
  };
}

function skeletonBytes({ names, links, literals, inlines, paddings }: Columns): number {
  return names.length + links.length + literals.byteLength + inlines.byteLength + paddings.byteLength;
}

function writeRow(columns: Columns, index: number, row: Row): void {
  columns.templates.push(row.template === undefined ? 0 : row.template + 1);
  if (row.literal) columns.literals.set(index, row.literal);
  columns.names.append(row.name);
  columns.nameEnds.push(columns.names.length);
  columns.links.append(row.link);
  columns.linkEnds.push(columns.links.length);
  columns.modes.push(row.mode);
  columns.uids.push(row.uid);
  columns.gids.push(row.gid);
  columns.mtimes.push(row.mtime);
  columns.sizes.push(row.size);
  columns.bodies.push(row.body);
  columns.chunkEnds.push(columns.chunks.length);
  if (row.body !== BODY_NONE && row.bodyBytes !== row.size) columns.bodyBytes.set(index, row.bodyBytes);
  if (row.inline) columns.inlines.set(index, row.inline);
  if (row.nested) columns.nested.set(index, row.nested);
  if (row.padding) columns.paddings.set(index, row.padding);
}

function readRow(columns: Columns, index: number, rowCount: number): Row {
  if (!(index >= 0 && index < rowCount)) throw new TransferError('INTERNAL', `row ${index} of a recipe of ${rowCount} rows`);
  const template = columns.templates.at(index);
  const body = columns.bodies.at(index) as BodyKind;
  const size = columns.sizes.at(index);
  return {
    template: template === 0 ? undefined : template - 1,
    literal: template === 0 ? columns.literals.get(index) : undefined,
    name: columns.names.view(startOf(columns.nameEnds, index), columns.nameEnds.at(index)),
    link: columns.links.view(startOf(columns.linkEnds, index), columns.linkEnds.at(index)),
    mode: columns.modes.at(index),
    uid: columns.uids.at(index),
    gid: columns.gids.at(index),
    mtime: columns.mtimes.at(index),
    size,
    body,
    bodyBytes: body === BODY_NONE ? 0 : (columns.bodyBytes.get(index) ?? size),
    inline: body === BODY_INLINE ? columns.inlines.get(index) : undefined,
    get chunks() {
      return [...columns.chunks.range(startOf(columns.chunkEnds, index), columns.chunkEnds.at(index))];
    },
    nested: body === BODY_NESTED ? (columns.nested.get(index) as Id) : undefined,
    padding: columns.paddings.get(index),
  };
}

/** Bytes between the end of a row's body and the next header. */
export function paddingBytes(row: Pick<Row, 'bodyBytes' | 'padding'>): number {
  if (row.padding) return row.padding.byteLength;
  return (BLOCK_BYTES - (row.bodyBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

function startOf(ends: { at(index: number): number }, index: number): number {
  return index === 0 ? 0 : ends.at(index - 1);
}

function checkRow(row: Row, templateCount: number, chunkBytes: number): void {
  if (row.template === undefined) check(row.literal?.byteLength === BLOCK_BYTES, 'a literal header that is not one block');
  else check(row.literal === undefined && isNumber(row.template, 0, templateCount - 1), `template ${row.template} of ${templateCount}`);
  check(row.name.byteLength <= NAME_BYTES_MAX, `a name of ${row.name.byteLength} bytes`);
  check(row.link.byteLength <= LINK_BYTES_MAX, `a link of ${row.link.byteLength} bytes`);
  for (const value of [row.mode, row.uid, row.gid]) check(isNumber(value, 0, 0xffffffff), `mode, uid or gid ${value}`);
  check(isNumber(row.mtime, -RECIPE_NUMBER_MAX, RECIPE_NUMBER_MAX), `mtime ${row.mtime}`);
  check(isNumber(row.size, 0, RECIPE_NUMBER_MAX), `size ${row.size}`);
  check(isNumber(row.bodyBytes, 0, RECIPE_NUMBER_MAX), `body of ${row.bodyBytes} bytes`);
  check(BODY_KINDS.has(row.body) && (row.body === BODY_NONE) === (row.bodyBytes === 0), `body of kind ${row.body}`);
  check(chunkBytes === (row.body === BODY_CHUNKS ? row.bodyBytes : 0), `chunks of ${chunkBytes} bytes for a body of ${row.bodyBytes}`);
  const inlineBytes = row.body === BODY_INLINE ? row.bodyBytes : undefined;
  check(row.inline?.byteLength === inlineBytes, `an inline body that has not ${row.bodyBytes} bytes`);
  checkLimit((inlineBytes ?? 0) <= TAR_INLINE_BYTES_MAX, `an inline body of ${inlineBytes} bytes`);
  check(row.nested?.byteLength === (row.body === BODY_NESTED ? ID_BYTES : undefined), 'the id of a nested stream');
  check((row.padding?.byteLength ?? 0) < BLOCK_BYTES, `padding of ${row.padding?.byteLength} bytes`);
}

function isNumber(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new TransferError('INTEGRITY', `recipe: ${what}`);
}

function checkLimit(holds: boolean, what: string): void {
  if (!holds) throw new TransferError('LIMIT_EXCEEDED', `recipe: ${what}`);
}
