/** Compressed bytes that come in, bit by bit: the lowest bit of a byte first (RFC 1951, 3.1.1). */
import { COMPRESSED } from './layout';

/** Zeros behind the last byte that may be looked at. */
const BEYOND_END: u32 = 704;

/** Compressed bytes from `inAt` to `inEnd` wait; `bits` holds `bitCount` bits of those before. */
export let inAt: usize = COMPRESSED;
export let inEnd: usize = COMPRESSED;
export let bits: u64 = 0;
export let bitCount: u32 = 0;
export let isInputOver: bool = false;

export function startInput(): void {
  inAt = COMPRESSED;
  inEnd = COMPRESSED;
  bits = 0;
  bitCount = 0;
  isInputOver = false;
}

/** Moves what waits to the start, so that there is room behind. Returns how much waits. */
export function makeRoom(): u32 {
  putBack();
  const bytes = inEnd - inAt;
  memory.copy(COMPRESSED, inAt, bytes);
  inAt = COMPRESSED;
  inEnd = COMPRESSED + bytes;
  return <u32>bytes;
}

/** `bytes` bytes were written behind what waits; `isOver`: there are no more. */
export function addInput(bytes: u32, isOver: bool): void {
  inEnd += bytes;
  isInputOver = isOver;
  if (isOver) memory.fill(inEnd, 0, BEYOND_END);
}

/** Whether more was read than there is. */
export function isBeyondEnd(): bool {
  return inAt - (bitCount >>> 3) > inEnd;
}

/** At least 56 bits are there afterwards. */
// @ts-ignore: a decorator of the compiler
@inline
export function need(): void {
  bits |= load<u64>(inAt) << bitCount;
  inAt += (63 - bitCount) >>> 3;
  bitCount |= 56;
}

/** Whole bytes among the bits wait again. */
export function putBack(): void {
  inAt -= bitCount >>> 3;
  bitCount &= 7;
  bits &= ((<u64>1) << bitCount) - 1;
}

export function take(count: u32): u32 {
  if (bitCount < count) need();
  const value = <u32>(bits & (((<u64>1) << count) - 1));
  bits >>= count;
  bitCount -= count;
  return value;
}

/** Whole bytes are taken as they are; none are among the bits. */
export function passBytes(bytes: u32): void {
  inAt += bytes;
}

/** Where somebody has come to who read by himself. */
export function setInput(address: usize, newBits: u64, newCount: u32): void {
  inAt = address;
  bits = newBits;
  bitCount = newCount;
}
