/** Any sequence of calls, with reopenings and lost indexes in between: the durable store does what the one in memory does. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { hashBytes, hex } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { RECORD_KINDS, type RecordKind, type RecordName, type Store, type StoreRecord, type Verdict } from '../../shared/store/port.ts';
import { seededChunk, temporaryDirectory } from '../support/store-directory.ts';

type Call =
  | { readonly name: 'put'; readonly records: readonly StoreRecord[] }
  | { readonly name: 'ask'; readonly kind: RecordKind; readonly numbers: readonly number[] }
  | { readonly name: 'remove'; readonly kind: RecordKind; readonly numbers: readonly number[] }
  | { readonly name: 'collect'; readonly needed: readonly number[]; readonly wasteMax: number; readonly wipe: boolean }
  | { readonly name: 'flush' | 'reopen' | 'lose index' };

// Few numbers, so that the same keys come again and again.
const number = fc.integer({ min: 0, max: 12 });
const record: fc.Arbitrary<StoreRecord> = fc.oneof(
  number.map((seed) => seededChunk(seed, 40 + seed * 30)),
  fc
    .tuple(fc.constantFrom<RecordKind>('recipe', 'image'), number, fc.uint8Array({ maxLength: 400 }))
    .map(([kind, key, bytes]) => ({ kind, key: keyOf(key), bytes })),
);
const anyCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: fc.array(record, { maxLength: 8 }).map((records) => ({ name: 'put' as const, records })) },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant('ask' as const),
      kind: fc.constantFrom(...RECORD_KINDS),
      numbers: fc.array(number, { maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      name: fc.constant('remove' as const),
      kind: fc.constantFrom(...RECORD_KINDS),
      numbers: fc.array(number, { maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      name: fc.constant('collect' as const),
      needed: fc.array(number, { minLength: 4, maxLength: 16 }),
      wasteMax: fc.constantFrom(0, 0.3, 1),
      wipe: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ name: fc.constantFrom('flush' as const, 'reopen' as const, 'lose index' as const) }) },
);

function keyOf(seed: number): StoreRecord['key'] {
  return hashBytes(seededChunk(seed, 40 + seed * 30).bytes);
}

describe('the durable store', () => {
  it('does what the one in memory does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCall, { maxLength: 25 }), async (calls) => {
        await using place = await temporaryDirectory({ inMemory: true });
        const options = { packBytesMax: 2000 };
        const model = createMemoryStore();
        const told: unknown[] = [];
        const expected: unknown[] = [];
        let store = await openStore(place.path, options);
        for (const each of calls) {
          if (each.name === 'reopen' || each.name === 'lose index') {
            await store.close();
            if (each.name === 'lose index') await rm(join(place.path, 'index'), { recursive: true });
            store = await openStore(place.path, options);
          } else {
            told.push(await answer(store, each));
            expected.push(await answer(model, each));
          }
        }
        expect(told).toEqual(expected);
        expect(await contents(store)).toEqual(await contents(model));
        expect((await store.check({ readAll: true })).problems).toEqual([]);
        await store.close();
      }),
      { numRuns: 150 },
    );
  });
});

async function answer(store: Store, call: Call): Promise<unknown> {
  if (call.name === 'put') return store.put(call.records);
  if (call.name === 'remove') return store.remove(call.numbers.map((seed) => ({ kind: call.kind, key: keyOf(seed) })));
  if (call.name === 'collect') return collect(store, call);
  if (call.name !== 'ask') return store.flush();
  const { kind, numbers } = call;
  const keys = numbers.map(keyOf);
  const held = await store.hasMany(kind, keys);
  const got = await store.getMany(
    kind,
    keys.filter((_, index) => held[index]),
  );
  const single = await Promise.all(keys.map((key) => store.get(kind, key)));
  return { held, got: got.map(hex), single: single.map((bytes) => bytes && hex(bytes)) };
}

/** Numbers that are not needed count as released where they are odd; images only go then. */
async function collect(store: Store, { needed, wasteMax, wipe }: Call & { readonly name: 'collect' }): Promise<unknown> {
  const names = new Map(Array.from({ length: 13 }, (_, seed) => [hex(keyOf(seed)), seed]));
  const verdict = ({ key }: RecordName): ReturnType<Verdict> => {
    const seed = names.get(hex(key)) as number;
    return needed.includes(seed) ? 'needed' : seed % 2 === 1 ? 'released' : 'unknown';
  };
  const options = { mark: () => Promise.resolve(verdict), wasteMax, wipe, unfinishedSinceMs: Infinity };
  const planned = await store.collect({ ...options, dryRun: true });
  const done = await store.collect({ ...options, dryRun: false });
  expect(done.freedBytes).toBe(planned.freedBytes);
  expect(done.left).toEqual([]);
  return [planned.records, planned.contentBytes, done.records, done.contentBytes];
}

async function contents(store: Store): Promise<unknown> {
  const { records, chunkBytes } = await store.stats();
  const keys = await Promise.all(RECORD_KINDS.map(async (kind) => (await Array.fromAsync(store.keys(kind), hex)).toSorted()));
  return { records, chunkBytes, keys };
}
