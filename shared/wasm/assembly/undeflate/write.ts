/** Writes a block: its header and tokens, as far as there is room at a time. */
import { lengthSymbol } from '../deflate/codes';
import { distanceWord, lengthWord, makeCodes, makeMatchWords } from './codes';
import * as header from './header';
import { COMPRESSED, COMPRESSED_BYTES, DISTANCE_CODES, LEAVES, LITERAL_CODES, PLAIN, RUN_CODES, TOKENS } from './layout';

/** Behind the whole bytes that were written. */
/** Lengths of the fixed codes, while they are made: in the room of the runs' codes and behind. */
const TOKENS_LENGTHS: usize = LEAVES;

export let outEnd: usize = COMPRESSED;
let pending: u64 = 0;
let pendingBits: u32 = 0;
/** What is still to be written of the block: tokens, or stored bytes. */
let token: usize = TOKENS;
let tokenEnd: usize = TOKENS;
let storedAt: usize = 0;
let storedEnd: usize = 0;
let isLast: bool = false;
/** A block is not written to its end. */
export let isWriting: bool = false;

export function startWriting(): void {
  outEnd = COMPRESSED;
  pending = 0;
  pendingBits = 0;
  isWriting = false;
}

/** What is written goes on behind so many bits of a byte. */
export function skipBits(count: u32): void {
  pendingBits = count;
}

/** Writes the byte that was begun; returns how many of its bits are used, 0 to 7, of which 0 is no byte. */
export function flushBits(): u32 {
  putBytes();
  const used = pendingBits;
  align();
  return used;
}

/** What was written is taken. */
export function clearOut(): void {
  outEnd = COMPRESSED;
}

/** Plain bytes have been moved. */
export function moveWriting(shift: u32): void {
  if (storedEnd == 0) return;
  storedAt -= shift;
  storedEnd -= shift;
}

/** The stored bytes from `position` on are the next block. */
export function writeStored(position: u32, bytes: u32, final: bool): void {
  put(final ? 1 : 0, 3);
  align();
  put(bytes, 16);
  put(bytes ^ 0xffff, 16);
  storedAt = PLAIN + position;
  storedEnd = storedAt + bytes;
  startBody(0, final);
}

/** The next block has this header and the first `count` tokens. */
export function writeBlock(record: usize, count: u32): void {
  const final: u32 = header.isFinal(record) ? 1 : 0;
  if (header.typeOf(record) == header.FIXED) {
    put(2 | final, 3);
    makeFixedCodes();
  } else {
    put(4 | final, 3);
    put(header.literalsSent(record) - 257, 5);
    put(header.distancesSent(record) - 1, 5);
    put(header.codesSent(record) - 4, 4);
    for (let i: u32 = 0; i < header.codesSent(record); i++) put(<u32>load<u8>(header.codeLengthAt(record, lengthSymbol(i))), 3);
    makeCodes(header.codeLengthAt(record, 0), 19, RUN_CODES);
    writeRuns(record);
    makeCodes(header.literalLengthAt(record, 0), 286, LITERAL_CODES);
    makeCodes(header.distanceLengthAt(record, 0), 30, DISTANCE_CODES);
  }
  startBody(count, final != 0);
}

function startBody(count: u32, final: bool): void {
  if (count != 0) makeMatchWords();
  token = TOKENS;
  tokenEnd = TOKENS + (<usize>count << 2);
  isLast = final;
  isWriting = true;
}

function writeRuns(record: usize): void {
  const runs = header.runCount(record);
  for (let i: u32 = 0; i < runs; i++) {
    const run = header.runAt(record, i);
    const symbol = <u32>load<u8>(run);
    putCode(RUN_CODES, symbol);
    if (symbol > 15) put(<u32>load<u8>(run, 1), symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
  }
}

/** Goes on with the block; false where there is no more room. At the end of the last block the last byte is filled with zeros. */
export function writeMore(): bool {
  const limit = COMPRESSED + COMPRESSED_BYTES - 64;
  if (storedEnd != 0) {
    align();
    const bytes = min(limit - outEnd, storedEnd - storedAt);
    memory.copy(outEnd, storedAt, bytes);
    outEnd += bytes;
    storedAt += bytes;
    if (storedAt != storedEnd) return false;
    storedAt = 0;
    storedEnd = 0;
  } else {
    writeTokens(limit);
    if (token < tokenEnd || outEnd >= limit) return false;
    putCode(LITERAL_CODES, 256);
  }
  if (isLast) align();
  isWriting = false;
  return true;
}

/** Writes tokens up to the end of the block or of the room. */
function writeTokens(limit: usize): void {
  putBytes();
  let waiting = pending;
  let bits = pendingBits;
  let at = token;
  let out = outEnd;
  while (at < tokenEnd && out < limit) {
    const word = load<u32>(at);
    at += 4;
    if (word < 256) {
      const code = load<u32>(LITERAL_CODES + (<usize>word << 2));
      waiting |= <u64>(code & 0xffff) << bits;
      bits += code >>> 16;
    } else {
      const length = lengthWord((word & 0xffff) - 3);
      waiting |= <u64>(length & 0xffffff) << bits;
      bits += length >>> 24;
      const distance = (word >>> 16) - 1;
      const code = distanceWord(distance);
      const extra = <u64>(distance - <u32>(code >> 32)) << ((code >> 16) & 255);
      waiting |= ((code & 0xffff) | extra) << bits;
      bits += <u32>(code >> 24) & 255;
    }
    // At most 7 bits, and 48 of a match.
    store<u64>(out, waiting);
    out += bits >>> 3;
    waiting >>= bits & ~7;
    bits &= 7;
  }
  pending = waiting;
  pendingBits = bits;
  token = at;
  outEnd = out;
}

/** Whole bytes go out. */
function putBytes(): void {
  store<u64>(outEnd, pending);
  outEnd += pendingBits >>> 3;
  pending >>= pendingBits & ~7;
  pendingBits &= 7;
}

// @ts-ignore: a decorator of the compiler
@inline
function putCode(codes: usize, symbol: u32): void {
  const code = load<u32>(codes + (<usize>symbol << 2));
  put(code & 0xffff, code >>> 16);
}

/** At most 16 bits. */
// @ts-ignore: a decorator of the compiler
@inline
function put(value: u32, bits: u32): void {
  pending |= <u64>value << pendingBits;
  pendingBits += bits;
  if (pendingBits >= 32) {
    store<u32>(outEnd, <u32>pending);
    outEnd += 4;
    pending >>= 32;
    pendingBits -= 32;
  }
}

/** Fills the byte that was begun with zeros. */
function align(): void {
  while (pendingBits > 0) {
    store<u8>(outEnd++, <u8>pending);
    pending >>= 8;
    pendingBits = pendingBits > 8 ? pendingBits - 8 : 0;
  }
  pending = 0;
}

function makeFixedCodes(): void {
  for (let symbol: u32 = 0; symbol < 288; symbol++) store<u8>(TOKENS_LENGTHS + symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  makeCodes(TOKENS_LENGTHS, 288, LITERAL_CODES);
  memory.fill(TOKENS_LENGTHS, 5, 30);
  makeCodes(TOKENS_LENGTHS, 30, DISTANCE_CODES);
}
