/** Inflates (RFC 1951) into plain bytes and tokens, as far as there is input and room. */
import { DISTANCE_BASES, DISTANCE_EXTRA, LENGTH_BASES, LENGTH_EXTRA, lengthSymbol } from '../deflate/codes';
import { decodeLong, makeDecoder } from './decoder';
import * as header from './header';
import {
  COMPRESSED,
  DISTANCE_COUNTS,
  DISTANCE_DECODER,
  DISTANCE_DECODER_BITS,
  DISTANCE_ORDER,
  LITERAL_COUNTS,
  LITERAL_DECODER,
  LITERAL_DECODER_BITS,
  LITERAL_ORDER,
  PLAIN,
  PLAIN_BYTES,
  READ,
  TOKENS,
  TOKENS_MAX,
} from './layout';
import { plainEnd, setPlainEnd } from './plain';

/** In the stream of tokens: a block ends; a block begins (+ 65,536 times the bits before it in its first byte), and its header follows, its length in words first. */
export const TOKEN_END: u32 = 256;
export const TOKEN_START: u32 = 257;

const AT_HEADER: u32 = 0;
const IN_CODES: u32 = 1;
const IN_STORED: u32 = 2;
const OVER: u32 = 3;
const WRONG: u32 = 4;

/** Input that a header can take, and one token; and room for what they become. */
const HEADER_INPUT: u32 = 640;
const TOKEN_INPUT: u32 = 16;
const HEADER_WORDS: u32 = 300;
const TOKEN_PLAIN: u32 = 320;

/** Lengths of the fixed codes, put together where those of a dynamic block would lie. */
const FIXED_LENGTHS: usize = READ + header.SHORT_BYTES;

let state: u32 = AT_HEADER;
/** Compressed bytes from `inAt` to `inEnd` wait; `bits` holds `bitCount` bits of those before. */
let inAt: usize = COMPRESSED;
let inEnd: usize = COMPRESSED;
let bits: u64 = 0;
let bitCount: u32 = 0;
let isInputOver: bool = false;
let storedLeft: u32 = 0;
let isLastBlock: bool = false;
/** Where matches may reach back to. */
let memberStart: u32 = 0;
/** Tokens, words, from `tokensAt` to `tokensEnd` are not looked at yet. */
export let tokensAt: usize = TOKENS;
export let tokensEnd: usize = TOKENS;

export function startInflate(): void {
  state = AT_HEADER;
  inAt = COMPRESSED;
  inEnd = COMPRESSED;
  bits = 0;
  bitCount = 0;
  isInputOver = false;
  memberStart = plainEnd;
  tokensAt = TOKENS;
  tokensEnd = TOKENS;
}

export function setTokensAt(address: usize): void {
  tokensAt = address;
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
  if (isOver) memory.fill(inEnd, 0, HEADER_INPUT + 64);
}

/** The plain bytes have been moved. */
export function moveInflate(shift: u32): void {
  memberStart = memberStart > shift ? memberStart - shift : 0;
}

/** Bytes that wait and belong to no block, once the last one is over. */
export function unusedBytes(): u32 {
  return <u32>(inEnd - inAt);
}

/** 0: stopped for want of input or room; 1: the last block is over; 2: this is no deflate, or an odd one. */
export function inflate(): u32 {
  makeTokenRoom();
  while (state < OVER) {
    const room = tokensEnd + ((HEADER_WORDS + 2) << 2) < TOKENS + (<usize>TOKENS_MAX << 2) && plainEnd + TOKEN_PLAIN < PLAIN_BYTES;
    if (!room) return 0;
    if (state == AT_HEADER) {
      if (!isInputOver && inEnd - inAt < HEADER_INPUT) return 0;
      state = readHeader();
    } else if (state == IN_STORED) {
      if (!copyStored()) return 0;
    } else {
      if (!isInputOver && inEnd - inAt < TOKEN_INPUT) return 0;
      state = readTokens();
    }
    if (inAt - (bitCount >>> 3) > inEnd) state = WRONG;
  }
  return state == OVER ? 1 : 2;
}

function makeTokenRoom(): void {
  if (tokensAt == TOKENS) return;
  memory.copy(TOKENS, tokensAt, tokensEnd - tokensAt);
  tokensEnd -= tokensAt - TOKENS;
  tokensAt = TOKENS;
}

