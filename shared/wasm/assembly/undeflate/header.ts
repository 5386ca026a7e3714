/** The header of a block, as it is read, or as the encoder would write it: one record of numbers and lengths. */

/** The bytes of a record: those of one without code lengths are the first 16. */
export const SHORT_BYTES: u32 = 16;
export const HEADER_BYTES: u32 = 1008;

export const STORED: u32 = 0;
export const FIXED: u32 = 1;
export const DYNAMIC: u32 = 2;

const LITERAL_LENGTHS: u32 = 16;
const DISTANCE_LENGTHS: u32 = 304;
const CODE_LENGTHS: u32 = 336;
const RUNS: u32 = 368;

export function typeOf(header: usize): u32 {
  return <u32>load<u8>(header);
}

export function setType(header: usize, type: u32): void {
  store<u8>(header, <u8>type);
}

export function isFinal(header: usize): bool {
  return load<u8>(header, 1) != 0;
}

export function setFinal(header: usize, final: bool): void {
  store<u8>(header, final ? <u8>1 : <u8>0, 1);
}

/** How many code lengths are sent: of literals and lengths, 257 to 286; of distances, 1 to 30; of code lengths, 4 to 19. */
export function literalsSent(header: usize): u32 {
  return <u32>load<u16>(header, 2);
}

export function distancesSent(header: usize): u32 {
  return <u32>load<u16>(header, 4);
}

export function setSent(header: usize, literals: u32, distances: u32): void {
  store<u16>(header, <u16>literals, 2);
  store<u16>(header, <u16>distances, 4);
}

export function codesSent(header: usize): u32 {
  return <u32>load<u16>(header, 6);
}

export function setCodesSent(header: usize, codes: u32): void {
  store<u16>(header, <u16>codes, 6);
}

/** How many codes say the lengths: see `runSymbolAt`. */
export function runCount(header: usize): u32 {
  return <u32>load<u16>(header, 8);
}

export function setRunCount(header: usize, runs: u32): void {
  store<u16>(header, <u16>runs, 8);
}

/** Bytes of a stored block. */
export function storedBytes(header: usize): u32 {
  return load<u32>(header, 12);
}

export function setStoredBytes(header: usize, bytes: u32): void {
  store<u32>(header, bytes, 12);
}

/** Address of the length of a literal's or length's code, a byte. */
export function literalLengthAt(header: usize, symbol: u32): usize {
  return header + LITERAL_LENGTHS + symbol;
}

export function distanceLengthAt(header: usize, code: u32): usize {
  return header + DISTANCE_LENGTHS + code;
}

/** The i-th of all lengths as they are sent: those of literals, then those of distances. */
export function lengthAt(header: usize, i: u32): usize {
  const literals = literalsSent(header);
  return i < literals ? literalLengthAt(header, i) : distanceLengthAt(header, i - literals);
}

/** Address of the length of the code of the length or run `symbol`, a byte. */
export function codeLengthAt(header: usize, symbol: u32): usize {
  return header + CODE_LENGTHS + symbol;
}

/** Address of the i-th code that says lengths: its symbol, a byte, and the number in its extra bits, a byte. */
export function runAt(header: usize, i: u32): usize {
  return header + RUNS + i * 2;
}
