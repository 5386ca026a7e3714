/**
 * A recipe rebuilds one stream, byte for byte, from content in the store. The stream is an image layer or a whole
 * `docker save` archive: the outer archive's recipe refers to the layers' recipes as nested streams.
 *
 * The stream is seen as a run of tar headers ("rows"), each followed by a body and padding, and then a tail. Content (file bodies)
 * is apart from the skeleton (headers, padding, end blocks). Whatever does not parse as a tar exactly goes into the tail as plain
 * content, so every stream has a recipe: one that is not a tar has no rows and only a tail. Format: RECIPE.md.
 */
import type { Id } from '../hash.ts';

/** What follows a row's header. */
export const BODY_NONE = 0;
/** Kept in the skeleton itself: pax headers, GNU long names. */
export const BODY_INLINE = 1;
/** Chunks of the store. */
export const BODY_CHUNKS = 2;
/** Another stream with a recipe of its own. */
export const BODY_NESTED = 3;
export type BodyKind = typeof BODY_NONE | typeof BODY_INLINE | typeof BODY_CHUNKS | typeof BODY_NESTED;

/** A reference to content in the store. */
export interface ChunkRef {
  readonly id: Id;
  readonly length: number;
}

/**
 * One 512-byte tar header block and what follows it up to the next header. The extension blocks of old GNU sparse files are rows of
 * their own, kept literally.
 *
 * `template` is the block with name, prefix, mode, uid, gid, size, mtime, checksum and linkname zeroed, plus the formats that say how
 * each of those is written (tar/header.ts); a block that its fields do not give back exactly is kept whole as `literal` and the fields
 * then only inform (name, size).
 */
export interface Row {
  /** Index into `Recipe.templates`; undefined for a literal block. */
  readonly template: number | undefined;
  readonly literal: Uint8Array | undefined;
  /** Raw bytes of the name field with the prefix joined by `/` where there is one; no NUL. */
  readonly name: Uint8Array;
  /** Raw bytes of the linkname field; no NUL. */
  readonly link: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch, as the header says. */
  readonly mtime: number;
  /** Value of the header's own size field. */
  readonly size: number;
  readonly body: BodyKind;
  /** Bytes that really follow the header, without padding; a pax `size` record can make it differ from `size`. */
  readonly bodyBytes: number;
  readonly inline: Uint8Array | undefined;
  /** For BODY_CHUNKS: in order; their lengths sum to `bodyBytes`. */
  readonly chunks: readonly ChunkRef[];
  /** For BODY_NESTED: id of the nested stream; its recipe is in the store under that key. */
  readonly nested: Id | undefined;
  /** What lies between the body and the next header, where that is not zeros up to the next multiple of 512: at most 511 bytes. */
  readonly padding: Uint8Array | undefined;
}

/** What turns a wrapped stream into its plain one and back; the numbers are those of RECIPE.md, "Wrapped streams". */
export const METHOD_GZIP = 1;
export const METHOD_ZSTD = 2;
export type WrapMethod = typeof METHOD_GZIP | typeof METHOD_ZSTD;

export interface Recipe {
  /** BLAKE3 of the rebuilt stream: the recipe's key in the store. */
  readonly id: Id;
  /** Length of the rebuilt stream. */
  readonly bytes: number;
  /** How a row's fields are written: see tar/header.ts. */
  readonly templates: readonly Uint8Array[];
  /** Number of rows. */
  readonly rowCount: number;
  /**
   * A view that reads a field when it is asked for, so one that is needed twice is better kept; it has nothing to copy or spread.
   * @throws TransferError INTERNAL when there is no such row.
   */
  row(index: number): Row;
  /** The rows whose bodies are streams of their own, ascending. */
  readonly nestingRows: readonly number[];
  /** Chunks of all rows and of the tail. */
  readonly chunkCount: number;
  /** The chunk of this number (below `chunkCount`), in the order of the stream. */
  chunk(number: number): ChunkRef;
  /** `row(index).chunks` one by one: a body may have hundreds of thousands. */
  chunksOf(index: number): Iterable<ChunkRef>;
  /** Number of chunks in the rows before `index`; for the row count, before the tail. */
  chunksBefore(index: number): number;
  /** The row that the chunk of this number is part of; the row count for the tail. */
  rowOfChunk(number: number): number;
  /** Zero bytes behind the last row (end-of-archive blocks and blocking factor). */
  readonly zeroTail: number;
  /** Plain content behind rows and zeros: all of a stream that is not a tar. */
  readonly tail: readonly ChunkRef[];
  /** Set where the stream is a compressed one: then the rows are what it is made of, and not its tar headers (wrapped.ts). */
  readonly wrapped?: WrapMethod;
}
