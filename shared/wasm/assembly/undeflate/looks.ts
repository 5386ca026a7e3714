/** Places of chains that may be looked at: what takes more is refused. */

/** Of a member: places that may be looked at before its first byte, and more for each byte on average. */
export const LOOKS_FIRST: u32 = 1 << 24;
export const LOOKS_PER_BYTE: u32 = 2048;
let looksFirst: i64 = 0;
let looksPerByte: i64 = 0;

/** Those that are still allowed; below 0: there were too many. */
export let looksLeft: i64 = 0;

export function setLooks(first: u32, perByte: u32): void {
  looksFirst = <i64>first;
  looksPerByte = <i64>perByte;
}

/**
 * Who takes apart counts what it spares as if it had been looked at: what it makes must be within the bounds of whoever spares less.
 * That may use up half of what is allowed; then nothing is spared.
 */
let isSparedCounted: bool = false;
let spareLeft: i64 = 0;

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
  looksLeft -= <i64>looks;
  spareLeft -= <i64>looks;
}

/** So many bytes have gone by: more places may be looked at. */
export function allowLooks(bytes: u32): void {
  const more = <i64>bytes * looksPerByte;
  looksLeft += more;
  spareLeft += more >> 1;
}

// @ts-ignore: a decorator of the compiler
@inline
export function countLooks(looks: u32): void {
  looksLeft -= <i64>looks;
}
