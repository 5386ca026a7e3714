/** A hash index over the base: chains of the positions at which a key begins, of 24 bytes where they begin with 12 of text, else of 12. */
import { base, baseBytes } from './content';

/** Bytes that have to agree at least for a position to be found. */
export const KEY_BYTES: u32 = 12;

let heads: usize = 0;
let links: usize = 0;
let headShift: u64 = 0;
let stride: u32 = 1;

/**
 * @param headsAt room for `4 << headBits` bytes
 * @param linksAt room for 4 bytes for each position indexed, plus 4
 * @param step every how many bytes a position is indexed
 */
export function indexBase(headsAt: usize, headBits: i32, linksAt: usize, step: u32): void {
  heads = headsAt;
  links = linksAt;
  headShift = 64 - headBits;
  stride = step;
  if (baseBytes < KEY_BYTES) return;
  const last = baseBytes - KEY_BYTES;
  let entry: u32 = 1;
  for (let at: u32 = 0; at <= last; at += stride, entry++) {
    const from = base + at;
    // Inside a run of one byte every position has the same key; the first is enough.
    if (load<u64>(from) == load<u64>(from, 1)) continue;
    const head = headOf(from);
    store<u32>(links + (<usize>entry << 2), load<u32>(head));
    store<u32>(head, entry);
  }
}

/** The first entry of the chain for the key at `from`; 0 where there is none. */
export function firstEntry(from: usize): u32 {
  return load<u32>(headOf(from));
}

export function nextEntry(entry: u32): u32 {
  return load<u32>(links + (<usize>entry << 2));
}

export function entryPosition(entry: u32): u32 {
  return (entry - 1) * stride;
}

/** True where the key at `from` stands at position `at` of the base. */
export function hasKey(from: usize, at: u32): bool {
  const there = base + at;
  if (load<u64>(from) != load<u64>(there) || load<u32>(from, 8) != load<u32>(there, 8)) return false;
  return !isText(from) || (load<u64>(from, 12) == load<u64>(there, 12) && load<u32>(from, 20) == load<u32>(there, 20));
}

// @ts-ignore: decorator
@inline
function headOf(from: usize): usize {
  let key = load<u64>(from) * 0x9e3779b97f4a7c15;
  if (isText(from)) key = (key ^ load<u64>(from, 8)) * 0x9e3779b97f4a7c15 ^ load<u64>(from, 16);
  else key ^= load<u32>(from, 8);
  return heads + (<usize>((key * 0x9e3779b97f4a7c15) >> headShift) << 2);
}

/** Whether the 12 bytes at `from` are ASCII, with no control characters below 32 but 9 to 13. */
// @ts-ignore: decorator
@inline
function isText(from: usize): bool {
  const bytes = v128.load(from);
  const inText = v128.or(i8x16.ge_s(bytes, i8x16.splat(32)), v128.and(i8x16.ge_s(bytes, i8x16.splat(9)), i8x16.le_s(bytes, i8x16.splat(13))));
  return (i8x16.bitmask(inText) & 0xfff) == 0xfff;
}
