/**
 * What the alignment believes a choice will cost when it is coded, in sixteenths of a bit. The numbers are estimates that were
 * tuned on real pairs; they decide how small a delta becomes, never whether it is right.
 */

/** A byte that agrees with the old byte under it. */
export const HIT: i32 = 1;
/** A byte that differs by a dword difference that this alignment has met lately: a moved pointer. */
export const SAME: i32 = 16;
/** A byte that differs otherwise. */
export const MISS: i32 = 96;
/**
 * A byte that differs in a dword in which one before it did. A model still learns from the old bytes there; where there is none, nothing
 * under the target is better than something else.
 */
export let rest: i32 = SAME;
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

/** In text, which leaves more to the model of the bytes behind the alignment, or in anything else. */
export function setCosts(isText: bool): void {
  gap = isText ? 32 : 64;
  piece = isText ? 400 : 160;
}

export function setRestCost(isForModel: bool): void {
  rest = isForModel ? SAME : 56;
}

/** The cost of going on with `to` where `from` was followed so far. */
// @ts-ignore: decorator
@inline
export function jump(from: i32, to: i32): i32 {
  return piece + <i32>(32 - clz(<u32>abs(from - to))) * DISTANCE_BIT;
}
