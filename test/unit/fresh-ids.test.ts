import { array, assert, nat, oneof, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFreshIds } from '../../receiver/conversation/fresh-ids.ts';
import { hashBytes, hex } from '../../shared/hash.ts';

const id = (n: number) => hashBytes(Uint8Array.of(n & 255, n >> 8));

describe('ids of fresh chunks', () => {
  it('are what was set in each place, as in an array', () => {
    const change = oneof(record({ at: nat(31), id: nat(1000) }), record({ grow: nat(64) }));
    assert(
      property(array(change), (changes) => {
        let ids = createFreshIds(32);
        let naive: (string | undefined)[] = Array.from({ length: 32 }, () => undefined);
        for (const each of changes) {
          if ('grow' in each) {
            ids = ids.grown(each.grow);
            naive = [...naive, ...Array.from({ length: Math.max(0, each.grow - naive.length) }, () => undefined)];
          } else {
            ids.set(each.at, id(each.id));
            naive[each.at] = hex(id(each.id));
          }
        }
        expect(naive.map((_, i) => ids.at(i)).map((one) => one && hex(one))).toEqual(naive);
        expect(ids.length).toBe(naive.length);
        expect(ids.lacking).toBe(naive.filter((one) => one === undefined).length);
        expect(ids.unknown()).toEqual(naive.map((one) => one === undefined));
      }),
    );
  });

  it('begin with those that are known', () => {
    const ids = createFreshIds(3, [undefined, id(1)]);
    expect([ids.at(0), ids.at(1), ids.at(2), ids.at(3)]).toEqual([undefined, id(1), undefined, undefined]);
    expect(ids.lacking).toBe(2);
  });

  it('a grown copy leaves the first as it was', () => {
    const ids = createFreshIds(1);
    ids.grown(2).set(0, id(7));
    expect(ids.at(0)).toBeUndefined();
  });
});
