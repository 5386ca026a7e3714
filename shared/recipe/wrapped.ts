/**
 * The recipe of a wrapped stream, one that is compressed: two rows that stand for no tar header, `plain` (a nested stream, the plain
 * bytes) and `reconstruction` (content: what is needed beside those to make the very same compressed bytes again). RECIPE.md, "Wrapped
 * streams".
 */
import { utf8 } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import type { Id } from '../hash.ts';
import { RECIPE_NUMBER_MAX, RECONSTRUCTION_BYTES_MAX } from '../limits.ts';
import { TEMPLATE_BYTES } from '../tar/header.ts';
import {
  BODY_CHUNKS,
  BODY_NESTED,
  BODY_NONE,
  METHOD_GZIP,
  METHOD_ZSTD,
  type ChunkRef,
  type Recipe,
  type Row,
  type WrapMethod,
} from './recipe.ts';
import { createRecipeTable } from './table.ts';

/** What is said of a wrapped stream beside its rows. */
export interface Wrapping {
  readonly method: WrapMethod;
  /** Length of the compressed stream. */
  readonly bytes: number;
}

export interface WrappedParts extends Wrapping {
  /** Of the compressed stream. */
  readonly id: Id;
  readonly plain: { readonly id: Id; readonly bytes: number };
  readonly reconstruction: Iterable<ChunkRef>;
}

const PLAIN_ROW = 0;
const RECONSTRUCTION_ROW = 1;
const NAMES = [utf8('plain'), utf8('reconstruction')];
const METHODS: ReadonlySet<number> = new Set([METHOD_GZIP, METHOD_ZSTD]);

export function makeWrappedRecipe({ id, bytes, method, plain, reconstruction }: WrappedParts): Recipe {
  const table = createRecipeTable();
  const template = table.template(new Uint8Array(TEMPLATE_BYTES));
  const row = { template, literal: undefined, link: utf8(''), mode: 0, uid: 0, gid: 0, mtime: 0, inline: undefined, padding: undefined }; // prettier-ignore
  const append = (index: number, length: number, body: Pick<Row, 'body' | 'nested' | 'chunks'>): void =>
    table.append({ ...row, ...body, name: NAMES[index] as Uint8Array, size: length, bodyBytes: length });
  const chunks = [...reconstruction];
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  append(PLAIN_ROW, plain.bytes, { body: plain.bytes === 0 ? BODY_NONE : BODY_NESTED, nested: plain.bytes === 0 ? undefined : plain.id, chunks: [] }); // prettier-ignore
  append(RECONSTRUCTION_ROW, length, { body: length === 0 ? BODY_NONE : BODY_CHUNKS, nested: undefined, chunks });
  return wrap(table.finish(id), { method, bytes });
}

/**
 * A recipe whose rows came from outside, as that of a wrapped stream.
 * @throws TransferError INTEGRITY where the rows are not the two that it has, LIMIT_EXCEEDED for a reconstruction that is too long.
 */
export function wrap(rows: Recipe, { method, bytes }: Wrapping): Recipe {
  holds(METHODS.has(method), `method ${method}`);
  holds(Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= RECIPE_NUMBER_MAX, `${bytes} bytes`);
  holds(rows.rowCount === 2 && rows.zeroTail === 0 && rows.tail.length === 0, `${rows.rowCount} rows`);
  const [plain, reconstruction] = [rows.row(PLAIN_ROW), rows.row(RECONSTRUCTION_ROW)];
  holds(plain.body === BODY_NESTED || plain.body === BODY_NONE, 'its first row is no stream');
  holds(reconstruction.body === BODY_CHUNKS || reconstruction.body === BODY_NONE, 'its second row is no content');
  if (reconstruction.bodyBytes > RECONSTRUCTION_BYTES_MAX) {
    throw new TransferError('LIMIT_EXCEEDED', `a reconstruction of ${reconstruction.bodyBytes} bytes, the limit is ${RECONSTRUCTION_BYTES_MAX}`); // prettier-ignore
  }
  return { ...rows, bytes, wrapped: method };
}

function holds(isSo: boolean, what: string): void {
  if (!isSo) throw new TransferError('INTEGRITY', `the recipe of a wrapped stream: ${what}`);
}

/** The stream of its plain bytes; undefined where there are none, and for every other recipe. */
export function plainOf(recipe: Recipe): { readonly id: Id; readonly bytes: number } | undefined {
  if (recipe.wrapped === undefined) return undefined;
  const { nested, bodyBytes } = recipe.row(PLAIN_ROW);
  return nested && { id: nested, bytes: bodyBytes };
}

/** What is said of it beside its rows; undefined for a recipe of another kind. */
export function wrappingOf({ wrapped, bytes }: Recipe): Wrapping | undefined {
  return wrapped === undefined ? undefined : { method: wrapped, bytes };
}

export function reconstructionOf(recipe: Recipe): readonly ChunkRef[] {
  return recipe.row(RECONSTRUCTION_ROW).chunks;
}
