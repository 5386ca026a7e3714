import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { asId, hashBytes, hex, type Id } from '../../shared/hash.ts';
import { createKeySet } from '../../shared/store/key-set.ts';

const keyOf = (number: number): Id => hashBytes(new Uint8Array(new Uint32Array([number]).buffer));

describe('a set of keys', () => {
  it('has what was added, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 2000 }), (numbers) => {
        const set = createKeySet();
        const model = new Set<string>();
        for (const number of numbers) {
          const key = keyOf(number);
          expect(set.add(key)).toBe(!model.has(hex(key)));
          model.add(hex(key));
        }
        expect(set.size).toBe(model.size);
        for (let number = 0; number < 3000; number += 7) expect(set.has(keyOf(number))).toBe(model.has(hex(keyOf(number))));
      }),
      { numRuns: 30 },
    );
  });

  it('takes keys that begin with zeros or ones', () => {
    const set = createKeySet();
    for (const byte of [0, 0xff]) {
      const key = asId(new Uint8Array(32).fill(byte));
      expect([set.has(key), set.add(key), set.has(key), set.add(key)]).toEqual([false, true, true, false]);
    }
  });
});
