/** Writes bits, low ones first, and stops at the first byte that is not the expected one. */

let at: usize = 0;
let limit: usize = 0;
let expected: usize = 0;
let pending: u64 = 0;
let pendingBits: u32 = 0;
/** False once a byte did not fit or was not as expected. */
export let isRight: bool = true;

/** @param expectedAt what should come out, up to `limit - start` bytes; 0: anything may */
export function startBits(start: usize, end: usize, expectedAt: usize): void {
  at = start;
  limit = end;
  expected = expectedAt == 0 ? 0 : expectedAt - start;
  pending = 0;
  pendingBits = 0;
  isRight = true;
}

/** At most 32 bits. */
export function putBits(value: u32, bits: u32): void {
  pending |= <u64>value << pendingBits;
  pendingBits += bits;
  while (pendingBits >= 8) putByte();
}

/** Fills the current byte with zeros. */
export function alignBits(): void {
  if (pendingBits > 0) putByte();
  pendingBits = 0;
}

/** Where the next byte goes. */
export function bitsEnd(): usize {
  return at;
}

function putByte(): void {
  if (at >= limit || (expected != 0 && load<u8>(at + expected) != <u8>pending)) isRight = false;
  else store<u8>(at, <u8>pending);
  at++;
  pending >>= 8;
  pendingBits -= 8;
}
