/**
 * Hash chains over the plain bytes, as zlib, gzip and Go have them: match.ts looks along them. A chain is followed by loads that wait
 * for each other, so each position holds the next four places of its chain.
 */
import { HEADS, HEADS_BYTES, LINKS, PLAIN } from './layout';
import { inserted, memberEnd, setInserted } from './plain';
import { hashKind } from './settings';

export const WINDOW_BYTES: u32 = 32768;
/** Added to a position: a link that is out of reach from wherever the position itself is in reach. */
const NOWHERE: u32 = 32767;

/** Of the hash: three bytes, 15 and 16 bits; four bytes, 15 bits, as Chromium's zlib has it; four bytes, 17 bits, as Go. */
export const HASH_ZLIB: u32 = 0;
export const HASH_ZLIB_LARGE: u32 = 1;
export const HASH_CHROMIUM: u32 = 2;
export const HASH_GO: u32 = 3;

/** Bytes of the heads that a kind of hash uses. */
function headsBytes(): usize {
  return hashKind == HASH_GO ? HEADS_BYTES : hashKind == HASH_ZLIB_LARGE ? 65536 * 2 : 32768 * 2;
}

/**
 * The heads hold positions less this, in 16 bits; 0: none. It follows far enough behind that what is not there seems out of reach,
 * and the table is half as large as with whole positions: it stays in the cache.
 */
let headsBase: u32 = 0;
/** All positions before this one have their links; those from `inserted` on ahead of time, where it is certain that they will be in the chains. */
export let linked: u32 = 0;
const HEADS_STEP: u32 = 32000;
/** Positions that are linked at once: fewer than that, for some are behind already. */
const LINKED_AHEAD: u32 = 400;

/** Empty chains, for positions from `position` on. */
export function startChains(position: u32): void {
  memory.fill(HEADS, 0, headsBytes());
  linked = position;
  headsBase = position - WINDOW_BYTES - 1;
}

export function moveChains(shift: u32): void {
  headsBase -= shift;
  linked = linked > shift ? linked - shift : 0;
}

/** Makes positions before `end` fit; `end` is less than 768 beyond the first position that is not in the chains. */
function moveHeads(end: u32): void {
  const step = i16x8.splat(<i16>HEADS_STEP);
  const bytes = headsBytes();
  while (end - headsBase > 65535) {
    for (let slot = HEADS; slot < HEADS + bytes; slot += 16) v128.store(slot, v128.sub_sat<u16>(v128.load(slot), step));
    headsBase += HEADS_STEP;
  }
}

/** Where matches must end. */
export let reachEnd: u32 = u32.MAX_VALUE;

export function setReachEnd(position: u32): void {
  reachEnd = min(position, memberEnd);
}

/** Puts all positions before `end` into the chains, as far as the bytes of their hash are there. */
export function insertTo(end: u32): void {
  end = min(end, hashEnd());
  if (inserted >= end) return;
  setInserted(end);
  if (linked < end) link(end);
}

/** Behind the last position that has all bytes of its hash. */
// @ts-ignore: a decorator of the compiler
@inline
function hashEnd(): u32 {
  const more: u32 = hashKind == HASH_GO ? 3 : 2;
  return reachEnd > more ? reachEnd - more : 0;
}

/**
 * Before a token at `position` is looked for: gives it and the next position links, and those behind them, all at once. How far that
 * goes hangs on the tokens alone, not on how many bytes happen to be there: what is spared by links of later positions (reach.ts) is the
 * same for who takes apart and who puts together, and so is what both count.
 */
// @ts-ignore: a decorator of the compiler
@inline
export function linkAhead(position: u32): void {
  if (linked >= position + 2) return;
  const end = min(position + LINKED_AHEAD, hashEnd());
  if (linked < end) link(end);
}

