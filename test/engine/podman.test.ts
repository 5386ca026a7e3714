/** Podman through its Docker-compatible socket, as source and as sink; archives of skopeo and buildah as sources. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { ship, startReceiver, temporaryDirectory, wireBytes } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { craftPlatforms } from '../support/craft-platforms.ts';
import { dockerBytes, dockerCli } from '../support/docker-cli.ts';
import { requireEngine, startEngine, type Engine } from '../support/engine.ts';
import { openPodmanTools, type PodmanService, type PodmanTools } from '../support/podman.ts';
import { startRegistry, type Registry } from '../support/registry.ts';

async function diffIdsOf(socket: string, image: string): Promise<string[]> {
  return JSON.parse(await dockerCli(socket, 'inspect', '-f', '{{json .RootFS.Layers}}', image)) as string[];
}

describe.skipIf(requireEngine())('podman', () => {
  let registry: Registry;
  let tools: PodmanTools;
  let podman: PodmanService;
  let engine: Engine;
  let directory: AsyncDisposable & { readonly path: string };
  const path = (name: string): string => join(directory.path, name);
  const crafted = [1, 2].map((number) => craftPlatforms(`wharf:${number}`, `version ${number}`));

  beforeAll(async () => {
    directory = await temporaryDirectory();
    registry = await startRegistry();
    tools = await openPodmanTools(registry.host);
    podman = await tools.serve();
    engine = await startEngine({ kind: '26' });
    for (const { archive } of crafted) await dockerBytes(engine.socket, ['load', '-q'], { input: archive });
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await tools[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test('as a sink: loaded under its name, and pushed to a registry', async () => {
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', podman.address, '--push', registry.host]);
    for (const [i, { configDigest, diffIds }] of crafted.entries()) {
      const ref = `wharf:${i + 1}`;
      const shipped = await ship([ref, '--engine', engine.address, '--to', receiver.address, '--store', path('to-podman')]);
      expect(shipped.images[0]).toMatchObject({ ref, imageId: configDigest, identity: { kept: expect.arrayContaining(['image id', 'config digest', 'diffIDs']) } }); // prettier-ignore
      expect(shipped.images[0]?.pushed[0]).toMatch(new RegExp(`^${registry.host}/${ref}@sha256:[0-9a-f]{64}$`));
      expect(await dockerCli(podman.socket, 'inspect', '-f', '{{.Id}}', ref)).toBe(configDigest);
      expect(await diffIdsOf(podman.socket, ref)).toEqual(diffIds);
    }
    expect(await dockerCli(podman.socket, 'images', '-q', 'lighterman/incoming')).toBe('');
  });

  test('as a source: an image that buildah built', async () => {
    const container = await tools.run('buildah', 'from', 'scratch');
    const pool = ['--store', path('from-podman')];
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', engine.address]);
    const costs: number[] = [];
    for (const version of [1, 2]) {
      await mkdir(path('context/srv'), { recursive: true });
      await writeFile(path('context/srv/busybox'), await readFile('/bin/busybox'));
      await writeFile(path('context/srv/version'), `version ${version}\n`.repeat(300));
      await tools.run('buildah', 'copy', container, path('context'), '/');
      await tools.run('buildah', 'commit', container, `localhost/quay:${version}`);
      const shipped = await ship([`localhost/quay:${version}`, '--engine', podman.address, '--to', receiver.address, ...pool]);
      costs.push(wireBytes(shipped));
      const there = await dockerCli(engine.socket, 'inspect', '-f', '{{.Id}}', `localhost/quay:${version}`);
      expect(there).toBe(await dockerCli(podman.socket, 'inspect', '-f', '{{.Id}}', `localhost/quay:${version}`));
    }
    expect(costs[1]).toBeLessThan(2500);
  });

  test('archives of skopeo and buildah arrive byte for byte, and what is in them is loaded', async () => {
    await writeFile(path('app.tar'), appVersion(1));
    const copies = ['docker-archive', 'oci-archive'].map((kind) => ({ kind, file: path(`skopeo-${kind}.tar`), name: 'app:1' }));
    for (const { kind, file, name } of copies) await tools.run('skopeo', 'copy', `docker-archive:${path('app.tar')}`, `${kind}:${file}:${name}`); // prettier-ignore
    const built = ['docker-archive', 'oci-archive'].map((kind) => ({ kind, file: path(`buildah-${kind}.tar`), name: 'quay:2' }));
    for (const { kind, file, name } of built) await tools.run('buildah', 'push', 'localhost/quay:2', `${kind}:${file}:${name}`);
    // By zstd: of tools whose library is one, but not of one version with that of other tools.
    const zstd = [1, 2].map((number) => ({ file: path(`zstd-${number}.tar`), name: `zstd:${number}` }));
    await writeFile(path('app-2.tar'), appVersion(2));
    for (const [i, { file, name }] of zstd.entries()) {
      const source = `docker-archive:${path(i === 0 ? 'app.tar' : 'app-2.tar')}`;
      await tools.run('skopeo', 'copy', '--dest-compress-format', 'zstd', source, `oci-archive:${file}:${name}`);
    }
    const costs: number[] = [];
    const pool = ['--store', path('archives-pool')];
    {
      await using receiver = await startReceiver(['--deliver', `archive:${path('delivered')}`]);
      for (const { file, name } of [...copies, ...built, ...zstd]) {
        const shipped = await ship([file, '--to', receiver.address, ...pool]);
        expect(shipped.images[0]?.ref).toBe(name);
        const arrived = await readFile(path(`delivered/${name.replace(':', '_')}.tar`));
        expect(sha256Digest(arrived)).toBe(sha256Digest(await readFile(file)));
        expect(shipped.images[0]?.identity?.kept).toContain('diffIDs');
        costs.push(wireBytes(shipped));
      }
    }
    // Taken apart: a new version costs what changed inside.
    expect(costs.at(-1)).toBeLessThan(2500);
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', engine.address]);
    for (const { file, name } of [copies[1]!, built[1]!]) {
      const shipped = await ship([file, '--to', receiver.address, ...pool, '--as', `again-${name}`]);
      expect(await dockerCli(engine.socket, 'inspect', '-f', '{{.Id}}', `again-${name}`)).toBe(shipped.images[0]?.imageId);
    }
  });
});
