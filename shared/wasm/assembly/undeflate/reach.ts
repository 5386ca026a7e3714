/**
 * How far back a match can be that is longer than one that is known: its bytes have been there before, the rare ones among them
 * at few places. Chains of other positions than its own tell, without a step along its own.
 */
import { HASH_CHROMIUM, isNewToGo, linked, linksAt, reachEnd, WINDOW_BYTES } from './chains';
import { PLAIN } from './layout';
import { maySpare, spareLooks } from './looks';
import { finder, GO_LAZY, hashKind, looks, segmentBytes, ZLIB_LAZY } from './settings';

/** Places that a position links to: chains.ts. */
const LINKED: i32 = 4;
/** Who looks at no more places than this is done sooner than rare bytes are found. */
const FEW_LOOKS: u32 = 256;
const FEW_LEFT: u32 = 32;
/** Nor does it pay where the fourth place on the own chain is farther back than this, or less than so many times nearer than on another. */
const NEAR: u32 = 2048;
const TIMES_RARER: u32 = 4;
/** Positions that are compared for the rarest bytes, and places of those that are tried. */
const COMPARED: u32 = 32;
const TRIED: u32 = 64;

/**
 * How far back a match at `position` longer than `best` can be: not beyond the places that also have the bytes at its end, where those
 * are few, or (zlib, gzip) others of its bytes. Unknown where positions are left out of the chains.
 * @param left places that would be looked at else
 */
// @ts-ignore: a decorator of the compiler
@inline
export function reachFor(position: u32, best: u32, isGo: bool, left: u32): u32 {
  // As many bytes as a hash is of, the last of them behind `best`.
  const end = position + best - (isGo || hashKind == HASH_CHROMIUM ? 3 : 2);
  if (finder != (isGo ? GO_LAZY : ZLIB_LAZY) || end + 4 > reachEnd) return WINDOW_BYTES;
  // The last bytes of a segment have another hash than the same bytes elsewhere.
  if (!isGo && hashKind == HASH_CHROMIUM && segmentBytes != 0) return WINDOW_BYTES;
  if (end >= linked) return isGo && isNewToGo(end) ? best - 4 : WINDOW_BYTES;
  if (isGo || !isCrowded(end)) return reachLinked(end, position, best);
  return looks <= FEW_LOOKS ? WINDOW_BYTES : reachByRarest(end, position, best, left);
}

/** By the places that `end` links to. */
// @ts-ignore: a decorator of the compiler
@inline
function reachLinked(end: u32, position: u32, best: u32): u32 {
  const scan = PLAIN + position;
  const first = load<u32>(scan);
  const last = load<u32>(scan + best - 3);
  let links = load<u64>(linksAt(end));
  let reach: u32 = 0;
  for (let place = 0; place < LINKED; place++) {
    const distance = (end - <u32>links) & 0xffff;
    if (distance - 1 >= WINDOW_BYTES) return reach;
    if (canBeLonger(scan - distance, best, first, last)) reach = distance;
    // Behind what is a whole window back, a link to nowhere looks like one to what is near.
    if (distance == WINDOW_BYTES) return reach;
    links >>= 16;
  }
  return WINDOW_BYTES;
}

/** Whether what stands there begins as the match does, and has its last bytes. */
// @ts-ignore: a decorator of the compiler
@inline
function canBeLonger(match: usize, best: u32, first: u32, last: u32): bool {
  return load<u32>(match + best - 3) == last && ((load<u32>(match) ^ first) & 0xffffff) == 0;
}

/** Whether all places that `position` links to are in reach. */
// @ts-ignore: a decorator of the compiler
@inline
function isCrowded(position: u32): bool {
  const back = v128.sub<i16>(i16x8.splat(<i16>(position - 1)), v128.load64_zero(linksAt(position)));
  return (i16x8.bitmask(back) & 15) == 0;
}

/** By the bytes that have been seen least of late, among those before `end`. */
function reachByRarest(end: u32, position: u32, best: u32, left: u32): u32 {
  const own = fourthBehind(position);
  if (own > NEAR || left < FEW_LEFT || !maySpare()) return WINDOW_BYTES;
  let rarest: u32 = 0;
  let farthest: u32 = own * TIMES_RARER;
  const from = max(position, end + 1 - COMPARED);
  for (let place = end; place >= from && farthest <= WINDOW_BYTES; place--) {
    const fourth = fourthBehind(place);
    if (fourth > farthest) {
      farthest = fourth;
      rarest = place;
    }
  }
  if (rarest == 0) return WINDOW_BYTES;
  const reach = reachAlong(rarest, position, best);
  if (reach < WINDOW_BYTES) spareLooks(looks);
  return reach;
}

// @ts-ignore: a decorator of the compiler
@inline
function fourthBehind(position: u32): u32 {
  return (position - <u32>load<u16>(linksAt(position), 6)) & 0xffff;
}

/** By the chain of `owner`, whose bytes are the match's; unknown where more places than are tried are in reach. */
function reachAlong(owner: u32, position: u32, best: u32): u32 {
  const scan = PLAIN + position;
  const first = load<u32>(scan);
  const last = load<u32>(scan + best - 3);
  let links = load<u64>(linksAt(owner));
  let before: u32 = 0;
  let reach: u32 = 0;
  for (let place: u32 = 1; place <= TRIED; place++) {
    const distance = (owner - <u32>links) & 0xffff;
    // The same here.
    if (distance - 1 >= WINDOW_BYTES || distance < before) return reach;
    if (canBeLonger(scan - distance, best, first, last)) reach = distance;
    before = distance;
    links = place % <u32>LINKED == 0 ? load<u64>(linksAt(owner - distance)) : links >> 16;
  }
  return WINDOW_BYTES;
}
