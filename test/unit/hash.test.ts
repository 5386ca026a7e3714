import { expect, test } from 'vitest';
import { hashBytes, packIds } from '../../shared/hash.ts';

test('ids that are kept together are copies in one buffer, each in its place', () => {
  const ids = [hashBytes(new Uint8Array([1])), undefined, hashBytes(new Uint8Array([2]))];
  const packed = packIds(ids);
  expect(packed.map((id) => id && [...id])).toEqual(ids.map((id) => id && [...id]));
  expect(new Set(packed.flatMap((id) => id?.buffer ?? [])).size).toBe(1);
  expect(packed[0]?.buffer).not.toBe(ids[0]?.buffer);
  expect(packIds([])).toEqual([]);
});
