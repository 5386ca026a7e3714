/**
 * The longest match on a chain: as zlib and gzip look for it, and as Go does. What counts is which places are looked at, in which
 * order, and when the looking stops.
 */
import { canFind, linksAt, reachEnd, stepFrom, WINDOW_BYTES } from './chains';
import { PLAIN } from './layout';
import { countLooks } from './looks';
import { base, setBase } from './plain';
import { reachFor } from './reach';
import { good, looks, nice } from './settings';

export const MATCH_MAX: u32 = 258;
/** zlib keeps as much ahead, and so looks less far back. */
const ZLIB_AHEAD: u32 = 262;
const ZLIB_REACH: u32 = WINDOW_BYTES - ZLIB_AHEAD;
/** A window of twice its size is moved down when the encoder stands here in it. */
const SLIDES_AT: i32 = 2 * 32768 - 261;
/** Places looked at for the nearest match of a length. */
const NEAREST_LOOKS: u32 = 1024;
/** A match of four bytes farther back than this is none to Go. */
const GO_FAR: u32 = 4096;

/** How far back the match that was found last lies. */
export let foundDistance: u32 = 0;

/** The encoder's window moves on as it comes to `position`. */
// @ts-ignore: a decorator of the compiler
@inline
function slideBase(position: u32): void {
  if (<i32>position - base >= SLIDES_AT) setBase(base + <i32>WINDOW_BYTES);
}

/** zlib and gzip: the longest match at `position` that is longer than `best`, or `best`. */
export function findZlib(position: u32, best: u32): u32 {
  slideBase(position);
  // The first place may lie one byte farther back than those behind it.
  let reach = <u32>max<i32>(min<i32>(<i32>position - base - 1, ZLIB_REACH), 0);
  const most = best >= good ? looks >>> 2 : looks;
  let left = most;
  if (best > 2) reach = min(reach, reachFor(position, best, false, left));
  const ahead = min(reachEnd - position, MATCH_MAX);
  const stop = min(nice, ahead);
  const scan = PLAIN + position;
  // Whatever is longer than `best` agrees in its last four bytes; in three where only two are known.
  let offset: usize = best < 3 ? 0 : best - 3;
  let mask: u32 = best < 3 ? 0xffffff : 0xffffffff;
  let wanted = load<u32>(scan + offset);
  let links = load<u64>(linksAt(position));
  while (true) {
    const distance = (position - <u32>links) & 0xffff;
    if (distance - 1 >= reach) break;
    reach = min(reach, ZLIB_REACH - 1);
    left--;
    if (((load<u32>(scan - distance + offset) ^ wanted) & mask) == 0) {
      const length = min(agreeing(scan, scan - distance), ahead);
      if (length > best) {
        foundDistance = distance;
        best = length;
        if (length >= stop) break;
        offset = best - 3;
        mask = 0xffffffff;
        reach = min(reach, reachFor(position, best, false, left));
        wanted = load<u32>(scan + offset);
      }
    }
    if (left == 0) break;
    links >>= 16;
    // None is left here; or there are zeros, and the same ones are found.
    if (links == 0) links = load<u64>(linksAt(position - distance));
  }
  countLooks(most == left ? 0 : looks - left);
  return best;
}

/**
 * Go: the longest match at `position` that is longer than `best`, which is 3 at least; `best` where there is none. Go itself always
 * starts from 3, which finds the same wherever it finds something longer than `best`: unless that is as long as it ever looks for.
 */
export function findGo(position: u32, best: u32): u32 {
  slideBase(position);
  let reach = min<u32>(<u32>(<i32>position - base), WINDOW_BYTES);
  let left = looks;
  if (best > 3) reach = min(reach, reachFor(position, best, true, left));
  const ahead = min(reachEnd - position, MATCH_MAX);
  const stop = min(nice, ahead);
  const scan = PLAIN + position;
  let offset: usize = best - 3;
  let wanted = load<u32>(scan + offset);
  let links = load<u64>(linksAt(position));
  while (true) {
    const distance = (position - <u32>links) & 0xffff;
    if (distance - 1 >= reach) break;
    left--;
    if (load<u32>(scan - distance + offset) == wanted) {
      const length = min(agreeing(scan, scan - distance), ahead);
      if (length > best && (length > 4 || distance <= GO_FAR)) {
        foundDistance = distance;
        best = length;
        if (length >= stop) break;
        reach = min(reach, reachFor(position, best, true, left));
        offset = best - 3;
        wanted = load<u32>(scan + offset);
      }
    }
    // Of what is a whole window back, a link to nowhere looks like one.
    if (left == 0 || distance == WINDOW_BYTES) break;
    links >>= 16;
    if (links == 0) links = load<u64>(linksAt(position - distance));
  }
  countLooks(looks - left);
  return best;
}

/** The least distance at which at least `length` bytes agree, as far as the chain tells in so many looks; 0: none. */
export function findNearest(position: u32, length: u32): u32 {
  if (!canFind(position)) return 0;
  const scan = PLAIN + position;
  let candidate = position;
  for (let left = NEAREST_LOOKS; left != 0; left--) {
    const step = stepFrom(candidate);
    candidate -= step;
    if (step == 0 || position - candidate > WINDOW_BYTES || <i32>candidate < base) break;
    if (agreeing(scan, PLAIN + candidate) >= length) {
      countLooks(NEAREST_LOOKS - left);
      return position - candidate;
    }
    if (position - candidate == WINDOW_BYTES) break;
  }
  countLooks(NEAREST_LOOKS);
  return 0;
}

/** How many bytes agree, up to 264. */
export function agreeing(a: usize, b: usize): u32 {
  const difference = load<u64>(a) ^ load<u64>(b);
  if (difference != 0) return <u32>(ctz(difference) >> 3);
  for (let i: u32 = 8; i < MATCH_MAX; i += 16) {
    const same = i8x16.bitmask(i8x16.eq(v128.load(a + i), v128.load(b + i)));
    if (same != 0xffff) return i + <u32>ctz(~same);
  }
  return MATCH_MAX;
}
