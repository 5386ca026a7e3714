/** The whole way, as a user goes it: `lighterman ship` from one real engine to another, and into the registry beside it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAgent, ship, startReceiver, temporaryDirectory, wireBytes, type Receiver } from '../support/agents.ts';
import { dockerBytes, dockerCli } from '../support/docker-cli.ts';
import { ENGINE_KINDS, requireEngine, startEngine, type Engine, type EngineKind } from '../support/engine.ts';
import { buildVersions, runImage } from '../support/images.ts';
import { startRegistry, type Registry } from '../support/registry.ts';

const SHARED_BYTES = 400_000;
const OWN_BYTES = 20_000;

/** What must be the same at both ends. */
async function identity(engine: Engine, image: string): Promise<{ diffIds: string[]; id: string }> {
  const [facts] = JSON.parse(await dockerCli(engine.socket, 'inspect', image)) as [{ Id: string; RootFS: { Layers: string[] } }];
  return { diffIds: facts.RootFS.Layers, id: facts.Id };
}

async function configDigest(engine: Engine, image: string): Promise<string> {
  const archive = await dockerBytes(engine.socket, ['save', image]);
  const { loadableImage } = await import('../support/loadable.ts');
  return (await loadableImage(archive)).configDigest;
}

describe.skipIf(requireEngine())('ship', () => {
  const engines = new Map<EngineKind, Engine>();
  let registry: Registry;
  let directory: AsyncDisposable & { readonly path: string };

  beforeAll(async () => {
    directory = await temporaryDirectory();
    registry = await startRegistry();
    for (const kind of ENGINE_KINDS) {
      const engine = await startEngine({ kind });
      engines.set(kind, engine);
      await buildVersions(engine.socket, `shop-${kind}`, 2, { sharedBytes: SHARED_BYTES, ownBytes: OWN_BYTES });
    }
  });
  afterAll(async () => {
    for (const engine of engines.values()) await engine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });
  const engine = (kind: EngineKind): Engine => engines.get(kind) as Engine;
  const store = (name: string): string => join(directory.path, name);

  const directions = ENGINE_KINDS.flatMap((from) => ENGINE_KINDS.map((to) => [from, to] as const));
  test.each(directions)('from engine %s to engine %s: first, second version, the same again', async (from, to) => {
    await using receiver = await startReceiver([
      '--deliver',
      'engine',
      '--engine',
      engine(to).address,
      '--push',
      `${registry.host}/${from}-${to}`,
    ]);
    const as = (version: number): string => `moved-${from}-${to}:${version}`;
    const send = (version: number) =>
      ship([
        `shop-${from}:${version}`,
        '--engine',
        engine(from).address,
        '--to',
        receiver.address,
        '--store',
        store(`pool-${from}-${to}`),
        '--as',
        as(version),
      ]);

    const first = await send(1);
    const there = await identity(engine(to), as(1));
    const here = await identity(engine(from), `shop-${from}:1`);
    expect(there.diffIds).toEqual(here.diffIds);
    expect(await configDigest(engine(to), as(1))).toBe(await configDigest(engine(from), `shop-${from}:1`));
    const sameStore = (from === '26c') === (to === '26c');
    expect(sameStore ? there.id : here.id).toBe(here.id);
    expect(first.images[0]).toMatchObject({ ref: as(1), imageId: there.id, layers: { total: 3, held: 0 } });
    expect(await runImage(engine(to).socket, as(1), 'cat', '/version')).toBe('1');

    // The registry has it under the digest of the receipt; a third engine pulls and runs it.
    const pushed = first.images[0]?.pushed[0] as string;
    expect(pushed).toMatch(new RegExp(`^${registry.host}/${from}-${to}/moved-${from}-${to}:1@sha256:[0-9a-f]{64}$`));
    const byDigest = pushed.replace(/:1@/, '@');
    const third = engine(ENGINE_KINDS.find((kind) => kind !== from && kind !== to) ?? '20');
    await dockerCli(third.socket, 'pull', '-q', byDigest);
    expect(await runImage(third.socket, byDigest, 'cat', '/version')).toBe('1');

    // Of the second version only the last layer crosses: random bytes, which nothing can make smaller.
    const second = await send(2);
    expect(second.images[0]?.layers).toEqual({ total: 3, held: 2 });
    expect(wireBytes(second)).toBeLessThan(OWN_BYTES + 6_000);
    expect((await identity(engine(to), as(2))).diffIds).toEqual((await identity(engine(from), `shop-${from}:2`)).diffIds);
    expect(await runImage(engine(to).socket, as(2), 'cat', '/version')).toBe('2');

    const again = await send(2);
    expect(again.images[0]).toMatchObject({ ref: as(2), layers: { total: 3, held: 3 }, newBytes: 0 });
    expect(wireBytes(again)).toBeLessThan(2_000);
  });

  test('an image that the receiver holds is not saved again', async () => {
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', engine('26').address]);
    const args = ['shop-20:1', '--engine', engine('20').address, '--to', receiver.address, '--store', store('not-saved')];
    await ship(args);
    const before = engine('20').log().length;
    const again = await ship(args);
    expect(again.images[0]).toMatchObject({ layers: { total: 3, held: 3 }, archiveBytes: 0 });
    expect(engine('20').log().slice(before)).not.toContain('/get');
  });

  test('several images in one command share a session, and what they have in common crosses once', async () => {
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', engine('26').address]);
    const both = await ship([
      'shop-26c:1',
      'shop-26c:2',
      '--engine',
      engine('26c').address,
      '--to',
      receiver.address,
      '--store',
      store('both'),
    ]);
    expect(both.images.map(({ ref }) => ref)).toEqual(['shop-26c:1', 'shop-26c:2']);
    expect(both.images[1]?.layers.held).toBe(2);
    expect(wireBytes(both)).toBeLessThan(2 * 1_200_000 + SHARED_BYTES + 2 * OWN_BYTES);
    for (const version of [1, 2])
      expect(await runImage(engine('26').socket, `shop-26c:${version}`, 'cat', '/version')).toBe(String(version));
  });

  test('a pool that was lost is seeded from the engine, and the next version costs what it did', async () => {
    await using receiver = await startReceiver(['--deliver', 'none']);
    const from = ['--engine', engine('20').address];
    const to = ['--to', receiver.address];
    await ship(['shop-20:1', ...from, ...to, '--store', store('kept')]);
    const seeded = await runAgent('sender', ['seed', 'shop-20:1', ...from, '--store', store('seeded'), '--quiet', '--json']);
    expect(JSON.parse(seeded.stdout)).toMatchObject({ event: 'seeded', images: [{ source: 'shop-20:1' }] });
    const estimates = [];
    for (const pool of ['kept', 'seeded', 'empty'])
      estimates.push(wireBytes(await ship(['shop-20:2', ...from, ...to, '--store', store(pool), '--dry-run', '--effort', 'mid'])));
    expect(estimates[1]).toBe(estimates[0]);
    expect(estimates[2]).toBeGreaterThan(estimates[0] as number);
  });

  test('restore brings an image back without the link, and from an archive receiver too', async () => {
    let kept: Receiver;
    const file = store('restored.tar');
    {
      await using receiver = await startReceiver(['--deliver', 'none'], { store: store('restore-store') });
      kept = receiver;
      await ship(['shop-20:1', '--engine', engine('20').address, '--to', receiver.address, '--store', store('restore-pool')]);
    }
    const listed = await runAgent('receiver', ['images', '--store', kept.store, '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject({ refs: ['shop-20:1'], layers: 3 });
    const written = await runAgent('receiver', ['restore', 'shop-20:1', '--store', kept.store, '-o', file]);
    expect(written.status).toBe(0);
    const loaded = await runAgent('receiver', [
      'restore',
      'shop-20:1',
      '--store',
      kept.store,
      '--deliver',
      'engine',
      '--engine',
      engine('26').address,
    ]);
    expect([loaded.status, loaded.stderr]).toEqual([0, expect.any(String)]);
    expect(await runImage(engine('26').socket, 'shop-20:1', 'cat', '/version')).toBe('1');
    const checked = await runAgent('receiver', ['check', '--store', kept.store, '--read-all', '--json']);
    expect(JSON.parse(checked.stdout)).toMatchObject({ problems: [] });
    // The archive is byte for byte what the engine saved: Engine 20.10 saves an image to the same bytes every time.
    const saved = await dockerBytes(engine('20').socket, ['save', 'shop-20:1']);
    const { readFile } = await import('node:fs/promises');
    expect(saved.equals(await readFile(file))).toBe(true);
    await rm(file);
  });
});
