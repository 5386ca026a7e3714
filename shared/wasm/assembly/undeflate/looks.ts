/** Places of chains that may be looked at: what takes more is refused. */

/** Of a member: places that may be looked at before its first byte, and more for each byte on average. */
export const LOOKS_FIRST: i32 = 1 << 24;
export const LOOKS_PER_BYTE: u32 = 2048;
let looksFirst: i32 = 0;
let looksPerByte: u32 = 0;

/** Those that are still allowed; below 0: there were too many. */
export let looksLeft: i32 = 0;

export function setLooks(first: i32, perByte: u32): void {
  looksFirst = first;
  looksPerByte = perByte;
}

export function resetLooks(): void {
  looksLeft = looksFirst;
}

/** So many bytes have gone by: more places may be looked at. */
export function allowLooks(bytes: u32): void {
  looksLeft = min(looksLeft + <i32>(bytes * looksPerByte), 1 << 29);
}

// @ts-ignore: a decorator of the compiler
@inline
export function countLooks(looks: u32): void {
  looksLeft -= <i32>looks;
}
