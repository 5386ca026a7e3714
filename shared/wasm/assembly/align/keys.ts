/** Keys, by which positions of the base are found: 24 bytes where they begin with 12 of text, else 12. */

/** Bytes that have to agree at least for a position to be found. */
export const KEY_BYTES: u32 = 12;

// @ts-ignore: decorator
@inline
export function hashOf(from: usize): u64 {
  let key = load<u64>(from) * 0x9e3779b97f4a7c15;
  if (isText(from)) key = (key ^ load<u64>(from, 8)) * 0x9e3779b97f4a7c15 ^ load<u64>(from, 16);
  else key ^= load<u32>(from, 8);
  return key * 0x9e3779b97f4a7c15;
}

/** True where the same key stands at both addresses. */
export function isSameKey(from: usize, there: usize): bool {
  if (load<u64>(from) != load<u64>(there) || load<u32>(from, 8) != load<u32>(there, 8)) return false;
  return !isText(from) || (load<u64>(from, 12) == load<u64>(there, 12) && load<u32>(from, 20) == load<u32>(there, 20));
}

/** Inside a run of one byte every position has the same key: none counts but the last ones. */
// @ts-ignore: decorator
@inline
export function isRun(from: usize): bool {
  return load<u64>(from) == load<u64>(from, 1);
}

/** Whether the 12 bytes at `from` are ASCII, with no control characters below 32 but 9 to 13. */
// @ts-ignore: decorator
@inline
function isText(from: usize): bool {
  const bytes = v128.load(from);
  const inText = v128.or(i8x16.ge_s(bytes, i8x16.splat(32)), v128.and(i8x16.ge_s(bytes, i8x16.splat(9)), i8x16.le_s(bytes, i8x16.splat(13))));
  return (i8x16.bitmask(inText) & 0xfff) == 0xfff;
}
