/**
 * Numbers in the coder: how many bits they have in unary, then the bits, of which the first two below the leading one are
 * modelled (Elias 1975, with adaptive probabilities). Each kind of number has its own probabilities.
 */
import { NUMBERS } from './layout';
import { codeBit } from './range-coder';

export const KINDS: u32 = 32;
const KIND_BYTES: u32 = 1024;
const EVEN: u16 = 32768;

export function startNumbers(): void {
  for (let i: u32 = 0; i < KINDS * KIND_BYTES; i += 2) store<u16>(NUMBERS + i, EVEN);
}

/** Codes `value` (below 2^31) and returns it. */
export function codeNumber(value: u32, kind: u32): u32 {
  const model = NUMBERS + kind * KIND_BYTES;
  const length: u32 = 31 - <u32>clz(value + 1);
  let bits: u32 = 0;
  while (bits < 31 && modelledBit(model + (bits << 1), u32(bits < length)) != 0) bits++;
  let result: u32 = 1;
  for (let left = <i32>bits - 1; left >= 0; left--) {
    const bit = ((value + 1) >>> left) & 1;
    const done = bits - 1 - left;
    result = (result << 1) | (done < 2 ? modelledBit(model + 64 + ((bits * 8 + done * 4 + (result & 3)) << 1), bit) : codeBit(bit, EVEN));
  }
  return result - 1;
}

/** A number that may be negative: zigzag. */
export function codeSigned(value: i32, kind: u32): i32 {
  const coded = codeNumber((value << 1) ^ (value >> 31), kind);
  return <i32>(coded >>> 1) ^ -<i32>(coded & 1);
}

function modelledBit(at: usize, bit: u32): u32 {
  const p = <u32>load<u16>(at);
  bit = codeBit(bit, min(max(p, 32), 65504));
  store<u16>(at, <u16>(bit ? p + ((65535 - p) >> 4) : p - (p >> 4)));
  return bit;
}
