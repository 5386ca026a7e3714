/** Stores damaged on purpose, each named by its defect, and what opening, reading and checking make of them. */
import { appendFile, cp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex } from '../../shared/hash.ts';
import { PACK_HEADER_BYTES } from '../../shared/store/pack-header.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store, StoreRecord } from '../../shared/store/port.ts';
import type { Recovery } from '../../shared/store/recover.ts';
import { RECORD_HEADER_BYTES } from '../../shared/store/record.ts';
import { flipByte, keysOf, offsetOf, packPath, seededChunk, seededChunks, temporaryDirectory } from '../support/store-directory.ts';
import { seededBytes } from '../support/random.ts';

const RECORDS = 20;
const records = seededChunks(0, RECORDS);
const WHOLE_BYTES = PACK_HEADER_BYTES + RECORDS * (RECORD_HEADER_BYTES + 1000);

describe('a damaged store', () => {
  let place: Awaited<ReturnType<typeof temporaryDirectory>>;
  let recoveries: Recovery[];

  /** A store of 20 chunks of 1000 bytes in one pack, closed in order. */
  beforeEach(async () => {
    place = await temporaryDirectory();
    recoveries = [];
    await using store = await open();
    await store.put(records);
  });
  afterEach(() => place[Symbol.asyncDispose]());

  const open = (packBytesMax?: number): Promise<Store> =>
    openStore(place.path, {
      onRecovery: (recovery) => void recoveries.push(recovery),
      ...(packBytesMax === undefined ? {} : { packBytesMax }),
    });
  const dropIndex = (): Promise<void> => rm(join(place.path, 'index'), { recursive: true });

  it('opens in order without anything to recover', async () => {
    await using store = await open();
    expect(recoveries).toEqual([]);
    await expectHeld(store, records);
    expect((await stat(packPath(place.path, 1))).size).toBe(WHOLE_BYTES);
  });

  it('lost index: is made again from the packs', async () => {
    await dropIndex();
    await using store = await open();
    expect(recoveries).toMatchObject([{ rebuilt: 'the index was missing', recordsIndexed: RECORDS, bytesCut: 0, problems: [] }]);
    await expectHeld(store, records);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
  });

  it('lost index of several packs: the counters and the place to append are as before', async () => {
    const more = seededChunks(100, 140);
    {
      await using store = await open(10_000);
      await store.put(more);
    }
    const sizes = await Promise.all([1, 2, 3].map(async (pack) => (await stat(packPath(place.path, pack))).size));
    await dropIndex();
    await using store = await open(10_000);
    await expectHeld(store, [...records, ...more]);
    await expectUsable(store);
    const after = await Promise.all([1, 2, 3].map(async (pack) => (await stat(packPath(place.path, pack))).size));
    expect(after).toEqual(sizes);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
  });

  it('stale index: what came later is read from the packs', async () => {
    const old = join(place.path, 'old-index');
    await cp(join(place.path, 'index'), old, { recursive: true });
    const more = seededChunks(100, 130);
    {
      await using store = await open(10_000);
      await store.put(more);
      await store.put([{ kind: 'image', key: records[0]!.key, bytes: Buffer.from('first') }]);
      await store.put([{ kind: 'image', key: records[0]!.key, bytes: Buffer.from('second') }]);
    }
    await dropIndex();
    await rename(old, join(place.path, 'index'));
    await using store = await open(10_000);
    expect(recoveries).toMatchObject([{ rebuilt: undefined, recordsIndexed: 32, bytesCut: 0, problems: [] }]);
    await expectHeld(store, [...records, ...more]);
    expect(Buffer.from((await store.get('image', records[0]!.key))!).toString()).toBe('second');
    expect((await store.stats()).records.image).toBe(1);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
  });

  it('index newer than the packs: is made again', async () => {
    await truncate(packPath(place.path, 1), WHOLE_BYTES - 1000 - RECORD_HEADER_BYTES);
    await using store = await open();
    expect(recoveries).toMatchObject([{ rebuilt: 'the index knew more than there is', recordsIndexed: RECORDS - 1, bytesCut: 0 }]);
    await expectHeld(store, records.slice(0, -1));
  });

  it('index of another store: is made again', async () => {
    await using other = await temporaryDirectory();
    await (await openStore(other.path)).close();
    await dropIndex();
    {
      await using store = await openStore(other.path);
      await store.put(seededChunks(500, 510));
    }
    await cp(join(other.path, 'index'), join(place.path, 'index'), { recursive: true });
    await using store = await open();
    expect(recoveries).toMatchObject([{ rebuilt: 'the index was that of another store' }]);
    await expectHeld(store, records);
  });

  it('index that LevelDB refuses: is made again', async () => {
    await writeFile(join(place.path, 'index', 'CURRENT'), 'nonsense');
    await using store = await open();
    expect(recoveries).toMatchObject([{ rebuilt: 'the index was missing', recordsIndexed: RECORDS }]);
    await expectHeld(store, records);
  });

  it('index marked as damaged: is made again, once', async () => {
    await writeFile(join(place.path, 'index.damaged'), '');
    await (await open()).close();
    expect(recoveries).toMatchObject([{ rebuilt: 'the index was missing', recordsIndexed: RECORDS }]);
    await (await open()).close();
    expect(recoveries.length).toBe(1);
  });

  it('a pack deleted: the index forgets what was in it', async () => {
    {
      await using store = await open(10_000);
      await store.put(seededChunks(100, 140));
    }
    await rm(packPath(place.path, 2));
    await using store = await open(10_000);
    expect(recoveries).toMatchObject([{ rebuilt: 'packs were changed behind the index' }]);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
    expect(await store.put(seededChunks(100, 140))).toBeGreaterThan(0);
    expect(await store.hasMany('chunk', keysOf(seededChunks(100, 140)))).toEqual(Array.from({ length: 40 }, () => true));
  });

  it.each([1, 30, RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + 1, RECORD_HEADER_BYTES + 999])(
    'torn tail: %i bytes of a record are cut off',
    async (length) => {
      await using donor = await temporaryDirectory();
      const identity = await readFile(join(place.path, 'store.json'));
      await writeFile(join(donor.path, 'store.json'), identity);
      {
        await using store = await openStore(donor.path);
        await store.put([seededChunk(77)]);
      }
      const record = (await readFile(packPath(donor.path, 1))).subarray(PACK_HEADER_BYTES);
      await appendFile(packPath(place.path, 1), record.subarray(0, length));
      await using store = await open();
      expect(recoveries).toMatchObject([{ rebuilt: undefined, recordsIndexed: 0, bytesCut: length, problems: [] }]);
      expect((await stat(packPath(place.path, 1))).size).toBe(WHOLE_BYTES);
      await expectHeld(store, records);
      await expectUsable(store);
    },
  );

  it('a whole record behind what the index covers: is kept', async () => {
    await using donor = await temporaryDirectory();
    await writeFile(join(donor.path, 'store.json'), await readFile(join(place.path, 'store.json')));
    {
      await using store = await openStore(donor.path);
      await store.put([seededChunk(77)]);
    }
    await appendFile(packPath(place.path, 1), (await readFile(packPath(donor.path, 1))).subarray(PACK_HEADER_BYTES));
    await using store = await open();
    expect(recoveries).toMatchObject([{ recordsIndexed: 1, bytesCut: 0 }]);
    await expectHeld(store, [...records, seededChunk(77)]);
  });

  it.each([
    ['random bytes', seededBytes(5, 5000)],
    ['zeros', new Uint8Array(100_000)],
  ])('garbage appended (%s): is cut off', async (_, garbage) => {
    await appendFile(packPath(place.path, 1), garbage);
    await using store = await open();
    expect(recoveries).toMatchObject([{ bytesCut: garbage.byteLength, problems: [] }]);
    await expectHeld(store, records);
    await expectUsable(store);
  });

  it('a pack deleted while the store is open: its records are said to be gone', async () => {
    await using store = await open();
    await rm(packPath(place.path, 1));
    await expect(store.get('chunk', records[0]!.key)).rejects.toMatchObject({
      code: 'INTEGRITY',
      message: expect.stringContaining('is gone'),
    });
  });

  it('a byte flipped in a content: that record fails, and check names it', async () => {
    const victim = records[7]!;
    await flipByte(packPath(place.path, 1), (await offsetOf(packPath(place.path, 1), victim.bytes)) + 500);
    await using store = await open();
    expect(recoveries).toEqual([]);
    await expect(store.get('chunk', victim.key)).rejects.toMatchObject({
      code: 'INTEGRITY',
      message: expect.stringContaining(hex(victim.key)),
    });
    const others = records.filter((record) => record !== victim);
    expect((await store.getMany('chunk', keysOf(others))).map(hex)).toEqual(others.map(({ bytes }) => hex(bytes)));
    const before = await readFile(packPath(place.path, 1));
    expect((await store.check({ readAll: true })).problems).toMatchObject([{ kind: 'chunk', key: hex(victim.key) }]);
    expect(Buffer.compare(await readFile(packPath(place.path, 1)), before)).toBe(0);
  });

  it('a byte flipped in a content and the index lost: that record is stepped over and can be put again', async () => {
    const victim = records[7]!;
    await flipByte(packPath(place.path, 1), (await offsetOf(packPath(place.path, 1), victim.bytes)) + 500);
    await dropIndex();
    await using store = await open();
    expect(recoveries).toMatchObject([{ recordsIndexed: RECORDS - 1, bytesCut: 0, problems: [expect.stringContaining('checksum')] }]);
    await expectHeld(
      store,
      records.filter((record) => record !== victim),
    );
    expect(await store.put(records)).toBe(1);
    await store.flush();
    expect(hex((await store.get('chunk', victim.key))!)).toBe(hex(victim.bytes));
  });

  // Every field of the header: magic, kind, codec, spare, both lengths, key, both checksums.
  it.each([0, 4, 5, 6, 8, 12, 20, 48, 55])('byte %i flipped in a header and the index lost: only that record is gone', async (at) => {
    const victim = records[7]!;
    await flipByte(packPath(place.path, 1), (await offsetOf(packPath(place.path, 1), victim.bytes)) - RECORD_HEADER_BYTES + at);
    await dropIndex();
    await using store = await open();
    expect(recoveries).toMatchObject([{ recordsIndexed: RECORDS - 1, bytesCut: 0, problems: [expect.stringContaining('1056 bytes')] }]);
    await expectHeld(
      store,
      records.filter((record) => record !== victim),
    );
  });

  it('a byte flipped in the last content and the index lost: the record is cut off as a torn tail', async () => {
    await flipByte(packPath(place.path, 1), WHOLE_BYTES - 5);
    await dropIndex();
    await using store = await open();
    expect(recoveries).toMatchObject([{ recordsIndexed: RECORDS - 1, bytesCut: RECORD_HEADER_BYTES + 1000 }]);
    await expectUsable(store);
  });

  it('a damaged pack header: the records stay, a new pack is begun', async () => {
    await flipByte(packPath(place.path, 1), 20);
    await dropIndex();
    await using store = await open();
    expect(recoveries).toMatchObject([{ recordsIndexed: RECORDS, problems: ['00000001.pack: the header is damaged'] }]);
    await expectHeld(store, records);
    await expectUsable(store);
    expect((await stat(packPath(place.path, 1))).size).toBe(WHOLE_BYTES);
    expect((await stat(packPath(place.path, 2))).size).toBeGreaterThan(PACK_HEADER_BYTES);
    expect((await store.check()).problems).toMatchObject([{ kind: 'pack', key: '00000001.pack' }]);
  });

  it('a pack of another store: is reported and never used', async () => {
    await using other = await temporaryDirectory();
    {
      await using store = await openStore(other.path);
      await store.put(seededChunks(500, 510));
    }
    await cp(packPath(other.path, 1), packPath(place.path, 2));
    const foreign = await readFile(packPath(place.path, 2));
    await using store = await open();
    expect(recoveries).toMatchObject([{ recordsIndexed: 0, problems: ['00000002.pack: is of another store'] }]);
    await expectHeld(store, records);
    await expectUsable(store);
    expect(Buffer.compare(await readFile(packPath(place.path, 2)), foreign)).toBe(0);
  });

  it('a last pack cut while it was made: is made again', async () => {
    await writeFile(packPath(place.path, 2), (await readFile(packPath(place.path, 1))).subarray(0, 40));
    await using store = await open();
    await expectHeld(store, records);
    await expectUsable(store);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
  });

  it.each(['missing', '{"format":"lighter', '[]', '{"format":"lighterman store","version":1,"storeId":"00","seed":1}'])(
    'store.json %s: who the store is comes from a pack',
    async (text) => {
      const path = join(place.path, 'store.json');
      const before = await readFile(path, 'utf8');
      if (text === 'missing') await rm(path);
      else await writeFile(path, text);
      await using store = await open();
      expect(await readFile(path, 'utf8')).toBe(before);
      await expectHeld(store, records);
    },
  );

  it('store.json lost and the only pack header damaged: nothing is touched', async () => {
    await rm(join(place.path, 'store.json'));
    await flipByte(packPath(place.path, 1), 20);
    await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect((await stat(packPath(place.path, 1))).size).toBe(WHOLE_BYTES);
  });

  it('a store of a later version: is refused before anything is touched', async () => {
    await writeFile(join(place.path, 'store.json'), '{"format":"lighterman store","version":2}');
    await dropIndex();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_VERSION' });
    await expect(stat(join(place.path, 'index'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('an index that lacks a record, or names one that is not there: check says so', async () => {
    {
      await using store = await open();
      await store.put([{ kind: 'recipe', key: records[0]!.key, bytes: seededBytes(3, 100) }]);
    }
    // Overwrites the recipe with zeros of the same length: the index still has it, no pack does.
    const bytes = await readFile(packPath(place.path, 1));
    bytes.fill(0, WHOLE_BYTES);
    await writeFile(packPath(place.path, 1), bytes);
    await using store = await open();
    const { problems } = await store.check();
    expect(problems).toMatchObject([
      { kind: 'pack', key: '00000001.pack', what: expect.stringContaining('no sound record header') },
      { kind: 'recipe', key: hex(records[0]!.key), what: expect.stringContaining('no pack has it') },
    ]);
  });
});

async function expectHeld(store: Store, held: readonly StoreRecord[]): Promise<void> {
  const got = await store.getMany('chunk', keysOf(held));
  expect(got.map(hex)).toEqual(held.map(({ bytes }) => hex(bytes)));
  expect((await store.stats()).records.chunk).toBe(held.length);
}

async function expectUsable(store: Store): Promise<void> {
  const more = seededChunks(1000, 1010);
  expect(await store.put(more)).toBe(10);
  await store.flush();
  expect(await store.hasMany('chunk', keysOf(more))).toEqual(more.map(() => true));
}
