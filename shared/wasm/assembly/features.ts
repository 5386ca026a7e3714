/**
 * Marks of content by which like contents are found: the Gear hash of the last bytes (Xia et al., "Ddelta", 2014) picks places by the content
 * itself, one in 128, and what stands there is hashed. So the same bytes give the same marks wherever they stand.
 */

/** Bits of the hash that pick a place; they depend on the 24 bytes up to it, which are then hashed. */
const PICKED: u32 = 0x7f << 17;
const WINDOW: usize = 24;

/**
 * @param table address of the gear table (256 words)
 * @param out room for `most` words
 * @returns how many features there are; the same one twice in a row counts once
 */
export function findFeatures(table: usize, content: usize, bytes: u32, out: usize, most: u32): u32 {
  let hash: u32 = 0;
  let count: u32 = 0;
  let last: u32 = 0;
  const end = content + bytes;
  for (let at = content; at < end; at++) {
    hash = (hash << 1) + load<u32>(table + (<usize>load<u8>(at) << 2));
    if ((hash & PICKED) != 0 || at + 1 < content + WINDOW) continue;
    const feature = hashWindow(at + 1 - WINDOW);
    if (feature == last) continue;
    if (count == most) break;
    store<u32>(out + (<usize>count << 2), feature);
    count++;
    last = feature;
  }
  return count;
}

// @ts-ignore: decorator
@inline
function hashWindow(at: usize): u32 {
  let mixed = load<u64>(at) * 0x9e3779b97f4a7c15;
  mixed = ((mixed ^ (mixed >> 29)) + load<u64>(at + 8)) * 0xbf58476d1ce4e5b9;
  mixed = ((mixed ^ (mixed >> 32)) + load<u64>(at + 16)) * 0x94d049bb133111eb;
  return <u32>(mixed >> 32);
}
