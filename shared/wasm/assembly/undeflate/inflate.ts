/** Inflates (RFC 1951) into plain bytes and tokens, as far as there is input and room. */
import { DISTANCE_BASES, DISTANCE_EXTRA, LENGTH_BASES, LENGTH_EXTRA } from '../deflate/codes';
import { readBlockHeader } from './block-header';
import { decodeLong } from './decoder';
import * as header from './header';
import { bitCount, bits, inAt, inEnd, isBeyondEnd, isInputOver, passBytes, putBack, setInput, startInput, take } from './input';
import {
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

let state: u32 = AT_HEADER;
let storedLeft: u32 = 0;
/** Where matches may reach back to. */
let memberStart: u32 = 0;
/** Tokens, words, from `tokensAt` to `tokensEnd` are not looked at yet. */
export let tokensAt: usize = TOKENS;
export let tokensEnd: usize = TOKENS;

export function startInflate(): void {
  state = AT_HEADER;
  startInput();
  memberStart = plainEnd;
  tokensAt = TOKENS;
  tokensEnd = TOKENS;
}

export function setTokensAt(address: usize): void {
  tokensAt = address;
}

/** The plain bytes have been moved. */
export function moveInflate(shift: u32): void {
  memberStart = memberStart > shift ? memberStart - shift : 0;
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
    if (isBeyondEnd()) state = WRONG;
  }
  return state == OVER ? 1 : 2;
}

function makeTokenRoom(): void {
  if (tokensAt == TOKENS) return;
  memory.copy(TOKENS, tokensAt, tokensEnd - tokensAt);
  tokensEnd -= tokensAt - TOKENS;
  tokensAt = TOKENS;
}

function readHeader(): u32 {
  const phase = (0 - bitCount) & 7;
  if (!readBlockHeader()) return WRONG;
  const type = header.typeOf(READ);
  storedLeft = header.storedBytes(READ);
  const next = type != header.STORED ? IN_CODES : storedLeft == 0 ? afterBlock() : IN_STORED;
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

/** False where input or room are used up. */
function copyStored(): bool {
  const room = PLAIN_BYTES - TOKEN_PLAIN - plainEnd;
  const bytes = min(min(storedLeft, room), inAt >= inEnd ? 0 : <u32>(inEnd - inAt));
  memory.copy(PLAIN + plainEnd, inAt, bytes);
  setPlainEnd(plainEnd + bytes);
  passBytes(bytes);
  storedLeft -= bytes;
  if (storedLeft == 0) {
    state = afterBlock();
    return true;
  }
  if (isInputOver && inAt >= inEnd) state = WRONG;
  return state == WRONG;
}

function afterBlock(): u32 {
  if (!header.isFinal(READ)) return AT_HEADER;
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
  // In registers meanwhile.
  let waiting = bits;
  let count = bitCount;
  let from = inAt;
  while (from <= inLimit && out < tokensLimit && end + TOKEN_PLAIN <= PLAIN_BYTES) {
    waiting |= load<u64>(from) << count;
    from += (63 - count) >>> 3;
    count |= 56;
    let entry = <u32>load<u16>(LITERAL_DECODER + (<usize>(waiting & (((<u64>1) << LITERAL_DECODER_BITS) - 1)) << 1));
    if (entry == 0) entry = decodeLong(waiting, LITERAL_COUNTS, LITERAL_ORDER);
    waiting >>= entry & 15;
    count -= entry & 15;
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
      result = OVER;
      break;
    }
    if (symbol > 285) {
      result = WRONG;
      break;
    }
    const lengthExtra = <u32>load<u8>(LENGTH_EXTRA + symbol - 257);
    const length: u32 = 3 + <u32>load<u16>(LENGTH_BASES + ((symbol - 257) << 1)) + <u32>(waiting & (((<u64>1) << lengthExtra) - 1));
    waiting >>= lengthExtra;
    count -= lengthExtra;
    entry = <u32>load<u16>(DISTANCE_DECODER + (<usize>(waiting & (((<u64>1) << DISTANCE_DECODER_BITS) - 1)) << 1));
    if (entry == 0) entry = decodeLong(waiting, DISTANCE_COUNTS, DISTANCE_ORDER);
    waiting >>= entry & 15;
    count -= entry & 15;
    const code = entry >>> 4;
    const distanceExtra = code < 30 ? <u32>load<u8>(DISTANCE_EXTRA + code) : 0;
    const distance: u32 = 1 + <u32>load<u16>(DISTANCE_BASES + (code << 1)) + <u32>(waiting & (((<u64>1) << distanceExtra) - 1));
    waiting >>= distanceExtra;
    count -= distanceExtra;
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
  setInput(from, waiting, count);
  setPlainEnd(end);
  tokensEnd = out;
  return result == OVER ? afterBlock() : result;
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