/** Gives all positions before `end`, less than 768 more, their links. */
function link(end: u32): void {
  let position = linked;
  linked = end;
  if (end - headsBase > 65535) moveHeads(end);
  if (hashKind == HASH_GO) {
    for (; position + 4 <= end; position += 4) {
      const bytes = v128.load(PLAIN + position);
      const grams = v128.shuffle<u8>(bytes, bytes, 3, 2, 1, 0, 4, 3, 2, 1, 5, 4, 3, 2, 6, 5, 4, 3);
      const hashes = v128.shr<u32>(v128.mul<i32>(grams, i32x4.splat(0x1e35a7bd)), 15);
      put(position, i32x4.extract_lane(hashes, 0));
      put(position + 1, i32x4.extract_lane(hashes, 1));
      put(position + 2, i32x4.extract_lane(hashes, 2));
      put(position + 3, i32x4.extract_lane(hashes, 3));
    }
    for (; position < end; position++) put(position, hashGo(position));
  } else if (hashKind == HASH_ZLIB) {
    for (; position + 4 <= end; position += 4) {
      const bytes = v128.load(PLAIN + position);
      const grams = v128.shuffle<u8>(bytes, bytes, 0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6);
      const first = v128.and(v128.shl<i32>(grams, 10), i32x4.splat(0x7c00));
      const second = v128.and(v128.shr<u32>(grams, 3), i32x4.splat(0x1fe0));
      const third = v128.and(v128.shr<u32>(grams, 16), i32x4.splat(255));
      const hashes = v128.xor(v128.xor(first, second), third);
      put(position, i32x4.extract_lane(hashes, 0));
      put(position + 1, i32x4.extract_lane(hashes, 1));
      put(position + 2, i32x4.extract_lane(hashes, 2));
      put(position + 3, i32x4.extract_lane(hashes, 3));
    }
    for (; position < end; position++) {
      const bytes = load<u32>(PLAIN + position);
      put(position, (((bytes & 255) << 10) ^ ((bytes >>> 3) & 0x1fe0) ^ ((bytes >>> 16) & 255)) & 0x7fff);
    }
  } else if (hashKind == HASH_ZLIB_LARGE) {
    for (; position < end; position++) {
      const bytes = load<u32>(PLAIN + position);
      put(position, (((bytes & 255) << 12) ^ ((bytes >>> 2) & 0x3fc0) ^ ((bytes >>> 16) & 255)) & 0xffff);
    }
  } else {
    for (; position < end; position++) {
      // The last three bytes are hashed as if a zero followed.
      const bytes = load<u32>(PLAIN + position) & (position + 4 > reachEnd ? 0xffffff : 0xffffffff);
      put(position, ((bytes * 66521 + 66521) >>> 16) & 0x7fff);
    }
  }
}

/** Positions before `end` that are not in the chains stay out of them. */
export function skipTo(end: u32): void {
  if (inserted < end) setInserted(end);
  if (linked < end) linked = end;
}

// @ts-ignore: a decorator of the compiler
@inline
function put(position: u32, hash: u32): void {
  const head = HEADS + (<usize>hash << 1);
  const place = position - headsBase;
  const distance = place - <u32>load<u16>(head);
  const isFirst = distance > WINDOW_BYTES;
  const link = position + (isFirst ? NOWHERE : 0 - distance);
  const farther: u64 = isFirst ? 0 : load<u64>(linksAt(position - distance)) << 16;
  store<u64>(linksAt(position), farther | <u64>(link & 0xffff));
  store<u16>(head, <u16>place);
}

/**
 * Address of the next places on the chain behind `position`: four positions, the nearest in the lowest 16 bits, each modulo 65,536;
 * behind one that is out of reach there is nothing.
 */
// @ts-ignore: a decorator of the compiler
@inline
export function linksAt(position: u32): usize {
  return LINKS + (<usize>(position & 0xffff) << 3);
}

/** How far behind `position` the next place on its chain lies; 0: nowhere in reach. */
export function stepFrom(position: u32): u32 {
  // Where the position a window further on is in the chains, they have always gone on as from that one.
  const owner = position + WINDOW_BYTES < inserted ? position + WINDOW_BYTES : position;
  const step = (owner - <u32>load<u16>(linksAt(owner))) & 0xffff;
  return step > WINDOW_BYTES ? 0 : step;
}

/** Whether `position` is in the chains and so may be looked up. */
export function canFind(position: u32): bool {
  return position < inserted;
}

/** Whether nothing in reach of `position`, which has no links yet, has the hash of its four bytes. */
export function isNewToGo(position: u32): bool {
  const place = <u32>load<u16>(HEADS + (<usize>hashGo(position) << 1));
  return place == 0 || position - headsBase - place > WINDOW_BYTES;
}

// @ts-ignore: a decorator of the compiler
@inline
function hashGo(position: u32): u32 {
  return (bswap<u32>(load<u32>(PLAIN + position)) * 0x1e35a7bd) >>> 15;
}
