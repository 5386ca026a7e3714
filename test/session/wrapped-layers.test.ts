/** Compressed layers: what changed inside crosses, and the very same compressed bytes arrive. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import { hex, sha256Digest } from '../../shared/hash.ts';
import { plainOf, reconstructionOf } from '../../shared/recipe/wrapped.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { wireBytes } from '../support/agents.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { gnuGzip, twoMembers } from '../support/gzip.ts';
import { ingest } from '../support/ingested.ts';
import { shipArchives, type Crossing } from '../support/joined-agents.ts';
import { layeredImage, withAgents } from '../support/layered-image.ts';
import { seededBytes } from '../support/random.ts';
import { flipByte, offsetOf, packPath, temporaryDirectory } from '../support/store-directory.ts';

/** Text that compresses about as layers do: with fewer words gzip looks for its matches many times as long. */
function text(seed: number, length: number): Uint8Array {
  const words = ['harbour', 'pilot', 'lighter', 'quay', ' the ', ' of ', '\n', 'berth', 'tide', '  ', 'cargo'];
  return Buffer.from(Array.from(seededBytes(seed, length / 4), (byte) => `${words[byte % words.length]}${byte}`).join('')).subarray(
    0,
    length,
  );
}

/** Version NUMBER of a layer: many files, all with a time of their own, one with a line of its own. */
function layer(number: number): Uint8Array {
  const mtime = `1451234567${number}\0`;
  const files = Array.from({ length: 60 }, (_, i) => craftEntry({ name: `srv/file-${i}`, mtime }, text(i, 6000)));
  return craftTar([...files, craftEntry({ name: 'srv/version', mtime }, `version ${number}\n`)]);
}

const bottom = craftTar([craftEntry({ name: 'lib/bottom' }, text(100, 80_000))]);

/** Bytes of a first and of a second version. */
const costsOf = async (compress: (bytes: Uint8Array) => Uint8Array): Promise<number[]> => {
  const bytes: number[] = [];
  await withAgents(async (ship) => {
    for (const number of [1, 2]) bytes.push(wireBytes(await ship(`app:${number}`, compress(bottom), compress(layer(number)))));
  });
  return bytes;
};

describe('a gzip layer', () => {
  test('costs what changed inside it, and next to nothing more than a plain one', async () => {
    const [plainFirst, plainSecond] = (await costsOf((bytes) => bytes)) as [number, number];
    const [first, second] = (await costsOf(gnuGzip)) as [number, number];
    expect(first).toBeLessThan(plainFirst + 600);
    expect(second).toBeLessThan(plainSecond + 350);
  });

  test('that is held is not announced, in any form', async () => {
    await withAgents(async (ship) => {
      await ship('app:1', gnuGzip(bottom), gnuGzip(layer(1)));
      const second = await ship('app:2', gnuGzip(bottom), gnuGzip(layer(2)));
      expect(second.images[0]?.layers).toEqual({ total: 2, held: 1 });
      expect(second.perLayer.map(({ state }) => state)).toEqual(['held', 'sent', 'sent']);
      const again = await ship('app:2', gnuGzip(bottom), gnuGzip(layer(2)));
      expect([again.turns, again.notes]).toEqual(['><', []]);
    });
  });

  test('leans on the plain layer, the plain layer on it, and one encoder on another', async () => {
    await withAgents(async (ship) => {
      const whole = wireBytes(await ship('app:1', layer(1)));
      const costs = [
        await ship('app:1', gnuGzip(layer(1))),
        await ship('app:1', gnuGzip(layer(1), 6)),
        await ship('app:2', gnuGzip(layer(2))),
        await ship('app:2', layer(2)),
        await ship('app:3', layer(3)),
      ].map(wireBytes);
      expect(whole).toBeGreaterThan(20_000);
      for (const cost of costs) expect(cost).toBeLessThan(1600);
    });
  });

  test('is taken apart once', async () => {
    const member = gnuGzip(layer(1));
    const { store, streams } = await ingest(layeredImage('app:1', member));
    const puts: string[] = [];
    const put = store.put.bind(store);
    store.put = (records, options) => {
      puts.push(...records.map(({ kind }) => kind));
      return put(records, options);
    };
    const again = await ingest(layeredImage('app:2', member), store);
    expect([streams[0]?.known, again.streams[0]?.known, again.streams[0]?.recipe.wrapped]).toEqual([false, true, 1]);
    // The archive's own: configuration, manifests, recipe.
    expect(puts.filter((kind) => kind === 'recipe')).toEqual(['recipe']);
  });

  test('is taken apart again where the pool has lost something of it', async () => {
    const member = gnuGzip(layer(1));
    const { streams } = await ingest(layeredImage('app:1', member));
    const lost = plainOf(streams[0]!.recipe)!.id;
    const { store } = await ingest(layeredImage('app:1', member));
    const has = store.hasMany.bind(store);
    const get = store.get.bind(store);
    store.get = (kind, key) => (hex(key) === hex(lost) ? Promise.resolve(undefined) : get(kind, key));
    store.hasMany = has;
    expect((await ingest(layeredImage('app:1', member), store)).streams[0]?.known).toBe(false);
  });
});

