/**
 * A set of record keys at about 13 bytes each: open addressing over the first 8 bytes of a key. Two keys that begin alike count as one,
 * which for hashes happens once in 2^64 pairs, and then keeps a record that could have gone.
 */
import type { Id } from '../hash.ts';

export interface KeySet {
  readonly size: number;
  has(key: Id): boolean;
  /** @returns false where it was there already. */
  add(key: Id): boolean;
}

const SLOTS_MIN = 64;
/** Of the slots, taken before the table doubles. */
const FILLED_MAX = 0.7;

export function createKeySet(): KeySet {
  let slots = SLOTS_MIN;
  let table = new Uint32Array(2 * slots);
  let size = 0;

  /** Where a key is, or where it would go. Hashes are spread evenly as they are. */
  const slotOf = (low: number, high: number): number => {
    let slot = low & (slots - 1);
    while ((table[2 * slot] !== 0 || table[2 * slot + 1] !== 0) && (table[2 * slot] !== low || table[2 * slot + 1] !== high)) {
      slot = (slot + 1) & (slots - 1);
    }
    return slot;
  };
  const isTaken = (slot: number): boolean => table[2 * slot] !== 0 || table[2 * slot + 1] !== 0;
  const place = (low: number, high: number): boolean => {
    const slot = slotOf(low, high);
    if (isTaken(slot)) return false;
    table[2 * slot] = low;
    table[2 * slot + 1] = high;
    return true;
  };
  const grow = (): void => {
    const before = table;
    slots *= 2;
    table = new Uint32Array(2 * slots);
    for (let at = 0; at < before.length; at += 2) {
      const low = before[at] as number;
      const high = before[at + 1] as number;
      if (low !== 0 || high !== 0) place(low, high);
    }
  };

  return {
    get size() {
      return size;
    },
    has(key) {
      const [low, high] = halves(key);
      return isTaken(slotOf(low, high));
    },
    add(key) {
      const [low, high] = halves(key);
      if (!place(low, high)) return false;
      if (++size > slots * FILLED_MAX) grow();
      return true;
    },
  };
}

/** The first 8 bytes as two numbers, never both zero: that is an empty slot. */
function halves(key: Id): [number, number] {
  const low = (key[0] as number) | ((key[1] as number) << 8) | ((key[2] as number) << 16) | ((key[3] as number) << 24);
  const high = (key[4] as number) | ((key[5] as number) << 8) | ((key[6] as number) << 16) | ((key[7] as number) << 24);
  return low === 0 && high === 0 ? [1, 0] : [low >>> 0, high >>> 0];
}
