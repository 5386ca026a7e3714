/** A hash index over the base: chains of the positions at which a key of 12 or 24 bytes begins. */
import { base, baseBytes, commonBytes } from './content';

/** Bytes that have to agree for a position to be found. */
export let keyBytes: u32 = 12;

let heads: usize = 0;
let links: usize = 0;
let headShift: u64 = 0;
let stride: u32 = 1;

/**
 * @param headsAt room for `4 << headBits` bytes
 * @param linksAt room for 4 bytes for each position indexed, plus 4
 * @param step every how many bytes a position is indexed
 * @param hasLongKey 24 bytes instead of 12
 */
export function indexBase(headsAt: usize, headBits: i32, linksAt: usize, step: u32, hasLongKey: bool): void {
  heads = headsAt;
  links = linksAt;
  headShift = 64 - headBits;
  stride = step;
  keyBytes = hasLongKey ? 24 : 12;
  if (baseBytes < keyBytes) return;
  const last = baseBytes - keyBytes;
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
  return load<u64>(from) == load<u64>(base + at) && commonBytes(from, base + at, keyBytes) == keyBytes;
}

// @ts-ignore: decorator
@inline
function headOf(from: usize): usize {
  let key = load<u64>(from) * 0x9e3779b97f4a7c15;
  if (keyBytes == 12) key ^= load<u32>(from, 8);
  else key = (key ^ load<u64>(from, 8)) * 0x9e3779b97f4a7c15 ^ load<u64>(from, 16);
  return heads + (<usize>((key * 0x9e3779b97f4a7c15) >> headShift) << 2);
}
