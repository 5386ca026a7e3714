/**
 * Hash chains over the plain bytes, and the longest match on one: as zlib and gzip look for it, and as Go does. What counts is
 * which places are looked at, in which order, and when the looking stops.
 */
import { CHAIN, HEADS, HEADS_BYTES, PLAIN } from './layout';
import { base, inserted, memberEnd, setBase, setInserted } from './plain';
import { finder, GO_LAZY, good, hashKind, looks, nice } from './settings';

const WINDOW_BYTES: u32 = 32768;
const MATCH_MAX: u32 = 258;
/** zlib keeps as much ahead, and so looks less far back. */
const ZLIB_AHEAD: u32 = 262;
const ZLIB_REACH: u32 = WINDOW_BYTES - ZLIB_AHEAD;
/** A window of twice its size is moved down when the encoder stands here in it. */
const SLIDES_AT: i32 = 2 * 32768 - 261;
/** Places looked at for the nearest match of a length. */
const NEAREST_LOOKS: u32 = 1024;
/** A match of four bytes farther back than this is none to Go. */
const GO_FAR: u32 = 4096;

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
const HEADS_STEP: u32 = 32000;

/** Empty chains, for positions from `position` on. */
export function startChains(position: u32): void {
  memory.fill(HEADS, 0, headsBytes());
  headsBase = position - WINDOW_BYTES - 1;
}

export function moveChains(shift: u32): void {
  headsBase -= shift;
}

/** Makes positions before `end` fit. */
function moveHeads(end: u32): void {
  const step = i16x8.splat(<i16>HEADS_STEP);
  const bytes = headsBytes();
  while (end - headsBase > 65535) {
    for (let slot = HEADS; slot < HEADS + bytes; slot += 16) v128.store(slot, v128.sub_sat<u16>(v128.load(slot), step));
    headsBase += HEADS_STEP;
  }
}

/** How far back the match that was found last lies. */
export let foundDistance: u32 = 0;
/** Where matches must end. */
export let reachEnd: u32 = u32.MAX_VALUE;
/** Places looked at that are still allowed: what takes more is refused. */
export let looksLeft: i32 = 0;

export function setReachEnd(position: u32): void {
  reachEnd = min(position, memberEnd);
}

/** Of a member: places that may be looked at before its first byte, and more for each byte on average. */
let looksFirst: i32 = 0;
let looksPerByte: u32 = 0;
export const LOOKS_FIRST: i32 = 1 << 24;
export const LOOKS_PER_BYTE: u32 = 2048;

export function setLooks(first: i32, perByte: u32): void {
  looksFirst = first;
  looksPerByte = perByte;
}

/** So many bytes have gone by: more places may be looked at. */
export function allowLooks(bytes: u32): void {
  looksLeft = min(looksLeft + <i32>(bytes * looksPerByte), 1 << 29);
}

export function resetLooks(): void {
  looksLeft = looksFirst;
}

