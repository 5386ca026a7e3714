/**
 * Walks a tar that arrives in any pieces: every byte of it comes out exactly once, as part of a row (header, body, padding), as a
 * zero behind the last row, or as tail. Bytes are never refused: from the first block that is no header, the rest is tail.
 *
 * One header block is one row, also those that only describe the next (pax headers, GNU long names): their bodies are kept inline. The
 * extension blocks of old GNU sparse files are rows of their own, kept literally; the last of them has the file's body.
 */
import { copyBytes, isZero } from '../bytes.ts';
import { RECIPE_NUMBER_MAX, TAR_INLINE_BYTES_MAX } from '../limits.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NONE, type Row } from '../recipe/recipe.ts';
import { BLOCK_BYTES, parseHeader, type TarHeader } from './header.ts';
import { paxSize } from './pax.ts';

/** Gets what a walk finds, in stream order. Pieces are views that may change after the call. */
export interface TarHandler {
  /**
   * Index of a header's template, or undefined when the header shall be kept literally. The bytes are only lent.
   */
  template(bytes: Uint8Array): number | undefined;
  /** Whether another row may come; if not, all that follows is tail. */
  acceptsRow(): boolean;
  /** A body begins that comes in pieces. @param bytes its length, unless the stream ends before it. */
  bodyStart(header: TarHeader, bytes: number): void;
  body(piece: Uint8Array): void;
  /** A row is complete. A body that came in pieces is announced as BODY_CHUNKS, without the chunks. */
  row(row: Row, typeflag: number): void;
  tail(piece: Uint8Array): void;
}

export interface TarEnd {
  /** Zero bytes behind the last row. */
  readonly zeroTail: number;
  /** The stream ended inside a header, a body or its padding. */
  readonly isTruncated: boolean;
}

export interface TarWalk {
  write(bytes: Uint8Array): void;
  /** The stream ends; completes the last row. The walk must not be used again. */
  end(): TarEnd;
}

type State = 'header' | 'extension' | 'body' | 'padding' | 'zeros' | 'tail';

/** A row whose body or padding is still to come. */
interface OpenRow {
  readonly row: Omit<Row, 'body' | 'bodyBytes' | 'inline' | 'padding'>;
  readonly typeflag: number;
  /** Body bytes announced. */
  readonly bytes: number;
  readonly inline: Uint8Array | undefined;
}

const TYPE = { link: 0x31, symlink: 0x32, character: 0x33, block: 0x34, folder: 0x35, fifo: 0x36 } as const;
/** Nothing follows these, whatever their size field says (as Go's archive/tar reads them). */
const BODILESS: ReadonlySet<number> = new Set(Object.values(TYPE));
const PAX_NEXT = 0x78;
const GNU_SPARSE = 0x53;
/** These describe the next entry (or all that follow): pax `x` and `g`, GNU `L` and `K`. */
const DESCRIBING: ReadonlySet<number> = new Set([PAX_NEXT, 0x67, 0x4c, 0x4b]);
/** Offset of the flag that a sparse map goes on in the next block: in a header, in an extension block. */
const SPARSE_MORE_AT = 482;
const EXTENSION_MORE_AT = 504;

export function createTarWalk(handler: TarHandler): TarWalk {
  return new Walk(handler);
}

