/** The three codes of a sequence (RFC 8878, 3.1.1.3.2.1.1), and their predefined tables (3.1.1.3.2.2). */
import { highBit } from './bits';
import { LENGTH_TABLES, PREDEFINED, TABLE_BYTES } from './layout';
import { makeEncoder, MODE_PREDEFINED, setKind, setNorm, setSizes } from './table';

/** Literal lengths, offsets, match lengths: in this order they stand in a block, and lie in memory. */
export const LITERAL_LENGTHS: u32 = 0;
export const OFFSETS: u32 = 1;
export const MATCH_LENGTHS: u32 = 2;

const LITERAL_CODES: usize = LENGTH_TABLES;
const MATCH_CODES: usize = LENGTH_TABLES + 64;
const LITERAL_EXTRA: usize = LENGTH_TABLES + 192;
const MATCH_EXTRA: usize = LENGTH_TABLES + 256;
const LITERAL_BASES: usize = LENGTH_TABLES + 320;
const MATCH_BASES: usize = LENGTH_TABLES + 320 + 256;

/** Writes the tables. */
export function startCodes(): void {
  let base: u32 = 0;
  for (let code: u32 = 0; code < 36; code++) {
    const extra: u32 = code < 16 ? 0 : code < 20 ? 1 : code < 24 ? (code - 16) >>> 1 : code == 24 ? 4 : code - 19;
    store<u8>(LITERAL_EXTRA + code, <u8>extra);
    store<u32>(LITERAL_BASES + (<usize>code << 2), base);
    for (let i: u32 = 0; i < <u32>1 << extra && base + i < 64; i++) store<u8>(LITERAL_CODES + base + i, <u8>code);
    base += 1 << extra;
  }
  base = 0;
  for (let code: u32 = 0; code < 53; code++) {
    const extra: u32 = code < 32 ? 0 : code < 36 ? 1 : code < 42 ? (code - 32) >>> 1 : code == 42 ? 5 : code - 36;
    store<u8>(MATCH_EXTRA + code, <u8>extra);
    store<u32>(MATCH_BASES + (<usize>code << 2), base);
    for (let i: u32 = 0; i < <u32>1 << extra && base + i < 128; i++) store<u8>(MATCH_CODES + base + i, <u8>code);
    base += 1 << extra;
  }
  startPredefined();
}

function startPredefined(): void {
  for (let code: u32 = 0; code < 36; code++) {
    const norm = code >= 32 ? -1 : code == 0 ? 4 : code == 1 || code == 25 ? 3 : (code >= 13 && code < 16) || code >= 27 ? 1 : 2;
    setNorm(PREDEFINED, code, norm);
  }
  setSizes(PREDEFINED, 6, 36);
  for (let code: u32 = 0; code < 29; code++) setNorm(PREDEFINED + TABLE_BYTES, code, code >= 24 ? -1 : code >= 6 && code < 9 ? 2 : 1);
  setSizes(PREDEFINED + TABLE_BYTES, 5, 29);
  for (let code: u32 = 0; code < 53; code++) {
    const norm = code >= 46 ? -1 : code == 1 ? 4 : code == 2 ? 3 : code >= 3 && code < 9 ? 2 : 1;
    setNorm(PREDEFINED + 2 * TABLE_BYTES, code, norm);
  }
  setSizes(PREDEFINED + 2 * TABLE_BYTES, 6, 53);
  for (let i: u32 = 0; i < 3; i++) {
    setKind(PREDEFINED + <usize>i * TABLE_BYTES, MODE_PREDEFINED);
    makeEncoder(PREDEFINED + <usize>i * TABLE_BYTES);
  }
}

/** The greatest table, and one more than the last symbol, that a decoder takes. */
export function logMaxOf(code: u32): u32 {
  return code == OFFSETS ? 8 : 9;
}

export function symbolsMaxOf(code: u32): u32 {
  return code == LITERAL_LENGTHS ? 36 : code == OFFSETS ? 32 : 53;
}

export function literalCode(length: u32): u32 {
  return length < 64 ? <u32>load<u8>(LITERAL_CODES + length) : highBit(length) + 19;
}

/** Of a match's length less three. */
export function matchCode(length: u32): u32 {
  return length < 128 ? <u32>load<u8>(MATCH_CODES + length) : highBit(length) + 36;
}

// @ts-ignore: a decorator of the compiler
@inline
export function literalExtra(code: u32): u32 {
  return <u32>load<u8>(LITERAL_EXTRA + code);
}

// @ts-ignore: a decorator of the compiler
@inline
export function matchExtra(code: u32): u32 {
  return <u32>load<u8>(MATCH_EXTRA + code);
}

// @ts-ignore: a decorator of the compiler
@inline
export function literalBase(code: u32): u32 {
  return load<u32>(LITERAL_BASES + (<usize>code << 2));
}

// @ts-ignore: a decorator of the compiler
@inline
export function matchBase(code: u32): u32 {
  return load<u32>(MATCH_BASES + (<usize>code << 2));
}
