/**
 * The recipe in memory, by columns (rows.ts). Everybody who makes a recipe (the walk of a stream, the decoders) appends rows here. What
 * is appended is checked, so a finished recipe is consistent in itself, wherever its rows came from.
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
import { BODY_CHUNKS, BODY_INLINE, BODY_NESTED, BODY_NONE, type Recipe, type Row } from './recipe.ts';
import { chunksBefore, createRowColumns, readRow, rowOfChunk, skeletonBytes, writeRow } from './rows.ts';

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
  const columns = createRowColumns();
  const { chunks } = columns;
  const templates: Uint8Array[] = [];
  const templateIndexes = new Map<string, number>();
  const nestingRows: number[] = [];
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
      if (bytes.byteLength !== TEMPLATE_BYTES) throw broken(`a template of ${bytes.byteLength} bytes`);
      for (let index = 0; index < Math.min(templates.length, TEMPLATES_COMPARED); index++) {
        if (equalBytes(templates[index] as Uint8Array, bytes)) return index;
      }
      const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      const known = templateIndexes.get(key);
      if (known !== undefined) return known;
      if (templates.length >= RECIPE_TEMPLATES_MAX) throw tooMuch(`more than ${RECIPE_TEMPLATES_MAX} templates in one recipe`);
      templateIndexes.set(key, templates.length);
      return templates.push(copyBytes(bytes)) - 1;
    },
    pushChunk(id, length) {
      if (id.byteLength !== ID_BYTES || !(length >= 1 && length <= CHUNK_BYTES_MAX)) throw broken(`a chunk of ${length} bytes`);
      chunks.push(id, length);
    },
    nameChunk(index, id) {
      if (id.byteLength !== ID_BYTES || index >= chunks.length) throw broken(`chunk ${index} of ${chunks.length}`);
      chunks.setId(index, id);
    },
    append(row) {
      if (rowCount >= RECIPE_ROWS_MAX) throw tooMuch(`more than ${RECIPE_ROWS_MAX} rows in one recipe`);
      if (skeletonBytes(columns) >= RECIPE_BYTES_MAX) throw tooMuch(`more than ${RECIPE_BYTES_MAX} bytes of skeleton in one recipe`);
      for (const chunk of row.chunks) table.pushChunk(chunk.id, chunk.length);
      checkRow(row, templates.length, chunks.bytes - rowChunksBytes);
      writeRow(columns, rowCount, row);
      if (row.nested) nestingRows.push(rowCount);
      rowChunksBytes = chunks.bytes;
      rowsBytes += BLOCK_BYTES + row.bodyBytes + paddingBytes(row);
      rowCount++;
    },
    setZeroTail(bytes) {
      if (!isNumber(bytes, 0, RECIPE_NUMBER_MAX)) throw broken(`a zero tail of ${bytes} bytes`);
      zeroTail = bytes;
    },
    finish(id) {
      for (const column of Object.values(columns)) column.trim();
      const tail = [...chunks.range(chunksBefore(columns, rowCount), chunks.length)];
      return {
        id,
        bytes: table.bytes,
        templates,
        rowCount,
        row: (index) => readRow(columns, index),
        nestingRows,
        chunkCount: chunks.length,
        chunk: (number) => chunks.at(number),
        chunksOf: (index) => chunks.range(chunksBefore(columns, index), chunksBefore(columns, index + 1)),
        chunksBefore: (index) => chunksBefore(columns, index),
        rowOfChunk: (number) => rowOfChunk(columns, number),
        zeroTail,
        tail,
      };
    },
  };
  return table;
}

/** Bytes between the end of a row's body and the next header. */
export function paddingBytes(row: Pick<Row, 'bodyBytes' | 'padding'>): number {
  if (row.padding) return row.padding.byteLength;
  return (BLOCK_BYTES - (row.bodyBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** Messages are made only for what is wrong: this is done for every row. */
function checkRow(row: Row, templateCount: number, chunkBytes: number): void {
  const { template, literal, size, body, bodyBytes, inline, nested } = row;
  if (template === undefined) check(literal?.byteLength === BLOCK_BYTES, 'a literal header that is not one block');
  else if (literal !== undefined || !isNumber(template, 0, templateCount - 1)) throw broken(`template ${template} of ${templateCount}`);
  if (row.name.byteLength > NAME_BYTES_MAX) throw broken(`a name of ${row.name.byteLength} bytes`);
  if (row.link.byteLength > LINK_BYTES_MAX) throw broken(`a link of ${row.link.byteLength} bytes`);
  if (!(isWord(row.mode) && isWord(row.uid) && isWord(row.gid))) throw broken(`mode, uid or gid ${row.mode}, ${row.uid}, ${row.gid}`);
  if (!isNumber(row.mtime, -RECIPE_NUMBER_MAX, RECIPE_NUMBER_MAX)) throw broken(`mtime ${row.mtime}`);
  if (!isNumber(size, 0, RECIPE_NUMBER_MAX)) throw broken(`size ${size}`);
  if (!isNumber(bodyBytes, 0, RECIPE_NUMBER_MAX)) throw broken(`body of ${bodyBytes} bytes`);
  if (!BODY_KINDS.has(body) || (body === BODY_NONE) !== (bodyBytes === 0)) throw broken(`body of kind ${body}`);
  if (chunkBytes !== (body === BODY_CHUNKS ? bodyBytes : 0)) throw broken(`chunks of ${chunkBytes} bytes for a body of ${bodyBytes}`);
  const inlineBytes = body === BODY_INLINE ? bodyBytes : undefined;
  if (inline?.byteLength !== inlineBytes) throw broken(`an inline body that has not ${bodyBytes} bytes`);
  if ((inlineBytes ?? 0) > TAR_INLINE_BYTES_MAX) throw tooMuch(`an inline body of ${inlineBytes} bytes`);
  check(nested?.byteLength === (body === BODY_NESTED ? ID_BYTES : undefined), 'the id of a nested stream');
  if ((row.padding?.byteLength ?? 0) >= BLOCK_BYTES) throw broken(`padding of ${row.padding?.byteLength} bytes`);
}

function isWord(value: number): boolean {
  return isNumber(value, 0, 0xffffffff);
}

function isNumber(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw broken(what);
}

function broken(what: string): TransferError {
  return new TransferError('INTEGRITY', `recipe: ${what}`);
}

function tooMuch(what: string): TransferError {
  return new TransferError('LIMIT_EXCEEDED', `recipe: ${what}`);
}
