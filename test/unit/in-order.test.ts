/** Work that is done several at once: in which order, and how much of it is read ahead. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { workInOrder } from '../../sender/content/in-order.ts';

interface Item {
  readonly isLarge: boolean;
  /** Turns that reading and working take. */
  readonly reads: number;
  readonly works: number;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Works on items, and watches: the order of reading, and how many were begun and not done when a large one was read. */
function watched(items: readonly Item[], threads: number) {
  const read: Item[] = [];
  const besideLarge: number[] = [];
  let underWay = 0;
  let most = 0;
  const results = workInOrder(items, {
    threads,
    isLarge: ({ isLarge }) => isLarge,
    async read(item) {
      read.push(item);
      if (item.isLarge) besideLarge.push(underWay);
      most = Math.max(most, ++underWay);
      await turns(item.reads);
      return item;
    },
    async run(item: Item) {
      await turns(item.works);
      underWay--;
      return items.indexOf(item);
    },
  });
  return { results, read, besideLarge, most: () => most };
}

describe('work in order', () => {
  it('has its items read and its results given in their order, with no more under way than threads and one', async () => {
    const item = fc.record({ isLarge: fc.boolean(), reads: fc.nat(4), works: fc.nat(6) });
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), async (items, threads) => {
        const { results, read, besideLarge, most } = watched(items, threads);
        const got = await Array.fromAsync(results);
        expect(got).toEqual(items.map((one, i) => [i, one]));
        expect(read).toEqual(items);
        expect(Math.max(0, ...besideLarge)).toBeLessThan(threads);
        expect(most()).toBeLessThanOrEqual(threads + 1);
      }),
      { numRuns: 60 },
    );
  });

  it('reads a small item ahead', async () => {
    const items = Array.from({ length: 4 }, () => ({ isLarge: false, reads: 1, works: 5 }));
    const { results, most } = watched(items, 2);
    await Array.fromAsync(results);
    expect(most()).toBe(3);
  });

  it('fails where an item does, in its turn', async () => {
    const results = workInOrder([1, 2, 3], {
      threads: 2,
      isLarge: () => true,
      read: (item) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item)),
      run: (item: number) => turns(2).then(() => item),
    });
    expect(await results.next()).toEqual({ done: false, value: [1, 1] });
    await expect(results.next()).rejects.toThrow('two');
  });
});
