/**
 * The table of contexts (as in lpaq): slots of 16 bytes, each a check byte and the 15 states of the tree of four bits that follow
 * a context. A context that is not there takes, of three neighbours, the slot whose first state is least worth keeping.
 */
let table: usize = 0;
let indexShift: u32 = 0;

/** @param bits the table has `1 << bits` slots; it is zeroed memory, aligned to 64 bytes */
export function startSlots(at: usize, bits: u32): void {
  table = at;
  indexShift = 32 - bits;
}

/** The slot of the context with this hash. */
export function findSlot(hash: u32): usize {
  const check = <u8>hash;
  let at = table + (<usize>(hash >>> indexShift) << 4);
  if (load<u8>(at) == check) return at;
  const second = at ^ 16;
  if (load<u8>(second) == check) return second;
  const third = at ^ 32;
  if (load<u8>(third) == check) return third;
  let worth = load<u8>(at, 1);
  if (load<u8>(second, 1) < worth) {
    at = second;
    worth = load<u8>(second, 1);
  }
  if (load<u8>(third, 1) < worth) at = third;
  v128.store(at, i32x4.replace_lane(i32x4.splat(0), 0, <i32>check));
  return at;
}

/** Reads what `findSlot` will read, so that several contexts wait for memory at the same time. */
// @ts-ignore: decorator
@inline
export function touchSlot(hash: u32): u32 {
  return load<u8>(table + (<usize>(hash >>> indexShift) << 4));
}
