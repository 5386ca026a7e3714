/** What a collection leaves on the disk, and what can be read while it runs. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex } from '../../shared/hash.ts';
import { nodeFiles, type StoreFiles } from '../../shared/store/files.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { CollectOptions, Store, StoreRecord, Verdict } from '../../shared/store/port.ts';
import type { Recovery } from '../../shared/store/recover.ts';
import { flipByte, keysOf, offsetOf, packPath, seededChunks, temporaryDirectory } from '../support/store-directory.ts';

const records = seededChunks(0, 40);
const PACK_BYTES_MAX = 10_700;

const keep = (kept: readonly StoreRecord[], more: Partial<CollectOptions> = {}): CollectOptions => {
  const needed = new Set(kept.map(({ key }) => hex(key)));
  const verdict: Verdict = ({ key }) => (needed.has(hex(key)) ? 'needed' : 'unknown');
  return { mark: () => Promise.resolve(verdict), dryRun: false, wasteMax: 0.25, unfinishedSinceMs: Infinity, wipe: false, ...more };
};
const expectHeld = async (store: Store, held: readonly StoreRecord[]): Promise<void> => {
  expect((await store.getMany('chunk', keysOf(held))).map(hex)).toEqual(held.map(({ bytes }) => hex(bytes)));
  expect((await store.stats()).records.chunk).toBe(held.length);
  expect((await store.check({ readAll: true })).problems).toEqual([]);
};

describe('a collection', () => {
  let place: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    place = await temporaryDirectory();
    await using store = await open();
    await store.put(records);
  });
  afterEach(() => place[Symbol.asyncDispose]());

  const open = (files: StoreFiles = nodeFiles, onRecovery?: (recovery: Recovery) => void): Promise<Store> =>
    openStore(place.path, { packBytesMax: PACK_BYTES_MAX, files, ...(onRecovery !== undefined && { onRecovery }) });
  const packs = async (): Promise<string[]> => (await readdir(join(place.path, 'packs'))).toSorted();
  it('removes packs that nobody needs, and leaves those with little waste', async () => {
    expect(await packs()).toEqual(['00000001.pack', '00000002.pack', '00000003.pack', '00000004.pack']);
    const kept = [...records.slice(0, 9), ...records.slice(30)];
    await using store = await open();
    const report = await store.collect(keep(kept));
    expect(report).toMatchObject({ records: 21, contentBytes: 21_000, packs: 2, freedBytes: 2 * 10_624, left: [] });
    expect((await packs()).slice(0, 2)).toEqual(['00000001.pack', '00000004.pack']);
    await expectHeld(store, kept);
  });

  it('a dry run says the same and changes nothing', async () => {
    const kept = records.filter((_, index) => index % 3 === 0);
    await using store = await open();
    const { diskBytes: _, ...planned } = await store.collect(keep(kept, { dryRun: true }));
    await expectHeld(store, records);
    const before = (await store.stats()).diskBytes;
    const { diskBytes: __, ...done } = await store.collect(keep(kept));
    expect(done).toMatchObject({ records: planned.records, contentBytes: planned.contentBytes, freedBytes: planned.freedBytes });
    expect((await store.stats()).diskBytes).toBeLessThan(before - planned.freedBytes + 6000);
    await expectHeld(store, kept);
  });

  it('rewrites packs with less waste where the packs have more than they may', async () => {
    const kept = records.filter((_, index) => index % 8 !== 0);
    await using store = await open();
    expect((await store.collect(keep(kept))).freedBytes).toBe(0);
    const { freedBytes, diskBytes } = await store.collect(keep(kept, { diskBytesMax: 38_000 }));
    expect(freedBytes).toBeGreaterThan(4000);
    expect(diskBytes).toBeLessThanOrEqual(38_000);
    await expectHeld(store, kept);
  });

  it('young records that are not known stay, and released ones go at once', async () => {
    await using store = await open();
    const young = keep([], { unfinishedSinceMs: 0 });
    expect(await store.collect(young)).toMatchObject({ records: 0, freedBytes: 0, unfinishedBytes: 40 * 1056 });
    expect(await store.collect({ ...young, mark: () => Promise.resolve(() => 'released' as const) })).toMatchObject({ records: 40 });
  });

  it('what is put after its beginning stays, needed or not', async () => {
    const later = seededChunks(100, 120);
    await using store = await open();
    const { mark, ...rest } = keep([]);
    await store.collect({
      ...rest,
      async mark() {
        await store.put(later);
        return mark();
      },
    });
    await expectHeld(store, later);
  });

  it('what is spared in the last moment stays', async () => {
    await using store = await open();
    let asked = 0;
    // Every record is asked for when it is planned, when it is listed, and before it goes.
    const mark = (): Promise<Verdict> => Promise.resolve(() => (++asked > 80 ? 'needed' : 'released'));
    await store.collect({ ...keep([]), mark });
    await expectHeld(store, records);
  });

  it('everything can be read and put while it runs', async () => {
    await using store = await open();
    const kept = records.filter((_, index) => index % 2 === 0);
    const state = { isDone: false };
    const collecting = store.collect(keep(kept, { wasteMax: 0 })).finally(() => (state.isDone = true));
    for (let next = 200; !state.isDone; next += 2) {
      const got = await store.getMany('chunk', keysOf(kept));
      expect(got.map(hex)).toEqual(kept.map(({ bytes }) => hex(bytes)));
      await store.put(seededChunks(next, next + 2));
      await store.flush();
    }
    expect((await collecting).packs).toBeGreaterThanOrEqual(4);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
  });

  it('a purge overwrites a pack before it is removed, and nothing is left of what went', async () => {
    const seen: Uint8Array[] = [];
    const files: StoreFiles = {
      ...nodeFiles,
      async remove(path) {
        if (/\.(?:wipe|gone)$/.test(path)) seen.push(await readFile(path));
        await nodeFiles.remove(path);
      },
    };
    const kept = records.filter((_, index) => index !== 17);
    await using store = await open(files);
    await store.collect(keep(kept, { wipe: true }));
    expect(seen.map((bytes) => [bytes.byteLength, bytes.every((byte) => byte === 0)])).toEqual([[10_624, true]]);
    for (const name of await packs())
      expect((await readFile(join(place.path, 'packs', name))).indexOf(Buffer.from(records[17]!.bytes).subarray(0, 64))).toBe(-1);
    await expectHeld(store, kept);
  });

  it('a pack with a damaged record that is needed stays, and is named', async () => {
    await flipByte(packPath(place.path, 2), (await offsetOf(packPath(place.path, 2), records[15]!.key)) + 50);
    await using store = await open();
    const report = await store.collect(keep(records.slice(0, 18), { wasteMax: 0 }));
    expect(report.left).toEqual(['00000002.pack has damaged records']);
    await expect(store.getMany('chunk', [records[15]!.key])).rejects.toMatchObject({ code: 'INTEGRITY' });
    expect((await store.getMany('chunk', keysOf(records.slice(0, 15)))).length).toBe(15);
  });

  it('what a removal that was broken off has left is taken away by the next open, without reading the packs again', async () => {
    {
      await using store = await open();
      await store.put(seededChunks(50, 51));
    }
    await writeFile(join(place.path, 'packs', '00000000.gone'), 'x');
    await writeFile(join(place.path, 'packs', '00000000.wipe'), 'secret');
    const recoveries: Recovery[] = [];
    await using _ = await open(nodeFiles, (recovery) => recoveries.push(recovery));
    expect(recoveries).toEqual([]);
    expect(await packs()).toEqual([1, 2, 3, 4, 5].map((pack) => `0000000${pack}.pack`));
  });

  it('tombstones go when nothing of what they are for is left', async () => {
    await using store = await open();
    await store.collect(keep([]));
    await store.collect(keep([]));
    await store.collect(keep([], { wasteMax: 0 }));
    expect((await store.stats()).records.chunk).toBe(0);
    const sizes = await Promise.all((await packs()).map(async (name) => (await readFile(join(place.path, 'packs', name))).byteLength));
    expect(sizes).toEqual([64]);
  });
});
