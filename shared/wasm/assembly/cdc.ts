/**
 * The cut-point search of cdc/cut.ts, unrolled by eight. `table` is the address of the gear table (256 words), `start` that of
 * the content; lengths in bytes.
 */
export function findCut(table: usize, start: usize, length: u32, min: u32, nominal: u32, strict: u32, loose: u32): u32 {
  if (length <= min) return length;
  let hash: u32 = 0;
  let at = start + min - 32;
  const first = start + min - 1;
  while (at < first) hash = roll(table, hash, at++);
  const middle = start + (length < nominal ? length : nominal) - 1;
  const end = start + length - 1;
  let cut = scan(table, hash, first, middle, strict);
  if (cut == 0) {
    // The window is 32 bytes: rolling over the last 31 gives the hash as it stood.
    hash = 0;
    for (at = middle - 31; at < middle; at++) hash = roll(table, hash, at);
    cut = scan(table, hash, middle, end, loose);
  }
  return cut == 0 ? length : <u32>(cut - start);
}

/** Address behind the first byte in `from..end` after which the hash has no bit of `mask`; 0 where there is none. */
// @ts-ignore: decorator
@inline
function scan(table: usize, seed: u32, from: usize, end: usize, mask: u32): usize {
  let hash = seed;
  let at = from;
  while (at + 8 <= end) {
    hash = roll(table, hash, at);
    if ((hash & mask) == 0) return at + 1;
    hash = roll(table, hash, at + 1);
    if ((hash & mask) == 0) return at + 2;
    hash = roll(table, hash, at + 2);
    if ((hash & mask) == 0) return at + 3;
    hash = roll(table, hash, at + 3);
    if ((hash & mask) == 0) return at + 4;
    hash = roll(table, hash, at + 4);
    if ((hash & mask) == 0) return at + 5;
    hash = roll(table, hash, at + 5);
    if ((hash & mask) == 0) return at + 6;
    hash = roll(table, hash, at + 6);
    if ((hash & mask) == 0) return at + 7;
    hash = roll(table, hash, at + 7);
    if ((hash & mask) == 0) return at + 8;
    at += 8;
  }
  for (; at < end; at++) {
    hash = roll(table, hash, at);
    if ((hash & mask) == 0) return at + 1;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function roll(table: usize, hash: u32, at: usize): u32 {
  return (hash << 1) + load<u32>(table + (<usize>load<u8>(at) << 2));
}
