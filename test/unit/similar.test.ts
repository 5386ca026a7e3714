import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GEAR } from '../../shared/cdc/gear.ts';
import { concatBytes } from '../../shared/bytes.ts';
import { createFeatureFinder } from '../../shared/delta/features.ts';
import { CHUNK_BYTES_MAX } from '../../shared/limits.ts';
import { hashBytes } from '../../shared/hash.ts';
import type { ChunkRef } from '../../shared/recipe/recipe.ts';
import { OWN_STREAM } from '../../shared/wire/bulk.ts';
import { withSimilar, type PlannedRun } from '../../sender/content/plan.ts';
import { choosePlaces } from '../../sender/similar/choose-places.ts';
import { createFeatureIndex, type FeatureIndex } from '../../sender/similar/feature-index.ts';
import { seededBytes } from '../support/random.ts';

const featuresOf = createFeatureFinder();
const featureSet = (chunk: Uint8Array): Set<number> => new Set(featuresOf(chunk));

function times(a: bigint, b: bigint): bigint {
  return BigInt.asUintN(64, a * b);
}

/** What features.ts in WebAssembly says of itself, in plain words. */
function plainFeatures(chunk: Uint8Array): number[] {
  const view = new DataView(chunk.buffer, chunk.byteOffset);
  const word = (at: number): bigint => view.getBigUint64(at, true);
  const found: number[] = [];
  let hash = 0;
  for (const [at, byte] of chunk.entries()) {
    hash = ((hash << 1) + (GEAR[byte] as number)) >>> 0;
    if ((hash & (0x7f << 17)) !== 0 || at < 23) continue;
    const from = at - 23;
    let mixed = times(word(from), 0x9e3779b97f4a7c15n);
    mixed = times((mixed ^ (mixed >> 29n)) + word(from + 8), 0xbf58476d1ce4e5b9n);
    mixed = times((mixed ^ (mixed >> 32n)) + word(from + 16), 0x94d049bb133111ebn);
    const feature = Number(mixed >> 32n);
    if (feature !== (found.at(-1) ?? 0)) found.push(feature);
  }
  return found;
}

describe('features', () => {
  it('are those of the plain algorithm', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 5000 }), fc.integer({ min: 1, max: 8 }), (seed, length, bits) => {
        const chunk = seededBytes(seed, length).map((byte) => byte >> (8 - bits));
        expect([...featuresOf(chunk)]).toEqual(plainFeatures(chunk));
      }),
    );
  });

  it('stay where content was put in elsewhere', () => {
    const content = seededBytes(1, 20_000);
    const moved = concatBytes([seededBytes(2, 777), content.subarray(0, 9000), seededBytes(3, 50), content.subarray(9000)]);
    const all = featureSet(content);
    expect(all.size).toBeGreaterThan(100);
    const [kept, others] = [featureSet(moved), featureSet(seededBytes(4, 20_000))];
    expect([...all].filter((feature) => !kept.has(feature)).length).toBeLessThanOrEqual(3);
    expect([...all].filter((feature) => others.has(feature))).toEqual([]);
  });

  it('are few in content that repeats itself', () => {
    expect(featuresOf(new Uint8Array(CHUNK_BYTES_MAX)).length).toBeLessThan(2);
    const pattern = seededBytes(5, 50);
    const repeated = Uint8Array.from({ length: CHUNK_BYTES_MAX }, (_, i) => pattern[i % 50] as number);
    expect(featuresOf(repeated).length).toBeLessThanOrEqual(4096);
  });
});

function placesOf(index: FeatureIndex, feature: number): number[] {
  const places: number[] = [];
  index.each(feature, (place) => places.push(place));
  return places.toSorted((a, b) => a - b);
}

