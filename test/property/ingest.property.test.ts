import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { craftArchive, layers } from '../support/craft-archive.ts';
import { craftEntry, craftTar, type CraftedHeader } from '../support/craft-tar.ts';
import { ingest, inPieces, restore } from '../support/ingested.ts';
import { seededBytes } from '../support/random.ts';

const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(512, 1024, 65_536)), { minLength: 1, maxLength: 5 });
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const mutations = fc.array(fc.tuple(place, fc.nat({ max: 255 })), { maxLength: 6 });

const entry = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' }),
    type: fc.constantFrom('0', '0', '0', '1', '2', '5', 'x', 'L', 'S', 'g'),
    seed: fc.nat({ max: 1000 }),
    bytes: fc.oneof(fc.nat({ max: 1500 }), fc.constantFrom(512, 131_072, 131_073, 400_000)),
    padding: fc.constantFrom(0, 0, 0, 9),
  })
  .map(({ name, type, seed, bytes, padding }) => {
    const header: CraftedHeader = { name, type };
    return ['0', 'x', 'L', 'S', 'g'].includes(type) ? craftEntry(header, seededBytes(seed, bytes), padding) : craftEntry(header);
  });

const tar = fc
  .tuple(fc.array(entry, { maxLength: 6 }), fc.constantFrom(0, 100, 1024, 10_240))
  .map(([entries, zeroTail]) => craftTar(entries, zeroTail));
const layer = fc.oneof(tar, fc.constantFrom(...Object.values(layers)));

function mutated(bytes: Uint8Array, changes: readonly (readonly [number, number])[], keep: number): Uint8Array {
  const changed = bytes.slice(0, Math.ceil(bytes.byteLength * keep));
  for (const [at, byte] of changes) changed[Math.floor(at * changed.byteLength)] = byte;
  return changed;
}

async function roundTrip(bytes: Uint8Array, lengths: readonly number[]): Promise<boolean> {
  const { store, result } = await ingest(inPieces(bytes, lengths));
  return Buffer.compare(await restore(store, result.archive.id), bytes) === 0;
}

describe('ingest and rebuild', () => {
  it('give back archives of random tars, damaged and cut anywhere, in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(layer, mutations, fc.oneof(fc.constant(1), place), pieces, async (bytes, changes, keep, lengths) => {
        expect(await roundTrip(mutated(craftArchive(bytes), changes, keep), lengths)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('give back compressed layers of any level and strategy, damaged and cut anywhere, in any pieces', async () => {
    const options = fc.record({
      level: fc.integer({ min: 0, max: 9 }),
      memLevel: fc.integer({ min: 1, max: 9 }),
      strategy: fc.integer({ min: 0, max: 4 }),
    });
    const members = fc.array(fc.tuple(layer, options), { minLength: 1, maxLength: 3 });
    const behind = fc.uint8Array({ maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(members, behind, mutations, fc.oneof(fc.constant(1), place), pieces, async (parts, rest, changes, keep, lengths) => {
        const compressed = Buffer.concat([...parts.map(([bytes, how]) => gzipSync(bytes, how)), rest]);
        expect(await roundTrip(craftArchive(compressed), lengths)).toBe(true);
        expect(await roundTrip(craftArchive(mutated(compressed, changes, keep)), lengths)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('give back random tars damaged in their headers', async () => {
    const header = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 511 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(tar, header, pieces, async (bytes, changes, lengths) => {
        const changed = bytes.slice();
        for (const [block, at, byte] of changes) changed[block * 512 + at] = byte;
        expect(await roundTrip(changed, lengths)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('give back any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), pieces, async (bytes, lengths) => {
        expect(await roundTrip(bytes, lengths)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
