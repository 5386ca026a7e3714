/**
 * What the alignment believes a choice will cost when it is coded, in sixteenths of a bit. The numbers are estimates that were
 * tuned on real pairs; they decide how small a delta becomes, never whether it is right.
 */

/** A byte that agrees with the old byte under it. */
export const HIT: i32 = 1;
/** A byte that differs by a dword difference that this alignment has met lately: a moved pointer. */
export const SAME: i32 = 16;
/** A byte that differs otherwise. */
export let miss: i32 = 96;
/** A byte without an old byte under it. */
export let gap: i32 = 64;
/** A new piece, without its distance. */
export let piece: i32 = 160;
/** Each bit of the distance that a new piece jumps. */
export const DISTANCE_BIT: i32 = 16;
/** Leaving an alignment for a gap. */
export const LEAVE: i32 = 60;
/** How much dearer than the best an alignment may be and still be followed. */
export const SLACK: i32 = 128;

export function setCosts(missCost: i32, gapCost: i32, pieceCost: i32): void {
  miss = missCost;
  gap = gapCost;
  piece = pieceCost;
}

/** The cost of going on with `to` where `from` was followed so far. */
// @ts-ignore: decorator
@inline
export function jump(from: i32, to: i32): i32 {
  return piece + <i32>(32 - clz(<u32>abs(from - to))) * DISTANCE_BIT;
}