/** Puts all positions before `end` into the chains, as far as the bytes of their hash are there. */
export function insertTo(end: u32): void {
  const least: u32 = hashKind < HASH_CHROMIUM ? 3 : hashKind == HASH_GO ? 4 : 3;
  if (end > reachEnd - (least - 1)) end = reachEnd > least - 1 ? reachEnd - (least - 1) : 0;
  let position = inserted;
  if (position >= end) return;
  if (end - headsBase > 65535) moveHeads(end);
  if (hashKind == HASH_GO) {
    for (; position < end; position++) put(position, hashGo(position));
  } else if (hashKind == HASH_ZLIB) {
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
  setInserted(position);
}

/** Positions before `end` that are not in the chains stay out of them. */
export function skipTo(end: u32): void {
  if (inserted < end) setInserted(end);
}

// @ts-ignore: a decorator of the compiler
@inline
function put(position: u32, hash: u32): void {
  const head = HEADS + (<usize>hash << 1);
  const place = position - headsBase;
  const distance = place - <u32>load<u16>(head);
  store<u16>(CHAIN + ((position & (WINDOW_BYTES - 1)) << 1), distance > WINDOW_BYTES ? <u16>0 : <u16>distance);
  store<u16>(head, <u16>place);
}

/** Whether `position` is in the chains and so may be looked up. */
export function canFind(position: u32): bool {
  return position < inserted;
}

/** The encoder's window moves on as it comes to `position`. */
export function slideBase(position: u32): void {
  if (<i32>position - base >= SLIDES_AT) setBase(base + <i32>WINDOW_BYTES);
}

/** zlib and gzip: the longest match at `position` that is longer than `best`, or `best`. */
export function findZlib(position: u32, best: u32): u32 {
  slideBase(position);
  let step = <u32>load<u16>(CHAIN + ((position & (WINDOW_BYTES - 1)) << 1));
  if (step == 0 || step > ZLIB_REACH || <i32>(position - step) <= base) return best;
  let left = best >= good ? looks >>> 2 : looks;
  const ahead = min(reachEnd - position, MATCH_MAX);
  const stop = min(nice, ahead);
  const scan = PLAIN + position;
  // Whatever is longer than `best` agrees in its last four bytes; in three where only two are known.
  let offset: usize = best < 3 ? 0 : best - 3;
  let mask: u32 = best < 3 ? 0xffffff : 0xffffffff;
  let wanted = load<u32>(scan + offset);
  let candidate = position - step;
  const lowest = max<i32>(<i32>(position - ZLIB_REACH), base);
  do {
    left--;
    const match = PLAIN + candidate;
    if (((load<u32>(match + offset) ^ wanted) & mask) == 0) {
      const length = min(agreeing(scan, match), ahead);
      if (length > best) {
        foundDistance = position - candidate;
        best = length;
        if (length >= stop) break;
        offset = best - 3;
        mask = 0xffffffff;
        wanted = load<u32>(scan + offset);
      }
    }
    step = <u32>load<u16>(CHAIN + ((candidate & (WINDOW_BYTES - 1)) << 1));
    candidate -= step;
  } while (step != 0 && <i32>candidate > lowest && left != 0);
  looksLeft -= <i32>(looks - left);
  return best;
}

/**
 * Go: the longest match at `position` that is longer than `best`, which is 3 at least; `best` where there is none. Go itself always
 * starts from 3, which finds the same wherever it finds something longer than `best`: unless that is as long as it ever looks for.
 */
export function findGo(position: u32, best: u32): u32 {
  slideBase(position);
  let nearest: i32 = 0;
  if (best > 3) {
    // Whatever is longer has these four bytes at its end. Where the window does not, only what overlaps its own end is left.
    const end = position + best - 3;
    if (isNew(end)) nearest = <i32>(position - (best - 4));
    if (nearest == <i32>position) return best;
  }
  let step = <u32>load<u16>(CHAIN + ((position & (WINDOW_BYTES - 1)) << 1));
  if (step == 0 || <i32>(position - step) < base) return best;
  let left = looks;
  const ahead = min(reachEnd - position, MATCH_MAX);
  const stop = min(nice, ahead);
  const scan = PLAIN + position;
  let offset: usize = best - 3;
  let wanted = load<u32>(scan + offset);
  let candidate = position - step;
  let lowest = max<i32>(max<i32>(<i32>(position - WINDOW_BYTES), base), nearest);
  if (<i32>candidate < lowest) return best;
  do {
    left--;
    const match = PLAIN + candidate;
    if (load<u32>(match + offset) == wanted) {
      const length = min(agreeing(scan, match), ahead);
      if (length > best && (length > 4 || position - candidate <= GO_FAR)) {
        foundDistance = position - candidate;
        best = length;
        if (length >= stop) break;
        if (isNew(position + best - 3)) lowest = max<i32>(lowest, <i32>(position - (best - 4)));
        offset = best - 3;
        wanted = load<u32>(scan + offset);
      }
    }
    // The slot of what is a whole window back is this position's own.
    if (position - candidate == WINDOW_BYTES) break;
    step = <u32>load<u16>(CHAIN + ((candidate & (WINDOW_BYTES - 1)) << 1));
    candidate -= step;
  } while (step != 0 && <i32>candidate >= lowest && left != 0);
  looksLeft -= <i32>(looks - left);
  return best;
}

/** Whether the four bytes at `position`, which is not in the chains yet, are nowhere in reach of there; unknown where positions are left out. */
function isNew(position: u32): bool {
  if (finder != GO_LAZY || position + 4 > reachEnd) return false;
  const place = <u32>load<u16>(HEADS + (<usize>hashGo(position) << 1));
  return place == 0 || position - headsBase - place > WINDOW_BYTES;
}

// @ts-ignore: a decorator of the compiler
@inline
function hashGo(position: u32): u32 {
  return (bswap<u32>(load<u32>(PLAIN + position)) * 0x1e35a7bd) >>> 15;
}

/** The least distance at which at least `length` bytes agree, as far as the chain tells in so many looks; 0: none. */
export function findNearest(position: u32, length: u32): u32 {
  if (!canFind(position)) return 0;
  const scan = PLAIN + position;
  let candidate = position;
  for (let left = NEAREST_LOOKS; left != 0; left--) {
    const step = <u32>load<u16>(CHAIN + ((candidate & (WINDOW_BYTES - 1)) << 1));
    candidate -= step;
    if (step == 0 || position - candidate > WINDOW_BYTES || <i32>candidate < base) break;
    if (agreeing(scan, PLAIN + candidate) >= length) {
      looksLeft -= <i32>(NEAREST_LOOKS - left);
      return position - candidate;
    }
    if (position - candidate == WINDOW_BYTES) break;
  }
  looksLeft -= <i32>NEAREST_LOOKS;
  return 0;
}

/** How many bytes agree, up to 264. */
export function agreeing(a: usize, b: usize): u32 {
  for (let i: u32 = 0; i < MATCH_MAX; i += 8) {
    const difference = load<u64>(a + i) ^ load<u64>(b + i);
    if (difference != 0) return i + <u32>(ctz(difference) >> 3);
  }
  return MATCH_MAX;
}
