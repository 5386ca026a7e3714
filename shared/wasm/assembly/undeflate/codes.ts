/** The codes of the block that is written: those of symbols; and whole matches' halves, code and extra bits in one. */
import { DISTANCE_BASES, DISTANCE_EXTRA, distanceCodeAt, LENGTH_BASES, LENGTH_EXTRA } from '../deflate/codes';
import { LENGTH_CODES } from '../deflate/layout';
import { CODES_NEXT, DISTANCE_CODES, DISTANCE_WORDS, LENGTH_WORDS, LITERAL_CODES } from './layout';

/** Distances of a code of their own; of those beyond, 128 share an entry. */
const NEAR: u32 = 256;

/** The canonical codes (RFC 1951, 3.2.2) of the `count` lengths, bytes, at `lengths`, as words: code, first bit lowest, and its bits * 65,536. */
export function makeCodes(lengths: usize, count: u32, codes: usize): void {
  memory.fill(CODES_NEXT, 0, 64);
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const slot = CODES_NEXT + (<usize>load<u8>(lengths + symbol) << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  store<u32>(CODES_NEXT, 0);
  let code: u32 = 0;
  for (let length: usize = 1; length <= 15; length++) {
    const slot = CODES_NEXT + (length << 2);
    const symbols = load<u32>(slot);
    code <<= 1;
    store<u32>(slot, code);
    code += symbols;
  }
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    const slot = CODES_NEXT + (<usize>length << 2);
    const next = load<u32>(slot);
    store<u32>(slot, next + 1);
    store<u32>(codes + (<usize>symbol << 2), length == 0 ? 0 : (turned(next) >>> (16 - length)) | (length << 16));
  }
}

/** Sixteen bits, the last one first. */
function turned(bits: u32): u32 {
  bits = ((bits & 0x5555) << 1) | ((bits >>> 1) & 0x5555);
  bits = ((bits & 0x3333) << 2) | ((bits >>> 2) & 0x3333);
  bits = ((bits & 0x0f0f) << 4) | ((bits >>> 4) & 0x0f0f);
  return ((bits & 0xff) << 8) | ((bits >>> 8) & 0xff);
}

/** Makes what `lengthWord` and `distanceWord` read, from the codes of the symbols. */
export function makeMatchWords(): void {
  for (let length: u32 = 0; length < 256; length++) {
    const symbol = <u32>load<u8>(LENGTH_CODES + length);
    const code = load<u32>(LITERAL_CODES + (<usize>(257 + symbol) << 2));
    const bits = code >>> 16;
    const extra = length - <u32>load<u16>(LENGTH_BASES + symbol * 2);
    store<u32>(LENGTH_WORDS + (<usize>length << 2), (code & 0xffff) | (extra << bits) | ((bits + <u32>load<u8>(LENGTH_EXTRA + symbol)) << 24));
  }
  for (let entry: u32 = 0; entry < NEAR * 2; entry++) {
    const symbol = <u32>load<u8>(distanceCodeAt(entry < NEAR ? entry : (entry - NEAR) << 7));
    const code = load<u32>(DISTANCE_CODES + (<usize>symbol << 2));
    const base = <u64>load<u16>(DISTANCE_BASES + symbol * 2);
    const bits = (code >>> 16) + <u32>load<u8>(DISTANCE_EXTRA + symbol);
    store<u64>(DISTANCE_WORDS + (<usize>entry << 3), <u64>(code | (bits << 24)) | (base << 32));
  }
}

/** @param length less 3. Gives code and extra bits in the lower 24 bits, and how many those are above. */
// @ts-ignore: a decorator of the compiler
@inline
export function lengthWord(length: u32): u32 {
  return load<u32>(LENGTH_WORDS + (<usize>length << 2));
}

/** @param distance less 1. Gives the code in the lowest 16 bits, then a byte, its bits, and one, those of code and extra bits; then what the extra bits count from. */
// @ts-ignore: a decorator of the compiler
@inline
export function distanceWord(distance: u32): u64 {
  return load<u64>(DISTANCE_WORDS + (<usize>(distance < NEAR ? distance : NEAR + (distance >>> 7)) << 3));
}
