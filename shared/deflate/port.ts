/**
 * Undoing deflate exactly: a stream that some encoder compressed is taken apart into its plain bytes and a *reconstruction*, and
 * the two are put together again to the very same compressed bytes. What a reconstruction holds is described in shared/DEFLATE.md.
 *
 * Both directions stream, with memory that does not grow with the stream (the reconstruction itself is held whole: next to nothing
 * where the encoder is a known one, bounded by a share of the compressed bytes otherwise). Calls work at once, in this thread.
 */

/** How the stream that is taken apart begins. `any`: a gzip or zlib header, told apart by their first bytes; else nothing comes of it. */
export type DeflateFormat = 'gzip' | 'zlib' | 'raw' | 'any';

export interface TakeApart {
  /**
   * The next compressed bytes, in pieces of any size; they are copied. Returns the plain bytes that are known by now, in order; they
   * are the caller's. Nothing comes any more once `isHopeless`.
   */
  push(compressed: Uint8Array): Uint8Array[];
  /** True once it is certain that there will be no reconstruction: the caller may stop pushing. */
  readonly isHopeless: boolean;
  /** The compressed stream ends here. */
  end(): TakenApart;
}

export interface TakenApart {
  /** The plain bytes that were still held back. */
  readonly plain: readonly Uint8Array[];
  /**
   * Undefined where the bytes are no whole stream of that format, where what is needed to make them again is not worth it, and where
   * anything is odd: the stream stays what it is, and the plain bytes given out so far are good for nothing.
   */
  readonly reconstruction: Uint8Array | undefined;
}

export interface PutTogether {
  /** Length of the compressed stream, as the reconstruction announces it: never more is given out. */
  readonly compressedBytes: number;
  /** Length of the plain bytes that it takes, as announced. */
  readonly plainBytes: number;
  /**
   * The next plain bytes, in pieces of any size; they are copied. Returns the compressed bytes that are certain by now, in order; they
   * are the caller's. Throws TransferError: INTEGRITY where the reconstruction is impossible or of other bytes, LIMIT_EXCEEDED where
   * it asks for more memory or work than any real one.
   */
  push(plain: Uint8Array): Uint8Array[];
  /** The plain bytes end here: the last of the compressed ones. Throws as `push` does, and where lengths are not as announced. */
  end(): Uint8Array[];
}
