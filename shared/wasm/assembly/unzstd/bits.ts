/** Bits that are read from the end, and bits that are written to be read so (RFC 8878, 4.1). */

let base: usize = 0;
/** Bits that are left to read; below 0: more were read than there are. */
export let left: i32 = 0;

/** The bits of `bytes` bytes, behind which a bit 1 and zeros follow. False where that is not so. */
export function startReading(at: usize, bytes: u32): bool {
  if (bytes == 0) return false;
  const last = <u32>load<u8>(at + bytes - 1);
  if (last == 0) return false;
  base = at;
  left = <i32>(bytes << 3) - <i32>clz(last) + 23;
  return true;
}

/** At most 31 bits; anything once they are used up. */
// @ts-ignore: a decorator of the compiler
@inline
export function readBits(bits: u32): u32 {
  left -= bits;
  if (left < 0) return 0;
  return <u32>(load<u64>(base + (left >>> 3)) >>> (left & 7)) & ((1 << bits) - 1);
}

/** Behind the bytes that were written. */
export let writtenEnd: usize = 0;
let pending: u64 = 0;
let pendingBits: u32 = 0;

export function startWriting(at: usize): void {
  writtenEnd = at;
  pending = 0;
  pendingBits = 0;
}

/** At most 32 bits, the value has no others. */
// @ts-ignore: a decorator of the compiler
@inline
export function writeBits(value: u32, bits: u32): void {
  pending |= <u64>value << pendingBits;
  pendingBits += bits;
  if (pendingBits >= 32) {
    store<u32>(writtenEnd, <u32>pending);
    writtenEnd += 4;
    pending >>= 32;
    pendingBits -= 32;
  }
}

/** The bit 1 behind the last, and what is left of the byte. */
export function endWriting(): void {
  writeBits(1, 1);
  store<u32>(writtenEnd, <u32>pending);
  writtenEnd += (pendingBits + 7) >>> 3;
}

export function highBit(value: u32): u32 {
  return 31 - clz(value);
}
