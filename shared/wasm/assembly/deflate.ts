/**
 * Deflate (RFC 1951) exactly as two widespread compressors do it, gzip and zlib: so that a compressed file can be sent as what
 * it holds, and be made again to the last bit. Every choice is theirs: which matches are looked at, how long, when a block ends.
 * What is described here is their behaviour, in words of our own.
 */
import { bitsEnd, isRight, startBits, alignBits } from './deflate/bits';
import { addLiteral, addMatch, endBlock, matches, roughBits, startBlocks, symbols } from './deflate/block';
import { CHAIN, HEADS, WINDOW } from './deflate/layout';

const WINDOW_BYTES: u32 = 32768;
const MATCH_MIN: u32 = 3;
const MATCH_MAX: u32 = 258;
/** There are always as many bytes ahead, except at the end. */
const AHEAD_MIN: u32 = MATCH_MAX + MATCH_MIN + 1;
const DISTANCE_MAX: u32 = WINDOW_BYTES - AHEAD_MIN;
/** A match of the least length is not worth a distance beyond this. */
const FAR: u32 = 4096;

/** Whose behaviour. */
let isZlib: bool = false;
let level: u32 = 0;
/** From this length on a previous match is good enough to look less; to not look at all; to stop looking; and how often to look. */
let good: u32 = 0;
let lazy: u32 = 0;
let nice: u32 = 0;
let looks: u32 = 0;
/** Symbols at which a block ends. */
let blockSymbols: u32 = 0;
/** The hash of three bytes: bits, and by how many each byte moves it. */
let hashBits: u32 = 0;
let hashShift: u32 = 0;

let source: usize = 0;
let sourceLeft: u32 = 0;
let isEnd: bool = false;
/** Positions in the window. */
let here: u32 = 0;
let ahead: u32 = 0;
let blockStart: i32 = 0;
let hash: u32 = 0;
let matchStart: u32 = 0;
let previousLength: u32 = 0;
/** Looks that may still be taken in all: what takes longer is refused. */
let budget: i64 = 0;

/**
 * Compresses `bytes` bytes at `from`. Returns the length of the result, or 0 where it does not fit, is not what stands at
 * `expected` (0: no matter) or takes more than `looksMax` looks.
 * @param flavour 0: gzip; 1: zlib with 16,384 symbols a block (memLevel 8); 2: zlib with 32,768 (memLevel 9)
 */
export function deflate(from: usize, bytes: u32, out: usize, outLimit: usize, expected: usize, flavour: u32, effort: u32, looksMax: f64): u32 {
  isZlib = flavour != 0;
  blockSymbols = (flavour == 1 ? 16384 : 32768) - 1;
  hashBits = flavour == 2 ? 16 : 15;
  hashShift = flavour == 2 ? 6 : 5;
  budget = <i64>looksMax;
  setLevel(effort);
  source = from;
  sourceLeft = bytes;
  startBits(out, outLimit, expected);
  startBlocks();
  memory.fill(WINDOW, 0, 65536 + 512);
  memory.fill(HEADS, 0, 65536 * 2);
  isEnd = false;
  here = 0;
  blockStart = 0;
  matchStart = 0;
  hash = 0;
  ahead = read(WINDOW, 2 * WINDOW_BYTES);
  fill();
  roll(0);
  roll(1);
  if (level < 4) compressFast();
  else compressLazily();
  flush(true);
  alignBits();
  return isRight && budget >= 0 ? <u32>(bitsEnd() - out) : 0;
}

function setLevel(effort: u32): void {
  level = effort;
  good = effort <= 4 ? 4 : effort < 8 ? 8 : 32;
  lazy = effort <= 4 ? (effort == 4 ? 4 : effort + 3) : effort < 8 ? (effort == 7 ? 32 : 16) : effort == 8 ? 128 : 258;
  nice = effort == 1 ? 8 : effort == 2 || effort == 4 ? 16 : effort == 3 || effort == 5 ? 32 : effort < 8 ? 128 : 258;
  looks = effort == 1 ? 4 : effort == 2 ? 8 : effort == 4 ? 16 : effort == 3 || effort == 5 ? 32 : 0;
  if (looks == 0) looks = effort == 6 ? 128 : effort == 7 ? 256 : effort == 8 ? 1024 : 4096;
}

/** Takes every match at once. */
function compressFast(): void {
  let length: u32 = 0;
  previousLength = MATCH_MIN - 1;
  while (ahead != 0 && isRight && budget >= 0) {
    const head = canInsert() ? insert() : 0;
    if (isZlib) length = 0;
    if (isInReach(head)) length = longestMatch(head);
    let isFull: bool;
    if (length >= MATCH_MIN) {
      addMatch(length, here - matchStart);
      isFull = isBlockFull();
      ahead -= length;
      if (length <= lazy && (!isZlib || ahead >= MATCH_MIN)) {
        for (length--; length != 0; length--) {
          here++;
          insert();
        }
        here++;
      } else {
        here += length;
        length = 0;
        hash = load<u8>(WINDOW + here);
        roll(here + 1);
      }
    } else {
      addLiteral(load<u8>(WINDOW + here));
      isFull = isBlockFull();
      ahead--;
      here++;
    }
    if (isFull) flush(false);
    fill();
  }
}

