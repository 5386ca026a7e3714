import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRoom } from '../../receiver/conversation/room.ts';

test('room is never given twice, and everybody gets theirs in the order of asking', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 4 })), { maxLength: 30 }),
      async (total, works) => {
        const room = createRoom(total);
        const entered: number[] = [];
        let used = 0;
        await Promise.all(
          works.map(async ([wanted, turns], number) => {
            await room.take(wanted);
            entered.push(number);
            used += Math.min(wanted, total);
            expect(used).toBeLessThanOrEqual(total);
            for (let i = 0; i < turns; i++) await Promise.resolve();
            used -= Math.min(wanted, total);
            room.give(wanted);
          }),
        );
        expect(entered).toEqual(works.map((_, number) => number));
        expect(used).toBe(0);
      },
    ),
  );
});

test('who wants more than there is waits until nobody else is there, and has all', async () => {
  const room = createRoom(10);
  const order: string[] = [];
  await room.take(4);
  const large = room.take(1000).then(() => order.push('large'));
  const small = room.take(1).then(() => order.push('small'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  room.give(4);
  await large;
  expect(order).toEqual(['large']);
  room.give(1000);
  await small;
});
