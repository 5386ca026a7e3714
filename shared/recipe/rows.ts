/** The rows of a recipe by columns: some 40 bytes a row besides its name, and 36 bytes a chunk. Nothing is checked here (table.ts). */
import { TransferError } from '../errors.ts';
import type { Id } from '../hash.ts';
import { RECIPE_BYTES_MAX } from '../limits.ts';
import { createChunkList } from './chunk-list.ts';
import {
  createByteHeap,
  createNumberColumn,
  createRunColumn,
  createSparseBytes,
  createSparseNumbers,
  lastUpTo,
  words,
  type NumberColumn,
} from './columns.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NESTED, BODY_NONE, type BodyKind, type ChunkRef, type Row } from './recipe.ts';

export type RowColumns = ReturnType<typeof createRowColumns>;

const octets = (length: number): Uint8Array => new Uint8Array(length);
const doubles = (length: number): Float64Array => new Float64Array(length);

export function createRowColumns() {
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

/** Bytes that `RECIPE_BYTES_MAX` bounds. */
export function skeletonBytes({ names, links, literals, inlines, paddings }: RowColumns): number {
  return names.length + links.length + literals.byteLength + inlines.byteLength + paddings.byteLength;
}

/** Appends row number `index`; its chunks are in the list already. */
export function writeRow(columns: RowColumns, index: number, row: Row): void {
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

const NOTHING = new Uint8Array(0);
const NO_CHUNKS: readonly ChunkRef[] = [];

/** A place in the columns. Each field is read when it is asked for: most who go through a recipe want two or three of each row. */
class RowView implements Row {
  readonly #columns: RowColumns;
  readonly #index: number;

  constructor(columns: RowColumns, index: number) {
    this.#columns = columns;
    this.#index = index;
  }

  get template(): number | undefined {
    const number = this.#columns.templates.at(this.#index);
    return number === 0 ? undefined : number - 1;
  }

  get literal(): Uint8Array | undefined {
    return this.#columns.templates.at(this.#index) === 0 ? this.#columns.literals.get(this.#index) : undefined;
  }

  get name(): Uint8Array {
    const { names, nameEnds } = this.#columns;
    return names.view(startOf(nameEnds, this.#index), nameEnds.at(this.#index));
  }

  get link(): Uint8Array {
    const { links, linkEnds } = this.#columns;
    const start = startOf(linkEnds, this.#index);
    const end = linkEnds.at(this.#index);
    return start === end ? NOTHING : links.view(start, end);
  }

  get mode(): number {
    return this.#columns.modes.at(this.#index);
  }

  get uid(): number {
    return this.#columns.uids.at(this.#index);
  }

  get gid(): number {
    return this.#columns.gids.at(this.#index);
  }

  get mtime(): number {
    return this.#columns.mtimes.at(this.#index);
  }

  get size(): number {
    return this.#columns.sizes.at(this.#index);
  }

  get body(): BodyKind {
    return this.#columns.bodies.at(this.#index) as BodyKind;
  }

  get bodyBytes(): number {
    return this.body === BODY_NONE ? 0 : (this.#columns.bodyBytes.get(this.#index) ?? this.size);
  }

  get inline(): Uint8Array | undefined {
    return this.body === BODY_INLINE ? this.#columns.inlines.get(this.#index) : undefined;
  }

  get chunks(): readonly ChunkRef[] {
    if (this.body !== BODY_CHUNKS) return NO_CHUNKS;
    const { chunks, chunkEnds } = this.#columns;
    return [...chunks.range(startOf(chunkEnds, this.#index), chunkEnds.at(this.#index))];
  }

  get nested(): Id | undefined {
    return this.body === BODY_NESTED ? (this.#columns.nested.get(this.#index) as Id) : undefined;
  }

  get padding(): Uint8Array | undefined {
    return this.#columns.paddings.get(this.#index);
  }
}

/** @throws TransferError INTERNAL when there is no such row. */
export function readRow(columns: RowColumns, index: number): Row {
  const rowCount = columns.bodies.length;
  if (!(index >= 0 && index < rowCount)) throw new TransferError('INTERNAL', `row ${index} of a recipe of ${rowCount} rows`);
  return new RowView(columns, index);
}

/** Number of chunks in the rows before `index`. */
export function chunksBefore({ chunkEnds }: RowColumns, index: number): number {
  return startOf(chunkEnds, index);
}

/** The row that the chunk of this number stands in; the row count for one behind them. */
export function rowOfChunk({ chunkEnds }: RowColumns, number: number): number {
  return lastUpTo(chunkEnds, number) + 1;
}

function startOf(ends: NumberColumn, index: number): number {
  return index === 0 ? 0 : ends.at(index - 1);
}
