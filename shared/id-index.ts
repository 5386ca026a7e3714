/** Finds numbers by ids, without a text or an object for any of them. */
import { equalBytes } from './bytes.ts';
import type { Id } from './hash.ts';

/** Numbers by id, at 8 to 32 bytes each; the ids themselves stay where they are. */
export interface IdIndex {
  /** Adds an id that `find` does not find; of two ids that begin with the same eight bytes only the first is kept. */
  add(id: Id, number: number): void;
  find(id: Id): number | undefined;
}

/** @param idOf the id that a number was added for. */
export function createIdIndex(expected: number, idOf: (number: number) => Id): IdIndex {
  let capacity = 2 ** Math.max(4, 33 - Math.clz32(expected));
  // For each slot a number and one (0: free), and the second four bytes of its id.
  let slots = new Int32Array(capacity * 2);
  let count = 0;
  const slotOf = (first: number, second: number): number => {
    let slot = (first >>> 0) % capacity;
    while (slots[slot * 2] !== 0 && slots[slot * 2 + 1] !== second) slot = (slot + 1) % capacity;
    return slot;
  };
  const put = (id: Id, number: number): void => {
    const slot = slotOf(wordAt(id, 0), wordAt(id, 4));
    if (slots[slot * 2] !== 0) return;
    slots[slot * 2] = number + 1;
    slots[slot * 2 + 1] = wordAt(id, 4);
    count++;
  };
  return {
    add(id, number) {
      if (count * 2 >= capacity) {
        const old = slots;
        capacity *= 2;
        slots = new Int32Array(capacity * 2);
        count = 0;
        for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) put(idOf((old[at] as number) - 1), (old[at] as number) - 1);
      }
      put(id, number);
    },
    find(id) {
      const number = (slots[slotOf(wordAt(id, 0), wordAt(id, 4)) * 2] as number) - 1;
      return number >= 0 && equalBytes(idOf(number), id) ? number : undefined;
    },
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}
