/** A store that is damaged: found, named, and mended by the next shipment, over which nothing crosses but what is lacking. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCatalog, type Catalog } from '../../receiver/catalog/catalog.ts';
import { doubtDamaged, findDamagedImages, imageName, trustOthers } from '../../receiver/catalog/damaged-images.ts';
import { openDoubts } from '../../receiver/catalog/doubts.ts';
import { repairStore } from '../../receiver/catalog/repair.ts';
import { asId, hex, sha256Digest, type Id } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { appVersion } from '../support/app-versions.ts';
import { ingest } from '../support/ingested.ts';
import { shipArchives, type Crossing } from '../support/joined-agents.ts';
import { flipByte, offsetOf, packPath, temporaryDirectory } from '../support/store-directory.ts';

const signal = new AbortController().signal;
const { streams } = await ingest(appVersion(1));
const [bottom, top] = streams.filter(({ path }) => path !== '').toSorted((a, b) => a.bytes - b.bytes);
const chunksOf = (stream: typeof top): Id[] =>
  Array.from({ length: stream!.recipe.rowCount }, (_, row) => [...stream!.recipe.chunksOf(row)].map(({ id }) => asId(id.slice()))).flat();

interface Place extends AsyncDisposable {
  readonly path: (name: string) => string;
  /** Opens store and catalog anew, as a receiver that starts. */
  open(): Promise<{ readonly store: Store; readonly catalog: Catalog }>;
  ship(version: number): Promise<Crossing>;
  expectSound(): Promise<void>;
}

/** A receiver that has versions 1 and 2. */
async function openPlace(): Promise<Place> {
  const directory = await temporaryDirectory({ inMemory: true });
  const path = (name: string): string => join(directory.path, name);
  const pool = createMemoryStore();
  let store: Store | undefined;
  let catalog: Catalog;
  const place: Place = {
    path,
    async open() {
      await store?.close();
      store = await openStore(path('store'));
      catalog = await openCatalog(store, await openDoubts(path('store')));
      return { store, catalog };
    },
    async ship(version) {
      const agents = { pool, store: store as Store, catalog, delivered: path('delivered') };
      const crossing = await shipArchives(agents, [appVersion(version)]);
      expect(sha256Digest(await readFile(path(`delivered/app_${version}.tar`)))).toBe(sha256Digest(appVersion(version)));
      return crossing;
    },
    async expectSound() {
      const report = await (store as Store).check({ readAll: true });
      expect([report.problems, await findDamagedImages(store as Store, catalog, report)]).toEqual([[], []]);
    },
    async [Symbol.asyncDispose]() {
      await store?.close();
      await directory[Symbol.asyncDispose]();
    },
  };
  await place.open();
  await place.ship(1);
  await place.ship(2);
  return place;
}

describe('a damaged store', () => {
  test.each<[string, Id, number]>([
    ['content of one layer', chunksOf(top)[0]!, 140_000],
    ['content of a layer that both have', chunksOf(bottom)[0]!, 140_000],
    ['the recipe of a layer', bottom!.id, 2000],
  ])('%s: it is named, and only that crosses again', async (_, key, bytesMax) => {
    await using place = await openPlace();
    const pack = packPath(place.path('store'), 1);
    await (await place.open()).store.flush();
    await flipByte(pack, (await offsetOf(pack, key)) + 56);
    const before = await place.open();
    const { images, removed, report } = await repairStore(before.store, before.catalog, signal);
    expect([removed, report.problems.map((problem) => problem.key)]).toEqual([1, [hex(key)]]);
    expect(images.map(({ record }) => imageName(record))).toContain('app:1');
    expect((await before.store.check({ readAll: true })).problems).toEqual([]);
    // What was found is remembered over a restart.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await place.open();
    const mended = await place.ship(1);
    expect([mended.notes, mended.wire.sentBytes < bytesMax]).toEqual([[], true]);
    await place.expectSound();
    await place.ship(2);
    expect((await place.ship(1)).turns).toBe('><');
    expect((await place.ship(3)).wire.sentBytes).toBeLessThan(2000);
    await place.expectSound();
  });

  test('without a repair, after a check: the same, with a note', async () => {
    await using place = await openPlace();
    const pack = packPath(place.path('store'), 1);
    const [key] = chunksOf(top) as [Id];
    await flipByte(pack, (await offsetOf(pack, key)) + 56);
    const { store, catalog } = await place.open();
    const images = await findDamagedImages(store, catalog, await store.check({ readAll: true }));
    doubtDamaged(catalog, images);
    trustOthers(catalog, images);
    expect((await place.ship(1)).notes).toEqual([expect.stringContaining('sent again without a base')]);
    await place.expectSound();
  });

  test('a part of a pack that is no records: the pack is rewritten, what was in it is shipped again', async () => {
    await using place = await openPlace();
    const pack = packPath(place.path('store'), 1);
    const at = await offsetOf(pack, bottom!.id);
    for (const offset of [0, at - 16]) await flipByte(pack, offset);
    const { store, catalog } = await place.open();
    const { images, packsRewritten, left } = await repairStore(store, catalog, signal);
    expect([images.length, packsRewritten, left]).toEqual([2, 1, []]);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
    await place.ship(1);
    await place.ship(2);
    await place.expectSound();
  });

  test('an image record that is damaged: the others are served, and a ship brings it back', async () => {
    await using place = await openPlace();
    const pack = packPath(place.path('store'), 1);
    const records = (await place.open()).catalog.records();
    const bytes = await readFile(pack);
    const key = Buffer.from(records.find((record) => imageName(record) === 'app:1')!.archive, 'hex');
    // The last one of that key is the one that counts: a recipe has the same.
    await flipByte(pack, bytes.lastIndexOf(key) + 60);
    const { store, catalog } = await place.open();
    expect([catalog.unreadable, catalog.records().map((record) => imageName(record))]).toEqual([[hex(key)], ['app:2']]);
    expect(await repairStore(store, catalog, signal)).toMatchObject({ removed: 1 });
    await place.open();
    expect((await place.ship(1)).wire.sentBytes).toBeLessThan(2000);
    await place.expectSound();
  });

  test('a lost index is made again, and a chunk that is missing is named by its images', async () => {
    await using place = await openPlace();
    const { store } = await place.open();
    await store.remove([{ kind: 'chunk', key: chunksOf(bottom)[0]! }]);
    await store.close();
    await rm(place.path('store/index'), { recursive: true });
    const again = await place.open();
    const report = await again.store.check();
    expect(report.problems).toEqual([]);
    const images = await findDamagedImages(again.store, again.catalog, report);
    expect(images.map(({ record, lost }) => [imageName(record), lost.length])).toEqual([
      ['app:2', 1],
      ['app:1', 1],
    ]);
  });
});
