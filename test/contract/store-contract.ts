/** What every store must do, whichever adapter it is. An adapter's test file calls `describeStore` with a way to make one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { asId, hashBytes, hex, type Id } from '../../shared/hash.ts';
import type { RecordKind, Store, StoreRecord } from '../../shared/store/port.ts';
import { seededBytes } from '../support/random.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Where the adapter keeps something: closes the store and opens it again. */
  readonly reopen?: () => Promise<Store>;
  readonly dispose: () => Promise<void>;
}

/** A chunk with its true key. */
export function chunkOf(bytes: Uint8Array): StoreRecord {
  return { kind: 'chunk', key: hashBytes(bytes), bytes };
}

export function describeStore(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    let subject: StoreUnderTest;
    let store: Store;
    let seed = 0;
    const randomBytes = (length: number): Uint8Array => seededBytes(++seed, length);

    beforeEach(async () => {
      subject = await create();
      store = subject.store;
      seed = 0;
    });
    afterEach(() => subject.dispose());

    const newChunks = (count: number, length = 1000): StoreRecord[] => Array.from({ length: count }, () => chunkOf(randomBytes(length)));

    it('has a store id of 16 bytes', () => {
      expect(store.storeId.byteLength).toBe(16);
    });

    it('is empty at first', async () => {
      expect(await store.hasMany('chunk', [hashBytes(randomBytes(1))])).toEqual([false]);
      expect(await store.get('chunk', hashBytes(randomBytes(1)))).toBeUndefined();
      expect((await store.stats()).records).toEqual({ chunk: 0, recipe: 0, image: 0 });
      expect(await collect(store, 'chunk')).toEqual([]);
      expect(await store.check({ readAll: true })).toEqual({ recordsRead: 0, problems: [] });
    });

    it('gives back what was put, in the order asked for, flushed or not', async () => {
      const first = newChunks(50);
      const second = newChunks(50, 40_000);
      expect(await store.put(first)).toBe(50);
      await store.flush();
      expect(await store.put(second)).toBe(50);
      const wanted = [...second, ...first].toReversed();
      const got = await store.getMany('chunk', keysOf(wanted));
      for (const [index, { bytes }] of wanted.entries()) expect(hex(got[index]!)).toBe(hex(bytes));
      expect(await store.hasMany('chunk', keysOf(wanted))).toEqual(wanted.map(() => true));
    });

    it('finds keys by their beginning', async () => {
      const chunks = newChunks(20);
      await store.put(chunks);
      const keys = keysOf(chunks);
      expect(
        (
          await store.findMany(
            'chunk',
            keys.map((key) => key.subarray(0, 6)),
          )
        ).map((key) => key && hex(key)),
      ).toEqual(keys.map((key) => hex(key)));
      const unknown = hashBytes(randomBytes(1));
      expect(await store.findMany('chunk', [unknown.subarray(0, 6), unknown])).toEqual([undefined, undefined]);
      expect(await store.findMany('recipe', [keys[0]!.subarray(0, 6)])).toEqual([undefined]);
    });

    it('gives the same record as often as it is asked for', async () => {
      const [record] = newChunks(1);
      await store.put([record!]);
      const got = await store.getMany('chunk', [record!.key, record!.key, record!.key]);
      expect(got.map((bytes) => hex(bytes))).toEqual(Array.from({ length: 3 }, () => hex(record!.bytes)));
    });

    it('keeps compressible, empty and large records alike', async () => {
      const records: StoreRecord[] = [
        chunkOf(new Uint8Array(0)),
        chunkOf(new Uint8Array(100_000)),
        chunkOf(randomBytes(1_048_576)),
        chunkOf(randomBytes(3_000_000)),
        { kind: 'recipe', key: hashBytes(randomBytes(4)), bytes: new Uint8Array(2_000_000).fill(7) },
      ];
      expect(await store.put(records)).toBe(5);
      for (const { kind, key, bytes } of records) expect(Buffer.compare((await store.get(kind, key))!, bytes)).toBe(0);
    });

    it('skips chunks and recipes that it has, also within one put', async () => {
      const [a, b] = newChunks(2);
      expect(await store.put([a!, a!, b!])).toBe(2);
      expect(await store.put([a!, b!])).toBe(0);
      await store.flush();
      expect(await store.put([b!, a!])).toBe(0);
      const recipe: StoreRecord = { kind: 'recipe', key: a!.key, bytes: randomBytes(10) };
      expect(await store.put([recipe, { ...recipe, bytes: randomBytes(20) }])).toBe(1);
      expect(hex((await store.get('recipe', recipe.key))!)).toBe(hex(recipe.bytes));
      expect((await store.stats()).chunkBytes).toBe(2000);
    });

    it('tells which records are new, each once', async () => {
      const [a, b, c] = newChunks(3);
      const told: number[] = [];
      const onNew = (place: number): void => void told.push(place);
      await store.put([a!]);
      await store.put([a!, b!, c!, b!], { onNew });
      await store.put([a!, b!], { onNew, replace: true });
      expect(told).toEqual([1, 2]);
    });

    it('writes chunks and recipes again where they are to be replaced', async () => {
      const [a, b] = newChunks(2);
      const recipe: StoreRecord = { kind: 'recipe', key: a!.key, bytes: randomBytes(10) };
      await store.put([a!, recipe]);
      await store.flush();
      const bytes = randomBytes(20);
      expect(await store.put([a!, a!, b!, { ...recipe, bytes }], { replace: true })).toBe(1);
      expect(hex((await store.get('recipe', recipe.key))!)).toBe(hex(bytes));
      await store.flush();
      expect(hex((await store.get('recipe', recipe.key))!)).toBe(hex(bytes));
      expect(hex((await store.get('chunk', a!.key))!)).toBe(hex(a!.bytes));
      expect((await store.stats()).records).toEqual({ chunk: 2, recipe: 1, image: 0 });
      expect((await store.stats()).chunkBytes).toBe(2000);
    });

    it('replaces images, before and after a flush', async () => {
      const key = hashBytes(randomBytes(3));
      for (const text of ['one', 'two', 'three']) {
        const bytes = Buffer.from(text);
        expect(await store.put([{ kind: 'image', key, bytes }])).toBe(text === 'one' ? 1 : 0);
        expect(Buffer.from((await store.get('image', key))!).toString()).toBe(text);
        if (text === 'two') await store.flush();
      }
      expect((await store.stats()).records.image).toBe(1);
      expect(await collect(store, 'image')).toEqual([hex(key)]);
    });

    it('keeps kinds apart that share a key', async () => {
      const [record] = newChunks(1);
      await store.put([record!]);
      expect(await store.hasMany('recipe', [record!.key])).toEqual([false]);
      expect(await store.get('image', record!.key)).toBeUndefined();
    });

    it('lists every key once', async () => {
      const records = newChunks(30);
      await store.put(records.slice(0, 20));
      await store.flush();
      await store.put(records.slice(10));
      expect((await collect(store, 'chunk')).toSorted()).toEqual(keysOf(records).map(hex).toSorted());
    });

    it('does not change with the arrays that it was given or gave', async () => {
      const bytes = randomBytes(5000);
      const key = asId(Uint8Array.from(hashBytes(bytes)));
      const record: StoreRecord = { kind: 'chunk', key, bytes: bytes.slice() };
      await store.put([record]);
      record.bytes.fill(0);
      const got = await store.get('chunk', hashBytes(bytes));
      expect(hex(got!)).toBe(hex(bytes));
      got!.fill(0);
      key.fill(0);
      expect(hex((await store.get('chunk', hashBytes(bytes)))!)).toBe(hex(bytes));
    });

    it('says INTEGRITY, kind and key for a record that it lacks', async () => {
      const missing = hashBytes(randomBytes(9));
      const failure = await store.getMany('recipe', [missing]).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TransferError);
      expect(failure).toMatchObject({ code: 'INTEGRITY' });
      expect((failure as Error).message).toContain(`recipe ${hex(missing)}`);
    });

    it('never gives out a chunk that is not what its key says', async () => {
      const key = hashBytes(randomBytes(9));
      await store.put([{ kind: 'chunk', key, bytes: randomBytes(500) }]);
      await expect(store.getMany('chunk', [key])).rejects.toMatchObject({ code: 'INTEGRITY' });
      const { problems } = await store.check({ readAll: true });
      expect(problems).toMatchObject([{ kind: 'chunk', key: hex(key) }]);
    });

    it('counts, and finds itself sound', async () => {
      const records = newChunks(25);
      await store.put(records);
      await store.put([{ kind: 'recipe', key: records[0]!.key, bytes: randomBytes(10) }]);
      const stats = await store.stats();
      expect(stats.records).toEqual({ chunk: 25, recipe: 1, image: 0 });
      expect(stats.chunkBytes).toBe(25_000);
      expect(await store.check()).toEqual({ recordsRead: 26, problems: [] });
      expect(await store.check({ readAll: true })).toEqual({ recordsRead: 26, problems: [] });
    });

    it('stops a check that is aborted', async () => {
      await store.put(newChunks(3));
      await expect(store.check({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    });

    it('takes puts, flushes and reads at the same time', async () => {
      const records = newChunks(200, 3000);
      const works = Array.from({ length: 20 }, async (_, at) => {
        // Neighbours overlap by half, so that every record is put twice.
        const part = records.slice(at * 10, at * 10 + 20);
        const added = await store.put(part);
        await store.flush();
        const got = await store.getMany('chunk', keysOf(part));
        for (const [index, { bytes }] of part.entries()) expect(hex(got[index]!)).toBe(hex(bytes));
        return added;
      });
      const added = await Promise.all(works);
      expect(added.reduce((sum, count) => sum + count, 0)).toBe(200);
      expect((await store.stats()).records.chunk).toBe(200);
      expect((await store.check({ readAll: true })).problems).toEqual([]);
    });

    it('closes once, and says so afterwards', async () => {
      await store.put(newChunks(1));
      await store.close();
      await store.close();
      await expect(store.put(newChunks(1))).rejects.toBeInstanceOf(TransferError);
      await expect(store.flush()).rejects.toBeInstanceOf(TransferError);
      await expect(store.hasMany('chunk', [])).rejects.toBeInstanceOf(TransferError);
    });

    it('remembers over a reopening, where it keeps anything', async () => {
      if (subject.reopen === undefined) return;
      const { storeId } = store;
      const records = newChunks(40);
      const key = hashBytes(randomBytes(2));
      await store.put(records);
      await store.put([{ kind: 'image', key, bytes: Buffer.from('old') }]);
      await store.put([{ kind: 'image', key, bytes: Buffer.from('new') }]);
      store = await subject.reopen();
      expect(hex(store.storeId)).toBe(hex(storeId));
      const got = await store.getMany('chunk', keysOf(records));
      for (const [index, { bytes }] of records.entries()) expect(hex(got[index]!)).toBe(hex(bytes));
      expect(Buffer.from((await store.get('image', key))!).toString()).toBe('new');
      expect((await store.stats()).records).toEqual({ chunk: 40, recipe: 0, image: 1 });
      expect(await store.put(records)).toBe(0);
    });
  });
}

function keysOf(records: readonly StoreRecord[]): Id[] {
  return records.map(({ key }) => key);
}

async function collect(store: Store, kind: RecordKind): Promise<string[]> {
  const out: string[] = [];
  for await (const key of store.keys(kind)) out.push(hex(key));
  return out;
}