function need(): void {
  bits |= load<u64>(inAt) << bitCount;
  inAt += (63 - bitCount) >>> 3;
  bitCount |= 56;
}

/** Whole bytes among the bits wait again. */
function putBack(): void {
  inAt -= bitCount >>> 3;
  bitCount &= 7;
  bits &= ((<u64>1) << bitCount) - 1;
}

function take(count: u32): u32 {
  if (bitCount < count) need();
  const value = <u32>(bits & (((<u64>1) << count) - 1));
  bits >>= count;
  bitCount -= count;
  return value;
}

function readHeader(): u32 {
  memory.fill(READ, 0, header.HEADER_BYTES);
  const phase = (0 - bitCount) & 7;
  isLastBlock = take(1) != 0;
  header.setFinal(READ, isLastBlock);
  const type = take(2);
  header.setType(READ, type);
  let isRight = true;
  let next = IN_CODES;
  if (type == header.STORED) {
    isRight = readStoredHeader();
    next = storedLeft == 0 ? afterBlock() : IN_STORED;
  } else if (type == header.FIXED) {
    for (let symbol: u32 = 0; symbol < 288; symbol++) {
      store<u8>(FIXED_LENGTHS + symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
    }
    memory.fill(FIXED_LENGTHS + 288, 5, 30);
    isRight = makeDecoders(FIXED_LENGTHS, 288, FIXED_LENGTHS + 288, 30);
  } else if (type == header.DYNAMIC) {
    isRight = readLengths();
    if (isRight) {
      const literals = header.literalLengthAt(READ, 0);
      isRight = makeDecoders(literals, header.literalsSent(READ), header.distanceLengthAt(READ, 0), header.distancesSent(READ));
    }
  } else isRight = false;
  if (!isRight) return WRONG;
  const bytes = type == header.DYNAMIC ? header.HEADER_BYTES : header.SHORT_BYTES;
  push(TOKEN_START | (phase << 16));
  push(bytes >>> 2);
  memory.copy(tokensEnd, READ, bytes);
  tokensEnd += bytes;
  return next;
}

function push(word: u32): void {
  store<u32>(tokensEnd, word);
  tokensEnd += 4;
}

function readStoredHeader(): bool {
  if (take(bitCount & 7) != 0) return false;
  const bytes = take(16);
  if (take(16) != (bytes ^ 0xffff)) return false;
  putBack();
  storedLeft = bytes;
  header.setStoredBytes(READ, bytes);
  return true;
}

function makeDecoders(literals: usize, literalCount: u32, distances: usize, distanceCount: u32): bool {
  return (
    makeDecoder(literals, literalCount, LITERAL_DECODER, LITERAL_DECODER_BITS, LITERAL_COUNTS, LITERAL_ORDER) &&
    makeDecoder(distances, distanceCount, DISTANCE_DECODER, DISTANCE_DECODER_BITS, DISTANCE_COUNTS, DISTANCE_ORDER)
  );
}

function readLengths(): bool {
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  const codes = take(4) + 4;
  if (literals > 286 || distances > 30) return false;
  header.setSent(READ, literals, distances);
  header.setCodesSent(READ, codes);
  for (let i: u32 = 0; i < codes; i++) store<u8>(header.codeLengthAt(READ, lengthSymbol(i)), <u8>take(3));
  if (!makeDecoder(header.codeLengthAt(READ, 0), 19, LITERAL_DECODER, 7, LITERAL_COUNTS, LITERAL_ORDER)) return false;
  let runs: u32 = 0;
  let before: u32 = 0;
  for (let i: u32 = 0; i < literals + distances; ) {
    need();
    const entry = <u32>load<u16>(LITERAL_DECODER + (<usize>(bits & 127) << 1));
    if (entry == 0) return false;
    take(entry & 15);
    const symbol = entry >>> 4;
    let count: u32 = 1;
    let extra: u32 = 0;
    if (symbol > 15) {
      extra = take(symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
      count = extra + (symbol == 18 ? 11 : 3);
      if (symbol == 16 && i == 0) return false;
      if (symbol > 16) before = 0;
    } else before = symbol;
    const run = header.runAt(READ, runs++);
    store<u8>(run, <u8>symbol);
    store<u8>(run, <u8>extra, 1);
    if (i + count > literals + distances) return false;
    for (; count != 0; count--) store<u8>(header.lengthAt(READ, i++), <u8>before);
  }
  header.setRunCount(READ, runs);
  return load<u8>(header.literalLengthAt(READ, 256)) != 0;
}

/** False where input or room are used up. */
function copyStored(): bool {
  const room = PLAIN_BYTES - TOKEN_PLAIN - plainEnd;
  const bytes = min(min(storedLeft, room), inAt >= inEnd ? 0 : <u32>(inEnd - inAt));
  memory.copy(PLAIN + plainEnd, inAt, bytes);
  setPlainEnd(plainEnd + bytes);
  inAt += bytes;
  storedLeft -= bytes;
  if (storedLeft == 0) {
    state = afterBlock();
    return true;
  }
  if (isInputOver && inAt >= inEnd) state = WRONG;
  return state == WRONG;
}

function afterBlock(): u32 {
  if (!isLastBlock) return AT_HEADER;
  if (take(bitCount & 7) != 0) return WRONG;
  putBack();
  return OVER;
}

/** Tokens up to the end of the block, or of input or room. */
function readTokens(): u32 {
  const tokensLimit = TOKENS + (<usize>TOKENS_MAX << 2) - 64;
  const inLimit = isInputOver ? inEnd + 8 : inEnd - TOKEN_INPUT;
  let end = plainEnd;
  let out = tokensEnd;
  let result = IN_CODES;
  while (inAt <= inLimit && out < tokensLimit && end + TOKEN_PLAIN <= PLAIN_BYTES) {
    need();
    let entry = <u32>load<u16>(LITERAL_DECODER + (<usize>(bits & (((<u64>1) << LITERAL_DECODER_BITS) - 1)) << 1));
    if (entry == 0) entry = decodeLong(bits, LITERAL_COUNTS, LITERAL_ORDER);
    bits >>= entry & 15;
    bitCount -= entry & 15;
    const symbol = entry >>> 4;
    if (symbol < 256) {
      // No code at all has no bits.
      if (entry == 0) {
        result = WRONG;
        break;
      }
      store<u8>(PLAIN + end++, <u8>symbol);
      store<u32>(out, symbol);
      out += 4;
      continue;
    }
    if (symbol == 256) {
      store<u32>(out, TOKEN_END);
      out += 4;
      result = afterBlock();
      break;
    }
    if (symbol > 285) {
      result = WRONG;
      break;
    }
    const lengthExtra = <u32>load<u8>(LENGTH_EXTRA + symbol - 257);
    const length: u32 = 3 + <u32>load<u16>(LENGTH_BASES + ((symbol - 257) << 1)) + <u32>(bits & (((<u64>1) << lengthExtra) - 1));
    bits >>= lengthExtra;
    bitCount -= lengthExtra;
    entry = <u32>load<u16>(DISTANCE_DECODER + (<usize>(bits & (((<u64>1) << DISTANCE_DECODER_BITS) - 1)) << 1));
    if (entry == 0) entry = decodeLong(bits, DISTANCE_COUNTS, DISTANCE_ORDER);
    bits >>= entry & 15;
    bitCount -= entry & 15;
    const code = entry >>> 4;
    const distanceExtra = code < 30 ? <u32>load<u8>(DISTANCE_EXTRA + code) : 0;
    const distance: u32 = 1 + <u32>load<u16>(DISTANCE_BASES + (code << 1)) + <u32>(bits & (((<u64>1) << distanceExtra) - 1));
    bits >>= distanceExtra;
    bitCount -= distanceExtra;
    // 258 has a code of its own; who writes it otherwise is not followed.
    if (entry == 0 || code > 29 || distance > end - memberStart || (length == 258 && symbol != 285)) {
      result = WRONG;
      break;
    }
    copyMatch(PLAIN + end, distance, length);
    end += length;
    store<u32>(out, (distance << 16) | length);
    out += 4;
  }
  setPlainEnd(end);
  tokensEnd = out;
  return result;
}

// @ts-ignore: a decorator of the compiler
@inline
function copyMatch(to: usize, distance: u32, length: u32): void {
  const from = to - distance;
  if (distance >= 8) {
    // Up to seven bytes too many: what comes next overwrites them.
    for (let i: u32 = 0; i < length; i += 8) store<u64>(to + i, load<u64>(from + i));
  } else {
    for (let i: u32 = 0; i < length; i++) store<u8>(to + i, load<u8>(from + i));
  }
}
