/** Stored bytes back to raw bytes. Codecs: STORE.md, "Record"; the other way: compressor.ts. */
import { TransferError } from '../errors.ts';
import { CODEC_RAW, CODEC_ZSTD } from './record.ts';
import { createFrameExpander } from '../zstd-context.ts';

export interface Unpacker {
  /**
   * Stored bytes to raw bytes; `rawLength` bounds the memory taken. The result shares a buffer with others of its time, or is `stored`.
   * @throws TransferError INTEGRITY where they are not `rawLength` bytes in that codec; STORE_VERSION where the codec is unknown.
   */
  readonly unpack: (codec: number, stored: Uint8Array, rawLength: number) => Uint8Array;
}

/** Memory that is taken at once for records to come: many small ones cost as much as one large one. */
const SLAB_BYTES = 512 * 1024;

/** One context for the whole thread: it holds nothing from one call to the next. */
const expander = createFrameExpander();

export function createUnpacker(): Unpacker {
  let slab = new Uint8Array(0);
  const room = (bytes: number): Uint8Array => {
    if (bytes > SLAB_BYTES / 4) return new Uint8Array(bytes);
    if (slab.byteLength < bytes) slab = new Uint8Array(SLAB_BYTES);
    const part = slab.subarray(0, bytes);
    slab = slab.subarray(bytes);
    return part;
  };
  return {
    unpack(codec, stored, rawLength) {
      if (codec === CODEC_RAW) {
        if (stored.byteLength !== rawLength) throw wrongLength(stored.byteLength, rawLength);
        return stored;
      }
      if (codec !== CODEC_ZSTD) throw new TransferError('STORE_VERSION', `codec ${codec} is of a later version`);
      const raw = room(rawLength);
      if (expander.run(stored, raw) === undefined) throw new TransferError('INTEGRITY', `does not expand to ${rawLength} bytes`);
      return raw;
    },
  };
}

function wrongLength(found: number, expected: number): TransferError {
  return new TransferError('INTEGRITY', `has ${found} bytes instead of ${expected}`);
}
