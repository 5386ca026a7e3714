/**
 * What a context has seen, in one byte: bounded counts of zeros and ones and, where both occurred, which came last. The idea is
 * PAQ's (Mahoney, "The PAQ data compression programs", nonstationary states); the table is generated here.
 *
 * A pair of counts is allowed when the larger is at most `bound(smaller)`. States are numbered by their total count, so that a
 * lower number is less worth keeping; state 0 has seen nothing.
 */
import { STATE_COUNTS, STATE_NEXT, STATE_NUMBERS } from './layout';

export function startStates(): void {
  let state: u32 = 0;
  for (let total = 0; total < 64; total++)
    for (let zeros = 0; zeros <= total; zeros++) {
      const ones = total - zeros;
      if (!isAllowed(zeros, ones)) continue;
      for (let last = 0; last < 2; last++) {
        if (zeros == 0 && last == 0 && ones > 0) continue;
        if (ones == 0 && last == 1) continue;
        store<u8>(STATE_COUNTS + (state << 1), <u8>zeros);
        store<u8>(STATE_COUNTS + (state << 1), <u8>ones, 1);
        store<u8>(numberAt(zeros, ones, last), <u8>state);
        state++;
      }
    }
  for (let s: u32 = 0; s < state; s++) {
    store<u8>(STATE_NEXT + (s << 1), next(s, 0));
    store<u8>(STATE_NEXT + (s << 1), next(s, 1), 1);
  }
}

/** The bit that came counts one more; of the other, what is more than two counts fades. */
function next(state: u32, bit: i32): u8 {
  const zeros = <i32>load<u8>(STATE_COUNTS + (state << 1));
  const ones = <i32>load<u8>(STATE_COUNTS + (state << 1), 1);
  let same = (bit ? ones : zeros) + 1;
  let other = faded(bit ? zeros : ones);
  while (!isAllowed(same, other)) {
    if (same > other && same > bound(other)) same--;
    else other--;
  }
  const last = other == 0 || same == 0 ? (same == 0 ? 1 - bit : bit) : bit;
  return load<u8>(bit ? numberAt(other, same, last) : numberAt(same, other, last));
}

function bound(smaller: i32): i32 {
  if (smaller == 0) return 41;
  if (smaller == 1) return 24;
  if (smaller == 2) return 11;
  if (smaller == 3) return 7;
  return smaller == 4 ? 5 : 0;
}

function isAllowed(a: i32, b: i32): bool {
  return max(a, b) <= bound(min(a, b));
}

function faded(count: i32): i32 {
  if (count <= 2) return count;
  if (count <= 4) return 2;
  if (count <= 7) return 3;
  if (count <= 12) return 4;
  return count <= 24 ? 5 : 6;
}

function numberAt(zeros: i32, ones: i32, last: i32): usize {
  return STATE_NUMBERS + (((zeros << 6) + ones) << 1) + last;
}