describe('a compressed layer that is not what it should be', () => {
  const member = gnuGzip(layer(1));
  const odd: Readonly<Record<string, Uint8Array>> = {
    'damaged in the middle': member.with(member.byteLength / 2, (member[member.byteLength / 2] as number) ^ 0x10),
    'with a wrong checksum': member.with(member.byteLength - 6, (member[member.byteLength - 6] as number) ^ 1),
    'with something behind it': Buffer.concat([member, seededBytes(5, 2000)]),
  };
  /** These have no end, so there is nothing to take apart. */
  const opaque: Readonly<Record<string, Uint8Array>> = {
    'cut short': member.subarray(0, member.byteLength - 1000),
    'cut short in its trailer': member.subarray(0, member.byteLength - 3),
    'of nothing but a header': Buffer.concat([member.subarray(0, 10), seededBytes(6, 3000)]),
  };

  test.each(Object.entries({ ...odd, ...opaque }))('arrives as it is: %s', async (title, strange) => {
    // The images' configs name the layers by what gunzip makes of them, which these have none of.
    await using delivered = await temporaryDirectory({ inMemory: true });
    const config = '{"rootfs":{"diff_ids":["sha256:' + '0'.repeat(64) + '"]}}';
    const name = `blobs/sha256/${sha256Digest(strange).slice(7)}`;
    const sent = craftTar([
      craftEntry({ name }, strange),
      craftEntry({ name: 'config.json' }, config),
      craftEntry({ name: 'manifest.json' }, JSON.stringify([{ Config: 'config.json', RepoTags: ['odd:1'], Layers: [name] }])),
    ]);
    const crossing = await shipArchives({ pool: createMemoryStore(), store: createMemoryStore(), delivered: delivered.path }, [sent]);
    expect(sha256Digest(await readFile(join(delivered.path, 'odd_1.tar')))).toBe(sha256Digest(sent));
    const note = 'archive 0: 1 layer is compressed in a way that cannot be undone exactly: a change inside costs the whole layer';
    expect(crossing.notes.filter((line) => line !== note)).toEqual([]);
    expect(crossing.notes.length >= (title in opaque ? 1 : 0)).toBe(true);
  });

  test('of two members', async () => {
    await withAgents(async (ship) => {
      await ship('app:1', twoMembers(layer(1)));
      expect(gunzipSync(twoMembers(layer(1)))).toHaveLength(layer(1).byteLength);
    });
  });
});

describe('a receiver that lost something of a gzip layer', async () => {
  const { streams } = await ingest(layeredImage('app:1', gnuGzip(bottom), gnuGzip(layer(1))));
  const inBottom = streams.map(({ recipe }) => recipe).find((recipe) => plainOf(recipe)?.bytes === bottom.byteLength)!;
  const plain = plainOf(inBottom)!.id;
  const content = (await ingest(bottom)).result.archive.recipe.row(0).chunks[0]!.id;

  test.each([
    ['its recipe', inBottom.id],
    ['the recipe of its plain stream', plain],
    ['its reconstruction', reconstructionOf(inBottom)[0]!.id],
    ['content', content],
  ])('%s: it crosses again, and what happened is said', async (_, lost) => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const path = (name: string): string => join(directory.path, name);
    const pool = createMemoryStore();
    const ship = async (number: number, store: Store): Promise<Crossing> => {
      const sent = layeredImage(`app:${number}`, gnuGzip(bottom), gnuGzip(layer(number)));
      const crossing = await shipArchives({ pool, store, catalog: await openCatalog(store), delivered: path('delivered') }, [sent]);
      expect(sha256Digest(await readFile(path(`delivered/app_${number}.tar`)))).toBe(sha256Digest(sent));
      return crossing;
    };
    {
      await using store = await openStore(path('store'));
      await ship(1, store);
    }
    const pack = packPath(path('store'), 1);
    await flipByte(pack, await offsetOf(pack, lost));
    await rm(path('store/index'), { recursive: true });
    await using store = await openStore(path('store'));
    const crossing = await ship(2, store);
    expect(crossing.notes).toEqual([expect.stringMatching(/^the receiver had lost content \(.*\): .* sent again without a base/)]);
    expect((await ship(3, store)).notes).toEqual([]);
  });
});