/** Takes a match only where the next position has no longer one. */
function compressLazily(): void {
  let isPending = false;
  let length: u32 = MATCH_MIN - 1;
  while (ahead != 0 && isRight && budget >= 0) {
    const head = canInsert() ? insert() : 0;
    previousLength = length;
    const previousStart = matchStart;
    length = MATCH_MIN - 1;
    if (previousLength < lazy && isInReach(head)) {
      length = longestMatch(head);
      if (length == MATCH_MIN && here - matchStart > FAR) length--;
    }
    if (previousLength >= MATCH_MIN && length <= previousLength) {
      const insertLast = here + ahead - MATCH_MIN;
      addMatch(previousLength, here - 1 - previousStart);
      const isFull = isBlockFull();
      ahead -= previousLength - 1;
      for (let left = previousLength - 2; left != 0; left--) {
        here++;
        if (!isZlib || <i32>here <= <i32>insertLast) insert();
      }
      isPending = false;
      length = MATCH_MIN - 1;
      here++;
      if (isFull) flush(false);
    } else {
      if (isPending) {
        addLiteral(load<u8>(WINDOW + here - 1));
        if (isBlockFull()) flush(false);
      }
      isPending = true;
      here++;
      ahead--;
    }
    fill();
  }
  if (isPending) addLiteral(load<u8>(WINDOW + here - 1));
}

function canInsert(): bool {
  return !isZlib || ahead >= MATCH_MIN;
}

function isInReach(head: u32): bool {
  return head != 0 && here - head <= DISTANCE_MAX && (isZlib || here <= 2 * WINDOW_BYTES - AHEAD_MIN);
}

/** Puts the string at `here` at the head of its chain; returns what was there. */
function insert(): u32 {
  roll(here + 2);
  const at = HEADS + (hash << 1);
  const head = <u32>load<u16>(at);
  store<u16>(CHAIN + ((here & (WINDOW_BYTES - 1)) << 1), <u16>head);
  store<u16>(at, <u16>here);
  return head;
}

function roll(at: u32): void {
  hash = ((hash << hashShift) ^ <u32>load<u8>(WINDOW + at)) & ((1 << hashBits) - 1);
}

/** The length of the longest match on the chain, at least what was known, at most what is ahead; it starts at `matchStart`. */
function longestMatch(candidate: u32): u32 {
  let left = previousLength >= good ? looks >>> 2 : looks;
  const stop = isZlib ? min(nice, ahead) : nice;
  const limit: u32 = here > DISTANCE_MAX ? here - DISTANCE_MAX : 0;
  const scan = WINDOW + here;
  let best = previousLength;
  do {
    budget--;
    const match = WINDOW + candidate;
    if (load<u16>(match + best - 1) != load<u16>(scan + best - 1) || load<u16>(match) != load<u16>(scan)) continue;
    const length = agreeing(scan, match);
    if (length > best) {
      matchStart = candidate;
      best = length;
      if (length >= stop) break;
    }
  } while ((candidate = <u32>load<u16>(CHAIN + ((candidate & (WINDOW_BYTES - 1)) << 1))) > limit && --left != 0);
  return min(best, ahead);
}

function agreeing(a: usize, b: usize): u32 {
  for (let i: u32 = 0; i < MATCH_MAX - 2; i += 8) {
    const difference = load<u64>(a + i) ^ load<u64>(b + i);
    if (difference != 0) return min(i + <u32>(ctz(difference) >> 3), MATCH_MAX);
  }
  if (load<u8>(a + 256) != load<u8>(b + 256)) return 256;
  return load<u8>(a + 257) == load<u8>(b + 257) ? 258 : 257;
}

function isBlockFull(): bool {
  // gzip ends a block early where it is clearly getting small.
  if (!isZlib && level > 2 && (symbols & 0xfff) == 0) {
    const input = <u32>(<i32>here - blockStart);
    if (matches < symbols / 2 && roughBits() >>> 3 < input / 2) return true;
  }
  return symbols == blockSymbols;
}

function flush(isLast: bool): void {
  endBlock(blockStart >= 0 ? WINDOW + blockStart : 0, <u32>(<i32>here - blockStart), isLast);
  blockStart = <i32>here;
}

/** Reads on while there is too little ahead; the window slides when its upper half is nearly used up. */
function fill(): void {
  while (ahead < AHEAD_MIN && !isEnd) {
    let room = 2 * WINDOW_BYTES - ahead - here;
    if (here >= WINDOW_BYTES + DISTANCE_MAX) {
      memory.copy(WINDOW, WINDOW + WINDOW_BYTES, WINDOW_BYTES);
      matchStart -= WINDOW_BYTES;
      here -= WINDOW_BYTES;
      blockStart -= WINDOW_BYTES;
      slide(HEADS, 1 << hashBits);
      slide(CHAIN, WINDOW_BYTES);
      room += WINDOW_BYTES;
    }
    const bytes = read(WINDOW + here + ahead, room);
    ahead += bytes;
    if (bytes == 0) {
      isEnd = true;
      store<u16>(WINDOW + here + ahead, 0);
    }
  }
}

function slide(table: usize, entries: u32): void {
  for (let i: u32 = 0; i < entries; i++) {
    const at = table + (i << 1);
    const position = <u32>load<u16>(at);
    store<u16>(at, position >= WINDOW_BYTES ? <u16>(position - WINDOW_BYTES) : 0);
  }
}

function read(to: usize, room: u32): u32 {
  const bytes = min(room, sourceLeft);
  memory.copy(to, source, bytes);
  source += bytes;
  sourceLeft -= bytes;
  return bytes;
}
