/** Codes of lengths and distances, and the fixed codes (RFC 1951, 3.2.5 and 3.2.6). */
import { BASES, DISTANCE_CODES, EXTRA_BITS, FIXED_DISTANCE_TREE, FIXED_LITERAL_TREE, LENGTH_CODES } from './layout';
import { assignCodes, countLengths, setLength } from './tree';

export const LITERALS: u32 = 286;
export const DISTANCES: u32 = 30;
export const LENGTHS: u32 = 19;
export const END: u32 = 256;
/** Extra bits: those of the 29 length codes, of the 30 distance codes, of the 19 codes of lengths. */
export const LENGTH_EXTRA: usize = EXTRA_BITS;
export const DISTANCE_EXTRA: usize = EXTRA_BITS + 29;
export const CODE_EXTRA: usize = EXTRA_BITS + 59;
/** The least length less 3, and the least distance less 1, of each code. */
export const LENGTH_BASES: usize = BASES;
export const DISTANCE_BASES: usize = BASES + 64;

/** Writes the tables. */
export function startCodes(): void {
  let length: u32 = 0;
  for (let code: u32 = 0; code < 28; code++) {
    const extra: u32 = code < 8 ? 0 : (code - 4) >>> 2;
    store<u8>(LENGTH_EXTRA + code, <u8>extra);
    store<u16>(LENGTH_BASES + code * 2, <u16>length);
    for (const end = length + (1 << extra); length < end; length++) store<u8>(LENGTH_CODES + length, <u8>code);
  }
  // The longest match has a code of its own.
  store<u8>(LENGTH_EXTRA + 28, 0);
  store<u16>(LENGTH_BASES + 28 * 2, 255);
  store<u8>(LENGTH_CODES + 255, 28);
  let distance: u32 = 0;
  for (let code: u32 = 0; code < DISTANCES; code++) {
    const extra: u32 = code < 4 ? 0 : (code - 2) >>> 1;
    store<u8>(DISTANCE_EXTRA + code, <u8>extra);
    store<u16>(DISTANCE_BASES + code * 2, <u16>distance);
    for (const end = distance + (1 << extra); distance < end; ) {
      store<u8>(distanceCodeAt(distance), <u8>code);
      distance += distance < 256 ? 1 : 128;
    }
  }
  store<u8>(CODE_EXTRA + 16, 2);
  store<u8>(CODE_EXTRA + 17, 3);
  store<u8>(CODE_EXTRA + 18, 7);
  for (let symbol: u32 = 0; symbol < 288; symbol++) setLength(FIXED_LITERAL_TREE, symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  countLengths(FIXED_LITERAL_TREE, 288);
  assignCodes(FIXED_LITERAL_TREE, 287);
  for (let symbol: u32 = 0; symbol < DISTANCES; symbol++) setLength(FIXED_DISTANCE_TREE, symbol, 5);
  countLengths(FIXED_DISTANCE_TREE, DISTANCES);
  assignCodes(FIXED_DISTANCE_TREE, DISTANCES - 1);
}

/** @param distance 0 to 32767: the distance less 1 */
export function distanceCodeAt(distance: u32): usize {
  return DISTANCE_CODES + <usize>(distance < 256 ? distance : <u32>256 + (distance >>> 7));
}

/** The order in which the lengths of the codes of lengths are sent: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15. */
export function lengthSymbol(i: u32): u32 {
  if (i < 3) return 16 + i;
  if (i == 3) return 0;
  const step = (i - 4) >>> 1;
  return (i & 1) == 0 ? 8 + step : 7 - step;
}
