/**
 * Content-defined cut points by the Gear hash with normalised chunk sizes (Xia et al., "FastCDC", USENIX ATC 2016).
 *
 * The hash at position p covers the 32 bytes before it: hash = sum of gear[byte(p - 1 - i)] << i modulo 2^32. Position p is a
 * candidate when the top bits of its hash are zero: a strict mask of more bits below the nominal size, a loose one of fewer bits from
 * there on, which draws the sizes towards the nominal one. The cut is the first candidate from the minimum on, else the
 * maximum (or the end of the bytes). This is the plain implementation; wasm-cut.ts runs the same search in WebAssembly.
 */
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_BYTES_NOMINAL } from '../limits.ts';
import { GEAR } from './gear.ts';

/** A candidate below the nominal size: this many top bits of the hash are zero. */
const STRICT_BITS = Math.log2(CHUNK_BYTES_NOMINAL) + 2;
/** From the nominal size on. */
const LOOSE_BITS = Math.log2(CHUNK_BYTES_NOMINAL) - 2;
export const STRICT_MASK = topBits(STRICT_BITS);
export const LOOSE_MASK = topBits(LOOSE_BITS);
/** Bytes that the hash depends on. */
const WINDOW_BYTES = 32;

/**
 * Length of the first chunk of `bytes`, from 1 to `CHUNK_BYTES_MAX`; 0 of no bytes. The answer is final when `bytes` has at
 * least `CHUNK_BYTES_MAX` bytes or ends where the content ends.
 */
export function findCut(bytes: Uint8Array): number {
  const length = Math.min(bytes.byteLength, CHUNK_BYTES_MAX);
  if (length <= CHUNK_BYTES_MIN) return length;
  let hash = 0;
  let at = CHUNK_BYTES_MIN - WINDOW_BYTES;
  for (; at < CHUNK_BYTES_MIN - 1; at++) hash = roll(hash, bytes[at]);
  for (const end = Math.min(length, CHUNK_BYTES_NOMINAL) - 1; at < end; at++) {
    hash = roll(hash, bytes[at]);
    if ((hash & STRICT_MASK) === 0) return at + 1;
  }
  for (; at < length - 1; at++) {
    hash = roll(hash, bytes[at]);
    if ((hash & LOOSE_MASK) === 0) return at + 1;
  }
  return length;
}

// Both indexes are inside their arrays: the fallbacks are for the type checker alone.
function roll(hash: number, byte: number | undefined): number {
  return ((hash << 1) + (GEAR[byte ?? 0] ?? 0)) | 0;
}

function topBits(count: number): number {
  return -1 << (32 - count);
}
