/** Whole numbers as decisions: how many bits, one by one, then the bits behind the first, of which the upper ones are modelled. */
import { TransferError } from '../../errors.ts';
import { createBits } from './decision.ts';
import type { BitCoder } from './range-coder.ts';

export interface NumberModel {
  /** Codes a whole number from 0 to 2^53 - 2. */
  code(coder: BitCoder, context: number, value: number): number;
}

/** Most bits behind the first one: numbers stay exact. */
const LENGTH_MAX = 52;
/** Bits behind the first that are modelled together with those before them. */
const MODELLED_BITS = 3;
const LENGTH_SLOTS = 2 ** MODELLED_BITS;
const CONTEXT_SLOTS = LENGTH_MAX + 1 + (LENGTH_MAX + 1) * LENGTH_SLOTS;
const EVEN = 32768;

export function createNumberModel(contexts: number): NumberModel {
  const bits = createBits(contexts * CONTEXT_SLOTS);
  return {
    code(coder, context, value) {
      const first = context * CONTEXT_SLOTS;
      const wanted = Math.floor(value) + 1;
      const wantedLength = bitLength(wanted) - 1;
      let length = 0;
      while (length < LENGTH_MAX && bits.code(coder, first + length, length < wantedLength ? 1 : 0) === 1) length++;
      let coded = 1;
      for (let left = length - 1; left >= 0; left--) {
        const bit = Math.floor(wanted / 2 ** left) % 2;
        const modelled = coded < LENGTH_SLOTS;
        const slot = first + LENGTH_MAX + 1 + length * LENGTH_SLOTS + coded;
        coded = coded * 2 + (modelled ? bits.code(coder, slot, bit) : coder.code(bit, EVEN));
      }
      return coded - 1;
    },
  };
}

/** Bits of a whole number from 1 up. */
function bitLength(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32));
}

/** Codes a number of either sign: 0, 1, -1, 2, -2 ... as 0, 1, 2, 3, 4 ... */
export function codeSigned(model: NumberModel, coder: BitCoder, context: number, value: number): number {
  const coded = model.code(coder, context, value > 0 ? value * 2 - 1 : -value * 2);
  return coded % 2 === 1 ? (coded + 1) / 2 : 0 - coded / 2;
}

/** Codes a number below `limit` that nothing is known about, in as many even bits as `limit - 1` has. */
export function codeIndex(coder: BitCoder, limit: number, value: number): number {
  let coded = 0;
  for (let left = limit > 1 ? 31 - Math.clz32(limit - 1) : -1; left >= 0; left--) {
    coded = coded * 2 + coder.code((value >>> left) & 1, EVEN);
  }
  if (coded >= limit) throw new TransferError('PROTOCOL_VIOLATION', `a recipe difference refers to ${coded} of ${limit}`);
  return coded;
}
