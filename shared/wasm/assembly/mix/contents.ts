/** The old content, the new one, and how far the new one is known. 64 zero bytes lie before and behind the base. */
export let base: usize = 0;
export let baseBytes: u32 = 0;
export let target: usize = 0;
export let targetBytes: u32 = 0;
/** Bytes of the target that are known. */
export let position: u32 = 0;
/** The last four bytes, the newest lowest; and the four before them. */
export let last4: u32 = 0;
export let before4: u32 = 0;
/** A hash of the letters and digits since the last other byte. */
export let word: u32 = 0;

export function startContents(baseAt: usize, baseLength: u32, targetAt: usize, targetLength: u32): void {
  base = baseAt;
  baseBytes = baseLength;
  target = targetAt;
  targetBytes = targetLength;
  position = 0;
  last4 = 0;
  before4 = 0;
  word = 0;
}

/** For who asks for no words, and for no more than the last four bytes. */
// @ts-ignore: decorator
@inline
export function appendAlone(byte: u32): void {
  store<u8>(target + position, <u8>byte);
  position++;
  last4 = (last4 << 8) | byte;
}

export function append(byte: u32): void {
  store<u8>(target + position, <u8>byte);
  position++;
  before4 = (before4 << 8) | (last4 >>> 24);
  last4 = (last4 << 8) | byte;
  const letter = byte | 0x20;
  const isWord = (letter >= 0x61 && letter <= 0x7a) || byte >= 0x80 || (byte >= 0x30 && byte <= 0x39) || byte == 0x5f;
  word = isWord ? (word + (byte | 0x20)) * 0x2f0b4c47 : 0;
}

/** Goes over `bytes` bytes that stand in the target already. */
export function pass(bytes: u32): void {
  position += bytes;
  const end = target + position;
  if (position >= 8) {
    last4 = bswap(load<u32>(end - 4));
    before4 = bswap(load<u32>(end - 8));
  }
  word = 0;
}

/** Mixes two words into a hash. */
// @ts-ignore: decorator
@inline
export function hash2(a: u32, b: u32): u32 {
  const h = (a * 0x9e3779b1) ^ ((b + 0x7f4a7c15) * 0x85ebca6b);
  return h ^ (h >>> 15);
}
