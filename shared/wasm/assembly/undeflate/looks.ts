/** Places of chains that may be looked at: what takes more is refused. */

/** Of a member: places that may be looked at before its first byte, and more for each byte on average. */
export const LOOKS_FIRST: i32 = 1 << 24;
export const LOOKS_PER_BYTE: u32 = 2048;
const LOOKS_MAX: i32 = 1 << 29;
let looksFirst: i32 = 0;
let looksPerByte: u32 = 0;

/** Those that are still allowed; below 0: there were too many. */
export let looksLeft: i32 = 0;

export function setLooks(first: i32, perByte: u32): void {
  looksFirst = first;
  looksPerByte = perByte;
}

/**
 * Who takes apart counts what it spares as if it had been looked at: what it makes must be within the bounds of whoever spares less.
 * That may use up half of what is allowed; then nothing is spared.
 */
let isSparedCounted: bool = false;
let spareLeft: i32 = 0;

/** Of a member that is taken apart, or put together. */
export function resetLooks(isApart: bool): void {
  looksLeft = looksFirst;
  spareLeft = looksFirst >> 1;
  isSparedCounted = isApart;
}

/** Whether places may be passed over that the encoder looks at. */
export function maySpare(): bool {
  return !isSparedCounted || spareLeft >= 0;
}

/** That is done, with so many of them at most. */
export function spareLooks(looks: u32): void {
  if (!isSparedCounted) return;
  looksLeft -= <i32>looks;
  spareLeft -= <i32>looks;
}

/** So many bytes have gone by: more places may be looked at. */
export function allowLooks(bytes: u32): void {
  looksLeft = allowed(looksLeft, bytes, looksPerByte, LOOKS_MAX);
  spareLeft = allowed(spareLeft, bytes, looksPerByte >> 1, LOOKS_MAX >> 1);
}

/** What a megabyte allows does not fit into 32 bits. */
function allowed(left: i32, bytes: u32, perByte: u32, most: i32): i32 {
  return <i32>min<i64>(<i64>left + <i64>bytes * <i64>perByte, <i64>most);
}

// @ts-ignore: a decorator of the compiler
@inline
export function countLooks(looks: u32): void {
  looksLeft -= <i32>looks;
}
