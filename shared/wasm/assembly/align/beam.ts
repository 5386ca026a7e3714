/**
 * The alignments that are followed at the same time: a beam of at most `BEAM` shifts (position in the base minus position in the
 * target) with their costs so far, and the best cost at each of the last `RING` positions, where a new alignment can branch off.
 */
import { HIT, jump, MISS, rest, SAME } from './costs';
import { base, baseBytes, target } from './content';

export const BEAM: i32 = 24;
export const RING: u32 = 128;

// Fixed places below 64 KiB, which no content uses.
const SHIFTS: usize = 1024;
const COSTS: usize = SHIFTS + BEAM * 4;
const NODES: usize = COSTS + BEAM * 4;
const GAPS: usize = NODES + BEAM * 4;
/** The last four dword differences that each alignment met. */
const DIFFERENCES: usize = 2048;
/** The dword in which each alignment last met a difference. */
const MISSED: usize = DIFFERENCES + BEAM * 16;
const RING_COSTS: usize = 4096;
const RING_NODES: usize = RING_COSTS + RING * 4;
const RING_SHIFTS: usize = RING_NODES + RING * 4;

export let live: i32 = 0;

// @ts-ignore: decorator
@inline
export function shiftOf(i: i32): i32 {
  return load<i32>(SHIFTS + (i << 2));
}

// @ts-ignore: decorator
@inline
export function costOf(i: i32): i32 {
  return load<i32>(COSTS + (i << 2));
}

// @ts-ignore: decorator
@inline
export function nodeOf(i: i32): u32 {
  return load<u32>(NODES + (i << 2));
}

// @ts-ignore: decorator
@inline
export function isGap(i: i32): bool {
  return load<u8>(GAPS + i) != 0;
}

export function setCost(i: i32, cost: i32): void {
  store<i32>(COSTS + (i << 2), cost);
}

export function clearBeam(): void {
  live = 0;
}

/** Adds an alignment; in a full beam it takes the place of the dearest if that is dearer. False where it found no place. */
export function follow(shift: i32, cost: i32, node: u32, gap: bool): bool {
  let at = live;
  if (live == BEAM) {
    at = 0;
    for (let i = 1; i < live; i++) if (costOf(i) > costOf(at)) at = i;
    if (costOf(at) <= cost) return false;
  } else live++;
  store<i32>(SHIFTS + (at << 2), shift);
  setCost(at, cost);
  store<u32>(NODES + (at << 2), node);
  store<u8>(GAPS + at, u8(gap));
  v128.store(DIFFERENCES + (at << 4), i32x4.splat(0));
  store<u32>(MISSED + (at << 2), u32.MAX_VALUE);
  return true;
}

/** Moves alignment `from` to the place of `to`; `live` is set by `keep`. */
export function move(to: i32, from: i32): void {
  store<i32>(SHIFTS + (to << 2), shiftOf(from));
  setCost(to, costOf(from));
  store<u32>(NODES + (to << 2), nodeOf(from));
  store<u8>(GAPS + to, load<u8>(GAPS + from));
  v128.store(DIFFERENCES + (to << 4), v128.load(DIFFERENCES + (from << 4)));
  store<u32>(MISSED + (to << 2), load<u32>(MISSED + (from << 2)));
}

export function keep(count: i32): void {
  live = count;
}

export function isFollowed(shift: i32): bool {
  for (let i = 0; i < live; i++) if (shiftOf(i) == shift && !isGap(i)) return true;
  return false;
}

/** The cost of the target byte at `position` under alignment `i`. */
export function byteCost(i: i32, position: u32): i32 {
  const shift = shiftOf(i);
  const at = position + shift;
  if (at >= baseBytes) return MISS;
  if (load<u8>(base + at) == load<u8>(target + position)) return HIT;
  const dword = position & ~3;
  if (dword + shift >= baseBytes) return MISS;
  if (load<u32>(MISSED + (i << 2)) == dword) return rest;
  const difference = load<u32>(target + dword) - load<u32>(base + dword + shift);
  const known = DIFFERENCES + (i << 4);
  const last = v128.load(known);
  if (v128.any_true(i32x4.eq(last, i32x4.splat(difference)))) return SAME;
  store<u32>(MISSED + (i << 2), dword);
  v128.store(known, i8x16.shuffle(last, i32x4.splat(difference), 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19));
  return MISS;
}

export function remember(position: u32, cost: i32, node: u32, shift: i32): void {
  const at = (position & (RING - 1)) << 2;
  store<i32>(RING_COSTS + at, cost);
  store<u32>(RING_NODES + at, node);
  store<i32>(RING_SHIFTS + at, shift);
}

/** The cost of being at `position` and going on with `shift`. */
export function branchCost(position: u32, shift: i32): i32 {
  const at = (position & (RING - 1)) << 2;
  return load<i32>(RING_COSTS + at) + jump(load<i32>(RING_SHIFTS + at), shift);
}

export function branchNode(position: u32): u32 {
  return load<u32>(RING_NODES + ((position & (RING - 1)) << 2));
}
