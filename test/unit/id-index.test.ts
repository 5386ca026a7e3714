import { describe, expect, it } from 'vitest';
import { hashBytes, type Id } from '../../shared/hash.ts';
import { createIdIndex } from '../../shared/id-index.ts';

describe('an index of ids', () => {
  it('finds what was added while it grows, and tells apart ids that begin alike', () => {
    const ids: Id[] = Array.from({ length: 1000 }, (_, number) => hashBytes(Uint8Array.of(number, number >> 8)));
    const index = createIdIndex(0, (number) => ids[number] as Id);
    for (const [number, id] of ids.entries()) index.add(id, number);
    expect(ids.map((id) => index.find(id))).toEqual(ids.map((_, number) => number));
    const alike = Uint8Array.from(ids[0] as Id) as Id;
    alike[31] = (alike[31] as number) ^ 1;
    expect(index.find(alike)).toBeUndefined();
  });
});
