/** Whether target and base have next to nothing in common: then no index is worth making. Looks at one key in 64 of both. */
import { base, baseBytes, target, targetBytes } from './content';
import { hashOf, isRun, KEY_BYTES } from './keys';

const SAMPLE_BITS: u64 = 6;
/** A table of so many words has room for the keys of 4 MiB: one that finds its place taken takes it, and the other is forgotten. */
const TABLE_BITS: u64 = 18;
/** Of what is less than this there is little to save. */
const BASE_BYTES_MIN: u32 = 1 << 20;
const TARGET_BYTES_MIN: u32 = 1 << 16;
/**
 * Keys of the base that the target has, too, for each key of the smaller of the two, from which they count as related: one in so many. Fewer make
 * no patch that is worth it (delta/content.ts, PATCH_WORTH).
 */
const RELATED_SHARE: u32 = 256;

let table: usize = 0;

/** @param tableAt room for a table, all zero */
export function isStrange(tableAt: usize): bool {
  if (baseBytes < BASE_BYTES_MIN || targetBytes < TARGET_BYTES_MIN) return false;
  table = tableAt;
  noteSamples();
  const enough = min(baseBytes, targetBytes) / RELATED_SHARE >> <u32>SAMPLE_BITS;
  let found: u32 = 0;
  for (let at = base, end = base + baseBytes - KEY_BYTES; at <= end; at++) {
    const hash = hashOf(at);
    if (hash >> (64 - SAMPLE_BITS) != 0 || isRun(at)) continue;
    if (load<u32>(placeOf(hash)) == markOf(hash) && ++found > enough) return false;
  }
  return true;
}

function noteSamples(): void {
  for (let at = target, end = target + targetBytes - KEY_BYTES; at <= end; at++) {
    const hash = hashOf(at);
    if (hash >> (64 - SAMPLE_BITS) == 0 && !isRun(at)) store<u32>(placeOf(hash), markOf(hash));
  }
}

// @ts-ignore: decorator
@inline
function placeOf(hash: u64): usize {
  return table + (<usize>((hash << SAMPLE_BITS) >> (64 - TABLE_BITS)) << 2);
}

/** Never zero: that is a place that nobody took. */
// @ts-ignore: decorator
@inline
function markOf(hash: u64): u32 {
  return <u32>(hash >> 8) | 1;
}