describe('the index of features', () => {
  it('knows the first places of each', () => {
    const index = createFeatureIndex();
    for (const place of [0, 1, 1, 2, 3, 4]) index.add(Uint32Array.of(7, 100 + place), place);
    expect(placesOf(index, 7)).toEqual([0, 1, 2, 3]);
    expect(placesOf(index, 104)).toEqual([4]);
    expect(placesOf(index, 8)).toEqual([]);
  });

  it('takes any number of features, and forgets evenly', () => {
    const slots = 2 ** 14;
    const index = createFeatureIndex(slots);
    const all = new Uint32Array(seededBytes(6, 4 * 100_000).buffer);
    for (let place = 0; place < 100; place++) index.add(all.subarray(place * 1000, (place + 1) * 1000), place);
    const known = Array.from({ length: 100 }, (_, place) => all.subarray(place * 1000, (place + 1) * 1000).filter((feature) => placesOf(index, feature).includes(place)).length); // prettier-ignore
    expect(known.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(slots / 2);
    expect(Math.min(...known)).toBeGreaterThan(20);
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe('the places chosen', () => {
  const index = createFeatureIndex();
  for (const [place, features] of [range(0, 50), range(40, 60), range(60, 90), range(88, 92)].entries()) index.add(Uint32Array.from(features), place); // prettier-ignore
  const choose = (wanted: readonly number[], room: number): unknown => choosePlaces(new Set(wanted), index, (place) => 10 + place, room);

  it('cover what is wanted, each with something that no other has', () => {
    expect(choose(range(0, 100), 1000)).toEqual({ places: [0, 1, 2], covered: 90 });
    expect(choose(range(45, 90), 1000)).toEqual({ places: [1, 2], covered: 45 });
    expect(choose(range(88, 92), 1000)).toEqual({ places: [3], covered: 4 });
    expect(choose(range(90, 92), 1000)).toEqual({ places: [], covered: 0 });
  });

  it('fit the room, the best first', () => {
    expect(choose(range(0, 100), 12)).toEqual({ places: [0], covered: 50 });
    expect(choose(range(0, 100), 9)).toEqual({ places: [], covered: 0 });
  });

  it('are right for any features and places', () => {
    const features = fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 25 });
    fc.assert(
      fc.property(fc.array(features, { maxLength: 8 }), features, fc.nat({ max: 60 }), (all, wanted, room) => {
        const own = createFeatureIndex();
        for (const [place, its] of all.entries()) own.add(Uint32Array.from(its), place);
        const { places, covered } = choosePlaces(new Set(wanted), own, () => 10, room);
        const union = new Set(places.flatMap((place) => all[place] as number[]));
        expect(places.length * 10).toBeLessThanOrEqual(room);
        expect(new Set(places).size).toBe(places.length);
        expect(covered).toBeLessThanOrEqual(wanted.filter((feature) => union.has(feature)).length);
        expect(covered).toBeGreaterThanOrEqual(4 * places.length);
      }),
    );
  });
});

function chunkOf(name: string, length: number): ChunkRef {
  return { id: hashBytes(Buffer.from(name)), length };
}

/** @param inside what a window leans on where it is to lean on less. */
function run(rows: boolean, chunks: readonly ChunkRef[], inside = chunks): PlannedRun {
  const based = (firstChunk: number, its: readonly ChunkRef[]): Pick<PlannedRun, 'base' | 'baseChunks'> => ({
    base: { rows, ranges: rows ? [] : [{ base: 0, row: 3, firstChunk, chunkCount: its.length }] },
    baseChunks: its,
  });
  const within = (bytes: number): ReturnType<typeof based> => (bytes < 80 ? based(11, inside) : based(10, chunks));
  return { fresh: [0], bytes: 100, ...based(10, chunks), within, baseBytesMax: 100, similarBytes: 50 };
}

describe('a run with content like its own', () => {
  const old = [chunkOf('a', 20), chunkOf('b', 20), chunkOf('c', 20), chunkOf('d', 20)];
  const similar = { ranges: [{ base: OWN_STREAM, row: 0, firstChunk: 0, chunkCount: 1 }], chunks: [chunkOf('s', 50)] };

  it('leans on less around its window, and on that', () => {
    const { base, baseChunks } = withSimilar(run(false, old, old.slice(1, 3)), similar);
    expect(base).toEqual({ rows: false, ranges: [{ base: 0, row: 3, firstChunk: 11, chunkCount: 2 }, ...similar.ranges] });
    expect(baseChunks).toEqual([old[1], old[2], similar.chunks[0]]);
  });

  it('leans on its rows and on that', () => {
    const { base, baseChunks } = withSimilar(run(true, old.slice(0, 2)), similar);
    expect(base).toEqual({ rows: true, ranges: similar.ranges });
    expect(baseChunks).toEqual([old[0], old[1], similar.chunks[0]]);
  });

  it('stays as it is where there is none', () => {
    const alone = run(true, old);
    expect(withSimilar(alone, { ranges: [], chunks: [] })).toBe(alone);
  });
});
