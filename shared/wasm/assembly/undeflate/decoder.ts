/** Tables that decode canonical codes (RFC 1951, 3.2.2). */

/**
 * Makes the table of the codes whose lengths are `count` bytes at `lengths`, looked up by the next `tableBits` bits: symbol * 16 +
 * bits. For longer codes `counts` and `order` hold what `decodeLong` needs. False where there are more codes than fit.
 */
export function makeDecoder(lengths: usize, count: u32, table: usize, tableBits: u32, counts: usize, order: usize): bool {
  memory.fill(counts, 0, 32);
  memory.fill(table, 0, 2 << tableBits);
  for (let i: u32 = 0; i < count; i++) {
    const slot = counts + (<usize>load<u8>(lengths + i) << 1);
    store<u16>(slot, load<u16>(slot) + 1);
  }
  store<u16>(counts, 0);
  let free: i32 = 1;
  for (let length: u32 = 1; length <= 15; length++) {
    free = (free << 1) - <i32>load<u16>(counts + length * 2);
    if (free < 0) return false;
  }
  let code: u32 = 0;
  let index: u32 = 0;
  for (let length: u32 = 1; length <= 15; length++) {
    if (load<u16>(counts + length * 2) != 0) {
      for (let symbol: u32 = 0; symbol < count; symbol++) {
        if (<u32>load<u8>(lengths + symbol) != length) continue;
        store<u16>(order + (<usize>index << 1), <u16>symbol);
        index++;
        if (length <= tableBits) fillTable(table, tableBits, reversed(code, length), length, symbol);
        code++;
      }
    }
    code <<= 1;
  }
  return true;
}

function fillTable(table: usize, tableBits: u32, first: u32, length: u32, symbol: u32): void {
  for (let i = first; i < <u32>1 << tableBits; i += 1 << length) store<u16>(table + (<usize>i << 1), <u16>((symbol << 4) | length));
}

/** The code at the low end of `bits`, whatever its length: symbol * 16 + bits; 0 where there is none. */
export function decodeLong(bits: u64, counts: usize, order: usize): u32 {
  let code: u32 = 0;
  let first: u32 = 0;
  let index: u32 = 0;
  for (let length: u32 = 1; length <= 15; length++) {
    code |= <u32>(bits & 1);
    bits >>= 1;
    const count = <u32>load<u16>(counts + length * 2);
    if (code - first < count) return (<u32>load<u16>(order + (<usize>(index + code - first) << 1)) << 4) | length;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return 0;
}

export function reversed(code: u32, bits: u32): u32 {
  let result: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) result |= ((code >>> i) & 1) << (bits - 1 - i);
  return result;
}
