/** Stored blocks: nobody knows what tokens the encoder had found there, so the predicted ones are taken for true. */
import { PLAIN } from './layout';
import { at, memberEnd, plainEnd } from './plain';
import { accept, endsHere, isLastHere, predict } from './predict';
import { aheadBytes } from './settings';

let start: u32 = 0;
let end: u32 = 0;
let isOpen: bool = false;
let ranFull: bool = false;
let wasCut: bool = false;
/** A stored block is being followed. */
export let isStored: bool = false;

/** @param length the largest number where the rule says where it ends */
export function startStored(length: u32): void {
  start = at;
  isOpen = length == u32.MAX_VALUE;
  end = isOpen ? length : at + length;
  isStored = true;
  ranFull = false;
  wasCut = false;
}

export function startNoStored(): void {
  isStored = false;
}

export function moveStored(shift: u32): void {
  start -= shift;
  if (!isOpen) end -= shift;
}

/** Whether enough is known of what follows to predict a token or an end. */
// @ts-ignore: a decorator of the compiler
@inline
export function isKnownAhead(): bool {
  return plainEnd - at >= aheadBytes || memberEnd == plainEnd;
}

/** Goes to the end of the block; false where plain bytes are missing. */
export function followStored(): bool {
  while (at != end) {
    if (!isKnownAhead()) return false;
    if (at != start && endsHere()) {
      if (isOpen) break;
      ranFull = true;
    }
    if (at == memberEnd) break;
    const token = predict();
    const left = end - at;
    if (isOpen || token < 256 || (token & 0xffff) <= left) accept(token);
    else {
      // The plan would have gone on beyond the end.
      wasCut = true;
      accept(left < 3 ? <u32>load<u8>(PLAIN + at) : (token & 0xffff0000) | left);
    }
  }
  isStored = false;
  return true;
}

/** After `followStored`: whether the rule said the same about where it ends, and whether it is the last block. */
export function wasPlanned(isLast: bool): bool {
  return !ranFull && !wasCut && at != start && endsHere() && isLastHere() == isLast;
}

/** Whether the block ends where it was said to. */
export function isWhole(): bool {
  return isOpen ? at != start : at == end;
}

export function storedStart(): u32 {
  return start;
}
