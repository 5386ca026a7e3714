/** From one containerd store to another: everything that an image is known by is the same, in the engine and in the registry behind it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAgent, ship, startReceiver, temporaryDirectory, wireBytes } from '../support/agents.ts';
import { craftPlatforms, ZSTD, type CraftedPlatforms } from '../support/craft-platforms.ts';
import { dockerBytes, dockerCli } from '../support/docker-cli.ts';
import { requireEngine, startEngine, type Engine, type EngineKind } from '../support/engine.ts';
import { buildImage, runImage } from '../support/images.ts';
import { startRegistry, type Registry } from '../support/registry.ts';

const ACCEPT = ['index', 'manifest'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`).join(', ');

interface Inspected {
  readonly Id: string;
  readonly RepoDigests: readonly string[];
  readonly RootFS: { readonly Layers: readonly string[] };
}

async function inspect(engine: Engine, image: string): Promise<Inspected> {
  const [facts] = JSON.parse(await dockerCli(engine.socket, 'inspect', image)) as [Inspected];
  return facts;
}

describe.skipIf(requireEngine())('an image of a containerd store', () => {
  const engines = new Map<string, Engine>();
  let registry: Registry;
  let directory: AsyncDisposable & { readonly path: string };
  const versions: CraftedPlatforms[] = [1, 2].map((number) => craftPlatforms(`wharf:${number}`, `version ${number}`));

  beforeAll(async () => {
    directory = await temporaryDirectory();
    registry = await startRegistry();
    const kinds: [string, EngineKind][] = [['here', '26c'], ['there', '26c'], ['classic', '26']]; // prettier-ignore
    await Promise.all(kinds.map(async ([name, kind]) => engines.set(name, await startEngine({ kind }))));
    for (const { archive } of versions) await dockerBytes(engine('here').socket, ['load', '-q'], { input: archive });
  });
  afterAll(async () => {
    for (const one of engines.values()) await one[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });
  const engine = (name: string): Engine => engines.get(name) as Engine;
  const send = (version: number, address: string, pool: string) =>
    ship([`wharf:${version}`, '--engine', engine('here').address, '--to', address, '--store', join(directory.path, pool)]);

  test('of two platforms with attestations keeps its id, its manifests and its repository digest, there and in the registry', async () => {
    await using receiver = await startReceiver([
      '--deliver',
      'engine',
      '--engine',
      engine('there').address,
      '--push',
      `${registry.host}/far`,
    ]);
    const costs: number[] = [];
    for (const [i, { indexDigest, manifestDigests, diffIds, configDigest }] of versions.entries()) {
      const shipped = await send(i + 1, receiver.address, 'pool');
      const ref = `wharf:${i + 1}`;
      const [here, there] = [await inspect(engine('here'), ref), await inspect(engine('there'), ref)];
      expect([here.Id, there.Id]).toEqual([indexDigest, indexDigest]);
      expect(there.RootFS.Layers).toEqual(diffIds);
      expect(there.RepoDigests).toContain(`wharf@${indexDigest}`);
      expect(shipped.images[0]).toMatchObject({
        imageId: indexDigest,
        pushed: [`${registry.host}/far/${ref}@${indexDigest}`],
        identity: {
          configDigest,
          manifestDigest: indexDigest,
          kept: ['image id', 'manifest digest', 'config digest', 'diffIDs'],
          changed: [],
        },
      });
      for (const digest of [indexDigest, ...manifestDigests]) {
        const found = await fetch(`${registry.url}/v2/far/wharf/manifests/${digest}`, { headers: { accept: ACCEPT } });
        expect([digest, found.status, found.headers.get('docker-content-digest')]).toEqual([digest, 200, digest]);
      }
      expect(await runImage(engine('there').socket, ref, 'cat', '/version')).toMatch(new RegExp(`^version ${i + 1} amd64`));
      costs.push(wireBytes(shipped));
    }
    // Of the second version little crosses: the text of a layer, once for each platform.
    expect(costs[1]).toBeLessThan(4500);
    // Pulled by that digest from the far registry, by an engine of the other kind.
    const byDigest = `${registry.host}/far/wharf@${versions[1]!.indexDigest}`;
    await dockerCli(engine('classic').socket, 'pull', '-q', byDigest);
    expect(await runImage(engine('classic').socket, byDigest, 'cat', '/version')).toMatch(/^version 2 amd64/);
  });

  test('built there, so compressed by Go: what changed in a layer crosses, and the id stays', async () => {
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', engine('there').address]);
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} of ${(i * 7919) % 1000}\n`);
    const costs: number[] = [];
    for (const version of [1, 2]) {
      const text = Buffer.from(lines.with(9000, `version ${version}\n`).join(''));
      await buildImage(engine('here').socket, { tag: `built:${version}`, layers: [{ 'srv/text': text }] });
      const args = [`built:${version}`, '--engine', engine('here').address, '--to', receiver.address];
      costs.push(wireBytes(await ship([...args, '--store', join(directory.path, 'built-pool')])));
      const [here, there] = [await inspect(engine('here'), `built:${version}`), await inspect(engine('there'), `built:${version}`)];
      expect(there.Id).toBe(here.Id);
    }
    expect(costs[1]).toBeLessThan(2500);
  });

  test('with zstd layers: everything is kept, and it is said what they cost', async () => {
    const { archive, indexDigest, diffIds } = craftPlatforms('wharf:zstd', 'by zstd', ZSTD);
    await dockerBytes(engine('here').socket, ['load', '-q'], { input: archive });
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', engine('there').address]);
    const args = ['wharf:zstd', '--engine', engine('here').address, '--to', receiver.address, '--store', join(directory.path, 'zstd-pool')];
    const result = await runAgent('sender', ['ship', ...args, '--quiet']);
    expect([result.status, result.stderr]).toEqual([0, expect.stringMatching(/^wharf:zstd: 1 layer is \(1 by zstd\) compressed in a way/)]);
    const there = await inspect(engine('there'), 'wharf:zstd');
    expect([there.Id, there.RootFS.Layers]).toEqual([indexDigest, diffIds]);
    expect(await runImage(engine('there').socket, 'wharf:zstd', 'cat', '/version')).toMatch(/^by zstd amd64/);
  });

  test('to a classic store: the config and the diffIDs are kept, and it is said what is not', async () => {
    const { configDigest, diffIds, indexDigest } = versions[0]!;
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', engine('classic').address]);
    const shipped = await send(1, receiver.address, 'classic-pool');
    const there = await inspect(engine('classic'), 'wharf:1');
    expect([there.Id, there.RootFS.Layers]).toEqual([configDigest, diffIds]);
    expect(shipped.images[0]).toMatchObject({
      identity: {
        kept: ['config digest', 'diffIDs'],
        changed: [`image id ${indexDigest} is ${configDigest} there: over there it is known by its config`],
      },
    });
    await rm(join(directory.path, 'classic-pool'), { recursive: true });
  });
});
