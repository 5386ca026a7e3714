/** The plain bytes: how far they go, where they end if that is known, and where the predictor stands. */
import { PLAIN, PLAIN_FIRST, PLAIN_KEPT } from './layout';

/** Behind the last byte that is there. */
export let plainEnd: u32 = PLAIN_FIRST;
/** Behind the last byte of the member, or the largest number while it is not known. */
export let memberEnd: u32 = u32.MAX_VALUE;
/** The first byte that no token covers yet. */
export let at: u32 = PLAIN_FIRST;
/** Where the block at hand begins; below 0 where that has been moved out. */
export let blockStart: i32 = PLAIN_FIRST;
/** Where the encoder's window begins, as far as that matters to it. */
export let base: i32 = PLAIN_FIRST;
/** All positions before this one stand in the hash chains, or never will. */
export let inserted: u32 = PLAIN_FIRST;

export function startPlain(): void {
  plainEnd = PLAIN_FIRST;
  at = PLAIN_FIRST;
}

/** A member, or a trial of one, starts at `position`: nothing before it is seen. */
export function startMember(position: u32): void {
  at = position;
  blockStart = <i32>position;
  base = <i32>position;
  inserted = position;
  memberEnd = u32.MAX_VALUE;
}

export function setPlainEnd(position: u32): void {
  plainEnd = position;
}

export function setMemberEnd(position: u32): void {
  memberEnd = position;
}

export function moveTo(position: u32): void {
  at = position;
}

export function setBlockStart(position: u32): void {
  blockStart = <i32>position;
}

export function setBase(position: i32): void {
  base = position;
}

export function setInserted(position: u32): void {
  inserted = position;
}

/** Moves what is still needed down to the start. Returns by how much. */
export function movePlainDown(): u32 {
  if (at < PLAIN_FIRST + PLAIN_KEPT + 65536) return 0;
  // Links of the chains are positions modulo 65,536.
  const shift = (at - PLAIN_KEPT - PLAIN_FIRST) & ~<u32>65535;
  memory.copy(PLAIN + PLAIN_FIRST, PLAIN + PLAIN_FIRST + shift, plainEnd - PLAIN_FIRST - shift);
  plainEnd -= shift;
  at -= shift;
  inserted = inserted > shift ? inserted - shift : 0;
  blockStart -= <i32>shift;
  base -= <i32>shift;
  if (memberEnd != u32.MAX_VALUE) memberEnd -= shift;
  return shift;
}
