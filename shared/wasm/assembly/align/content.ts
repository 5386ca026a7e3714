/** The two contents that are compared. 24 readable bytes lie behind each. */
export let base: usize = 0;
export let baseBytes: u32 = 0;
export let target: usize = 0;
export let targetBytes: u32 = 0;

export function setContent(baseAt: usize, baseLength: u32, targetAt: usize, targetLength: u32): void {
  base = baseAt;
  baseBytes = baseLength;
  target = targetAt;
  targetBytes = targetLength;
}

/** How many bytes agree at `a` and `b`, at most `limit`. */
export function commonBytes(a: usize, b: usize, limit: u32): u32 {
  let n: u32 = 0;
  while (n + 8 <= limit) {
    const difference = load<u64>(a + n) ^ load<u64>(b + n);
    if (difference != 0) return n + <u32>(ctz(difference) >> 3);
    n += 8;
  }
  while (n < limit && load<u8>(a + n) == load<u8>(b + n)) n++;
  return n;
}

/** How many bytes of the target agree from `position` on with those of the base that lie `shift` behind, at most `limit`. */
export function exactRun(position: u32, shift: i32, limit: u32 = u32.MAX_VALUE): u32 {
  const at = position + shift;
  if (at >= baseBytes) return 0;
  return commonBytes(target + position, base + at, min(limit, min(targetBytes - position, baseBytes - at)));
}