class Walk implements TarWalk {
  readonly #handler: TarHandler;
  #state: State = 'header';
  /** A block, or padding, that arrives in pieces. */
  readonly #gathered = new Uint8Array(BLOCK_BYTES);
  #gatheredBytes = 0;
  #open: OpenRow | undefined;
  #bodyLeft = 0;
  #zeroTail = 0;
  /** From a pax header, for the next entry that is not itself describing. */
  #paxSize: number | undefined;
  /** The sparse header whose extension blocks are being read, and the bytes of its body. */
  #sparse: TarHeader | undefined;
  #sparseBytes = 0;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) at += this.#step(bytes, at);
  }

  end(): TarEnd {
    const rest = copyBytes(this.#gathered.subarray(0, this.#gatheredBytes));
    let isTruncated = true;
    if (this.#open) {
      this.#closeRow(rest);
    } else {
      isTruncated = this.#state === 'extension' || !isZero(rest);
      if (isTruncated) this.#handler.tail(rest);
      else this.#zeroTail += rest.byteLength;
    }
    return { zeroTail: this.#zeroTail, isTruncated };
  }

  /** Takes what the state can take of `bytes` from `at` on; returns how much, at least one byte. */
  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'header':
      case 'extension':
        return this.#takeBlock(bytes, at);
      case 'body':
        return this.#takeBody(bytes, at);
      case 'padding':
        return this.#takePadding(bytes, at);
      case 'zeros':
        return this.#takeZeros(bytes, at);
      default:
        this.#handler.tail(bytes.subarray(at));
        return bytes.byteLength - at;
    }
  }

  #takeBlock(bytes: Uint8Array, at: number): number {
    if (this.#gatheredBytes === 0 && bytes.byteLength - at >= BLOCK_BYTES) {
      this.#onBlock(bytes.subarray(at, at + BLOCK_BYTES));
      return BLOCK_BYTES;
    }
    const count = this.#gather(bytes, at, BLOCK_BYTES);
    if (this.#gatheredBytes === BLOCK_BYTES) {
      this.#gatheredBytes = 0;
      this.#onBlock(this.#gathered);
    }
    return count;
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#bodyLeft, bytes.byteLength - at);
    const piece = bytes.subarray(at, at + count);
    const { inline, bytes: total } = this.#open as OpenRow;
    if (inline) inline.set(piece, total - this.#bodyLeft);
    else this.#handler.body(piece);
    this.#bodyLeft -= count;
    if (this.#bodyLeft === 0) {
      if (total % BLOCK_BYTES === 0) this.#closeRow();
      else this.#state = 'padding';
    }
    return count;
  }

  #takePadding(bytes: Uint8Array, at: number): number {
    const wanted = BLOCK_BYTES - ((this.#open as OpenRow).bytes % BLOCK_BYTES);
    const count = this.#gather(bytes, at, wanted);
    const padding = this.#gathered.subarray(0, wanted);
    if (this.#gatheredBytes === wanted) this.#closeRow(isZero(padding) ? undefined : copyBytes(padding));
    return count;
  }

  #takeZeros(bytes: Uint8Array, at: number): number {
    const count = leadingZeros(bytes, at);
    this.#zeroTail += count;
    if (at + count === bytes.byteLength) return count;
    this.#state = 'tail';
    return count + this.#step(bytes, at + count);
  }

  #gather(bytes: Uint8Array, at: number, wanted: number): number {
    const count = Math.min(wanted - this.#gatheredBytes, bytes.byteLength - at);
    this.#gathered.set(bytes.subarray(at, at + count), this.#gatheredBytes);
    this.#gatheredBytes += count;
    return count;
  }

  #onBlock(block: Uint8Array): void {
    if (this.#sparse) this.#onExtension(this.#sparse, block);
    else this.#onHeader(block);
  }

  #onHeader(block: Uint8Array): void {
    if (block[0] === 0 && isZero(block)) {
      this.#zeroTail += BLOCK_BYTES;
      this.#state = 'zeros';
      return;
    }
    const header = parseHeader(block, 0);
    const bytes = header === undefined ? 0 : bodyLength(header, this.#paxSize);
    if (header === undefined || bytes > RECIPE_NUMBER_MAX || !this.#handler.acceptsRow()) {
      this.#toTail(block);
      return;
    }
    if (!DESCRIBING.has(header.typeflag)) this.#paxSize = undefined;
    // A sparse map makes every header unique: no template.
    const isSparse = header.typeflag === GNU_SPARSE;
    const template = isSparse || header.template === undefined ? undefined : this.#handler.template(header.template);
    const literal = template === undefined ? copyBytes(block) : undefined;
    const hasMore = isSparse && block[SPARSE_MORE_AT] !== 0;
    if (hasMore) this.#sparse = header;
    this.#openRow(header, literal, template, hasMore ? 0 : bytes);
    if (hasMore) {
      this.#sparseBytes = bytes;
      this.#state = 'extension';
    }
  }

  #onExtension(header: TarHeader, block: Uint8Array): void {
    if (!this.#handler.acceptsRow()) {
      this.#toTail(block);
      return;
    }
    const hasMore = block[EXTENSION_MORE_AT] !== 0;
    if (!hasMore) this.#sparse = undefined;
    this.#openRow(header, copyBytes(block), undefined, hasMore ? 0 : this.#sparseBytes);
    if (hasMore) this.#state = 'extension';
  }

  #toTail(block: Uint8Array): void {
    this.#state = 'tail';
    this.#handler.tail(block);
  }

  #openRow(header: TarHeader, literal: Uint8Array | undefined, template: number | undefined, bytes: number): void {
    const { name, link, mode, uid, gid, mtime, size, typeflag } = header;
    const isInline = DESCRIBING.has(typeflag) && bytes <= TAR_INLINE_BYTES_MAX;
    const row = { template, literal, name, link, mode, uid, gid, mtime, size, chunks: [], nested: undefined };
    this.#open = { row, typeflag, bytes, inline: isInline ? new Uint8Array(bytes) : undefined };
    this.#bodyLeft = bytes;
    this.#state = 'body';
    if (bytes === 0) this.#closeRow();
    else if (!isInline) this.#handler.bodyStart(header, bytes);
  }

  #closeRow(padding?: Uint8Array): void {
    const { row, typeflag, bytes, inline: whole } = this.#open as OpenRow;
    const bodyBytes = bytes - this.#bodyLeft;
    const inline = bodyBytes === 0 ? undefined : whole?.subarray(0, bodyBytes);
    if (typeflag === PAX_NEXT && inline) this.#paxSize = paxSize(inline);
    const body = bodyBytes === 0 ? BODY_NONE : inline ? BODY_INLINE : BODY_CHUNKS;
    this.#open = undefined;
    this.#bodyLeft = 0;
    this.#gatheredBytes = 0;
    this.#state = 'header';
    this.#handler.row({ ...row, body, bodyBytes, inline, padding }, typeflag);
  }
}

function bodyLength(header: TarHeader, paxSizeOfThis: number | undefined): number {
  if (BODILESS.has(header.typeflag)) return 0;
  return DESCRIBING.has(header.typeflag) ? header.size : (paxSizeOfThis ?? header.size);
}

const zeros = new Uint8Array(4096);

/** How many bytes from `at` on are zero. */
function leadingZeros(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end + zeros.byteLength <= bytes.byteLength && Buffer.compare(bytes.subarray(end, end + zeros.byteLength), zeros) === 0) {
    end += zeros.byteLength;
  }
  while (end < bytes.byteLength && bytes[end] === 0) end++;
  return end - at;
}
