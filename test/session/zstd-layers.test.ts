/** Layers by zstd: what changed inside crosses, and the very same compressed bytes arrive. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import { METHOD_GZIP, METHOD_ZSTD } from '../../shared/recipe/recipe.ts';
import { plainOf } from '../../shared/recipe/wrapped.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { wireBytes } from '../support/agents.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { textContent } from '../support/delta-contents.ts';
import { gnuGzip } from '../support/gzip.ts';
import { ingest } from '../support/ingested.ts';
import { shipArchives } from '../support/joined-agents.ts';
import { layeredImage, withAgents } from '../support/layered-image.ts';
import { seededBytes } from '../support/random.ts';
import { temporaryDirectory } from '../support/store-directory.ts';
import { plannedZstd, zstdAt } from '../support/zstd-streams.ts';

/** Version NUMBER of a layer: many files, all with a time of their own, one with a line of its own. */
function layer(number: number): Uint8Array {
  const mtime = `1451234567${number}\0`;
  const files = Array.from({ length: 60 }, (_, i) => craftEntry({ name: `srv/file-${i}`, mtime }, textContent(i, 1200)));
  return craftTar([
    ...files,
    craftEntry({ name: 'srv/noise', mtime }, seededBytes(9, 5000)),
    craftEntry({ name: 'srv/version', mtime }, `version ${number}\n`),
  ]);
}

const bottom = craftTar([craftEntry({ name: 'lib/bottom' }, textContent(100, 20_000))]);

/** Bytes of a first and of a second version. */
const costsOf = async (compress: (bytes: Uint8Array) => Uint8Array): Promise<number[]> => {
  const bytes: number[] = [];
  await withAgents(async (ship) => {
    for (const number of [1, 2]) bytes.push(wireBytes(await ship(`app:${number}`, compress(bottom), compress(layer(number)))));
  });
  return bytes;
};

