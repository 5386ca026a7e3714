/** For each chunk whose it is: one image's, or several's. Open addressing over the first 8 bytes of its id, at 16 bytes a slot. */
import type { Id } from '../../shared/hash.ts';

export interface OwnerTable {
  /** Says that the chunk is this owner's (1, 2, ...), too. @returns true where it was nobody's before: its bytes are to be set then. */
  claim(chunk: Id, owner: number): boolean;
  setBytes(chunk: Id, bytes: number): void;
  /** Of the chunks that are this owner's alone. */
  bytesOf(owner: number): number;
  /** Nothing more is taken in, and what it says is not whole. */
  readonly isFull: boolean;
}

const SLOTS_MIN = 1024;
/** Of the slots, taken before the table doubles. */
const FILLED_MAX = 0.6;
const SEVERAL = 0xffff_ffff;

/** Fields of a slot. An owner of 0 marks one that is free. */
const [LOW, HIGH, OWNER, BYTES, FIELDS] = [0, 1, 2, 3, 4];

export function createOwnerTable(chunksMax: number): OwnerTable {
  let slots = SLOTS_MIN;
  let table = new Uint32Array(FIELDS * slots);
  let size = 0;
  let isFull = false;
  const sums = new Map<number, number>();

  const find = (low: number, high: number): number => {
    let slot = low & (slots - 1);
    for (;;) {
      const at = FIELDS * slot;
      if (table[at + OWNER] === 0 || (table[at + LOW] === low && table[at + HIGH] === high)) return at;
      slot = (slot + 1) & (slots - 1);
    }
  };
  const grow = (): void => {
    const before = table;
    slots *= 2;
    table = new Uint32Array(FIELDS * slots);
    for (let at = 0; at < before.length; at += FIELDS)
      if (before[at + OWNER] !== 0)
        table.set(before.subarray(at, at + FIELDS), find(before[at + LOW] as number, before[at + HIGH] as number));
  };
  const credit = (owner: number, bytes: number): void => void sums.set(owner, (sums.get(owner) ?? 0) + bytes);
  const slotOf = (chunk: Id): number => {
    const view = new DataView(chunk.buffer, chunk.byteOffset, 8);
    return find(view.getUint32(0, true), view.getUint32(4, true));
  };
  return {
    claim(chunk, owner) {
      const view = new DataView(chunk.buffer, chunk.byteOffset, 8);
      const [low, high] = [view.getUint32(0, true), view.getUint32(4, true)];
      const at = find(low, high);
      const before = table[at + OWNER] as number;
      if (before !== 0) {
        if (before !== owner && before !== SEVERAL) {
          credit(before, -(table[at + BYTES] as number));
          table[at + OWNER] = SEVERAL;
        }
        return false;
      }
      isFull ||= size >= chunksMax;
      if (isFull) return false;
      table.set([low, high, owner, 0], at);
      if (++size > FILLED_MAX * slots) grow();
      return true;
    },
    setBytes(chunk, bytes) {
      const at = slotOf(chunk);
      const owner = table[at + OWNER] as number;
      if (owner === 0) return;
      if (owner !== SEVERAL) credit(owner, bytes - (table[at + BYTES] as number));
      table[at + BYTES] = bytes;
    },
    bytesOf: (owner) => sums.get(owner) ?? 0,
    get isFull() {
      return isFull;
    },
  };
}
