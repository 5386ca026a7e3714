/** Images that go from a receiver between shipments and beside them: what is delivered is right to the byte, and a store lacks nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCatalog, type Catalog } from '../../receiver/catalog/catalog.ts';
import { collectImages, type Collected, type CollectRequest } from '../../receiver/catalog/collect-images.ts';
import { findDamagedImages } from '../../receiver/catalog/damaged-images.ts';
import { findSharedContent } from '../../receiver/catalog/shared-content.ts';
import { createUses, type Uses } from '../../receiver/catalog/uses.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { appVersion } from '../support/app-versions.ts';
import { shipArchives, type Crossing, type JoinedAgents } from '../support/joined-agents.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly uses: Uses;
  /** Ships these versions in one session and compares what is delivered. */
  ship(versions: readonly number[], pool?: Store): Promise<Crossing>;
  collect(request?: Partial<CollectRequest>): Promise<Collected>;
  names(): string[];
  expectWhole(): Promise<void>;
}

async function openPlace(): Promise<Place> {
  const directory = await temporaryDirectory({ inMemory: true });
  const path = (name: string): string => join(directory.path, name);
  const store = await openStore(path('store'), { packBytesMax: 200_000 });
  const catalog = await openCatalog(store);
  const uses = createUses();
  const ownPool = createMemoryStore();
  let now = Date.now();
  return {
    store,
    catalog,
    uses,
    async ship(versions, pool = ownPool) {
      const agents: JoinedAgents = { pool, store, catalog, uses, delivered: path('delivered') };
      const crossing = await shipArchives(agents, versions.map((version) => appVersion(version))); // prettier-ignore
      for (const version of versions)
        expect(sha256Digest(await readFile(path(`delivered/app_${version}.tar`)))).toBe(sha256Digest(appVersion(version)));
      return crossing;
    },
    collect: (request = {}) =>
      collectImages(
        { rules: { tags: [] }, forget: [], dryRun: false, wipe: false, wasteMax: 0.1, keepUnfinishedMs: 0, ...request },
        { store, catalog, uses, now: (now += 1000) },
      ),
    names: () => catalog.records().flatMap((record) => record.images.flatMap((image) => Object.keys(image.names))),
    async expectWhole() {
      const report = await store.check({ readAll: true });
      expect(report.problems).toEqual([]);
      expect(await findDamagedImages(store, catalog, report)).toEqual([]);
      // What is in memory is what an open would find.
      expect((await openCatalog(store)).records()).toEqual(catalog.records());
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('images that go', () => {
  test('between sessions: the next shipments send what is missing, and no more', async () => {
    await using place = await openPlace();
    await place.ship([1]);
    await place.ship([2]);
    await place.ship([3]);
    const { images } = await place.collect({ rules: { last: 1, tags: [] } });
    expect([images.length, place.names()]).toEqual([2, ['app:3']]);
    await place.expectWhole();
    const next = await place.ship([4]);
    expect([next.notes, next.wire.sentBytes < 2000]).toEqual([[], true]);
    // What went is sent again, as a difference to what is there.
    const again = await place.ship([1]);
    expect([again.notes, again.wire.sentBytes < 2000]).toEqual([[], true]);
    await place.expectWhole();
  });

  test('all of them: a sender that knows the receiver only as it was ships everything', async () => {
    await using place = await openPlace();
    await place.ship([1, 2]);
    await place.collect({ rules: { last: 0, tags: [] } });
    expect((await place.store.stats()).records).toEqual({ chunk: 0, recipe: 0, image: 0 });
    const again = await place.ship([1, 2]);
    expect([again.notes, again.wire.sentBytes > 100_000]).toEqual([[], true]);
    await place.expectWhole();
  });

  test('all the time, beside shipments with one pool, with others, and of the same image', async () => {
    await using place = await openPlace();
    let went = 0;
    const pools = [createMemoryStore(), createMemoryStore()];
    for (let round = 1; round <= 3; round++) {
      const state = { isDone: false };
      const collecting = (async () => {
        while (!state.isDone) went += (await place.collect({ rules: { last: 0, tags: [] }, wasteMax: 0 })).images.length;
      })();
      try {
        await Promise.all([place.ship([round, round + 1, 1]), place.ship([round + 2], pools[0]), place.ship([9, round], pools[1])]);
      } finally {
        state.isDone = true;
        await collecting;
      }
      await place.expectWhole();
    }
    expect(went).toBeGreaterThan(0);
    await place.collect({ rules: { last: 0, tags: [] } });
    expect((await place.store.stats()).records).toEqual({ chunk: 0, recipe: 0, image: 0 });
  });

  test('an image that is in use stays', async () => {
    await using place = await openPlace();
    await place.ship([1]);
    const use = place.uses.begin(place.store, place.catalog);
    const record = use.catalog.find('app:1');
    expect(await place.collect({ forget: [record] })).toMatchObject({ images: [], inUse: [record] });
    use.end();
    expect(await place.collect({ forget: [record] })).toMatchObject({ images: [record], inUse: [] });
  });

  test('what is forgotten frees what only it had; what remains is told, and who needs it', async () => {
    await using place = await openPlace();
    await place.ship([1]);
    await place.ship([2]);
    const record = place.catalog.find('app:1');
    const shared = await findSharedContent(record, [place.catalog.find('app:2')], place.store);
    expect(shared.owners.map((owner) => [owner.record.archive, owner.bytes])).toEqual([
      [place.catalog.find('app:2').archive, shared.bytes],
    ]);
    expect(shared.bytes).toBeGreaterThan(300_000);
    const { records, contentBytes } = await place.collect({ forget: [record], wipe: true });
    expect([records > 3, contentBytes > 10_000 && contentBytes < 100_000]).toEqual([true, true]);
    await place.expectWhole();
    expect((await place.ship([2])).notes).toEqual([]);
  });

  test('above the quota the oldest go, but not what is pinned, nor the newest', async () => {
    await using place = await openPlace();
    for (const version of [1, 2, 3, 4]) await place.ship([version]);
    await place.catalog.save({ ...place.catalog.find('app:1'), pinned: true });
    const { diskBytes } = await place.store.stats();
    const planned = await place.collect({ diskBytesMax: 1, dryRun: true });
    expect(planned.images.map((record) => Object.keys(record.images[0]!.names))).toEqual([['app:3'], ['app:2']]);
    await place.collect({ diskBytesMax: diskBytes });
    expect(place.names()).toHaveLength(4);
    const collected = await place.collect({ diskBytesMax: 1 });
    expect([place.names(), collected.freedBytes]).toEqual([['app:4', 'app:1'], planned.freedBytes]);
    await place.expectWhole();
  });

  test('an image that has lost a recipe stops a collection: what it needs cannot be known', async () => {
    await using place = await openPlace();
    await place.ship([1, 2]);
    const record = place.catalog.find('app:1');
    await place.store.remove([{ kind: 'recipe', key: Buffer.from(record.archive, 'hex') as never }]);
    await expect(place.collect({ forget: [place.catalog.find('app:2')] })).rejects.toMatchObject({ code: 'INTEGRITY' });
    await place.collect({ forget: [record] });
    await place.expectWhole();
  });
});