describe('a layer by zstd', () => {
  test('costs what changed inside it, and next to nothing more than a plain one', async () => {
    const [plainFirst, plainSecond] = (await costsOf((bytes) => bytes)) as [number, number];
    const [first, second] = (await costsOf(plannedZstd)) as [number, number];
    expect(first).toBeLessThan(plainFirst + 600);
    expect(second).toBeLessThan(plainSecond + 350);
  });

  test('leans on the plain layer, on gzip, and they on it', async () => {
    await withAgents(async (ship) => {
      const whole = wireBytes(await ship('app:1', layer(1)));
      const costs = [
        await ship('app:1', plannedZstd(layer(1))),
        await ship('app:1', gnuGzip(layer(1), 6)),
        await ship('app:2', plannedZstd(layer(2))),
        await ship('app:2', layer(2)),
        await ship('app:2', gnuGzip(layer(2))),
        await ship('app:3', layer(3)),
      ].map(wireBytes);
      expect(whole).toBeGreaterThan(20_000);
      for (const cost of costs) expect(cost).toBeLessThan(1600);
    });
  });

  test('that is held is not announced, in any form', async () => {
    await withAgents(async (ship) => {
      await ship('app:1', plannedZstd(bottom), plannedZstd(layer(1)));
      const second = await ship('app:2', plannedZstd(bottom), plannedZstd(layer(2)));
      expect(second.images[0]?.layers).toEqual({ total: 2, held: 1 });
      expect((await ship('app:2', plannedZstd(bottom), plannedZstd(layer(2)))).notes).toEqual([]);
    });
  });

  test('is taken apart once', async () => {
    const stream = plannedZstd(layer(1));
    const { store, streams } = await ingest(layeredImage('app:1', stream));
    const again = await ingest(layeredImage('app:2', stream), store);
    expect([streams[0]?.known, again.streams[0]?.known, again.streams[0]?.recipe.wrapped]).toEqual([false, true, METHOD_ZSTD]);
  });

  test('has the plain stream of the same layer by gzip', async () => {
    const { streams } = await ingest(layeredImage('app:1', plannedZstd(bottom), gnuGzip(bottom)));
    const wrapped = streams.map(({ recipe }) => recipe).filter((recipe) => recipe.wrapped !== undefined);
    expect(new Set(wrapped.map((recipe) => recipe.wrapped))).toEqual(new Set([METHOD_GZIP, METHOD_ZSTD]));
    expect(new Set(wrapped.map((recipe) => Buffer.from(plainOf(recipe)?.id ?? []).toString('hex'))).size).toBe(1);
  });

  test.each([
    ['by another encoder', zstdAt(layer(1), 19)],
    ['cut short', plannedZstd(layer(1)).subarray(0, -500)],
  ])('that cannot be undone is content, and the report says so: %s', async (_, odd) => {
    const { streams } = await ingest(layeredImage('app:1', zstdAt(layer(1), 19)));
    expect(streams[0]?.recipe.wrapped).toBe(undefined);
    await using delivered = await temporaryDirectory({ inMemory: true });
    const name = `blobs/sha256/${sha256Digest(odd).slice(7)}`;
    const config = `{"rootfs":{"diff_ids":["sha256:${'0'.repeat(64)}"]}}`;
    const members = [craftEntry({ name }, odd), craftEntry({ name: 'config.json' }, config)];
    const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: ['odd:1'], Layers: [name] }]);
    const sent = craftTar([...members, craftEntry({ name: 'manifest.json' }, manifest)]);
    const crossing = await shipArchives({ pool: createMemoryStore(), store: createMemoryStore(), delivered: delivered.path }, [sent]);
    expect(crossing.notes.join()).toContain('compressed in a way that cannot be undone exactly');
    expect(sha256Digest(await readFile(join(delivered.path, 'odd_1.tar')))).toBe(sha256Digest(sent));
  });

  test('of several frames, with one that is skippable, arrives as it is', async () => {
    const tar = layer(1);
    const frames = [tar.subarray(0, 100_000), tar.subarray(100_000, 100_700), tar.subarray(100_700)].map(plannedZstd);
    const skippable = concatBytes([new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 200, 0, 0, 0]), seededBytes(7, 200)]);
    const { streams } = await ingest(craftTar([craftEntry({ name: 'layer' }, concatBytes([...frames, skippable]))]));
    expect([streams[0]?.recipe.wrapped, plainOf(streams[0]!.recipe)?.bytes]).toEqual([METHOD_ZSTD, tar.byteLength]);
  });
});

describe('a receiver that speaks the protocol of before', () => {
  test('gets such layers as content, and keeps them so', async () => {
    await withAgents(
      async (ship, { pool, store }) => {
        const stream = plannedZstd(layer(1));
        const first = await ship('app:1', plannedZstd(bottom), stream);
        expect(first.notes).toEqual([]);
        const kept = async (at: typeof pool): Promise<(number | undefined)[]> =>
          (await Array.fromAsync(at.keys('recipe'), (id) => loadRecipe(at, id))).map(({ wrapped }) => wrapped);
        expect(await kept(pool)).toContain(METHOD_ZSTD);
        expect(await kept(store)).not.toContain(METHOD_ZSTD);
        expect(wireBytes(await ship('app:2', plannedZstd(bottom), plannedZstd(layer(2))))).toBeGreaterThan(5000);
        expect(wireBytes(await ship('app:1', plannedZstd(bottom), stream))).toBeLessThan(1000);
      },
      { versions: [2] },
    );
  });

  test('goes on with what it has when both are of today', async () => {
    const agents = { pool: createMemoryStore(), store: createMemoryStore() };
    await withAgents(async (ship) => void (await ship('app:1', plannedZstd(bottom), plannedZstd(layer(1)))), { ...agents, versions: [2] });
    await withAgents(async (ship) => {
      for (const number of [2, 3]) await ship(`app:${number}`, plannedZstd(bottom), plannedZstd(layer(number)));
      expect(wireBytes(await ship('app:4', plannedZstd(bottom), plannedZstd(layer(4))))).toBeLessThan(3000);
    }, agents);
  });
});
