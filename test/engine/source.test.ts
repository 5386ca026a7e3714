/** The sender's side of real engines: what `docker save` gives, and what goes wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngineSource } from '../../sender/image/engine-source.ts';
import { parseEngineAddress } from '../../shared/engine/address.ts';
import { dockerCli } from '../support/docker-cli.ts';
import { ENGINE_KINDS, requireEngine, startEngine, type Engine } from '../support/engine.ts';
import { buildVersions } from '../support/images.ts';
import { collect, readTar } from '../support/tar.ts';

describe.skipIf(requireEngine()).each(ENGINE_KINDS)('images of engine %s', (kind) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine({ kind });
    await buildVersions(engine.socket, 'app', 2, { sharedBytes: 3_000_000, ownBytes: 1000 });
    await dockerCli(engine.socket, 'tag', 'app:1', 'registry.test:5000/team/app:one');
  });
  afterAll(() => engine[Symbol.asyncDispose]());
  const source = () => createEngineSource(parseEngineAddress(engine.address));

  test('inspect tells id, layers, names and store', async () => {
    const facts = await source().inspect('app:1');
    expect(facts.storeKind).toBe(kind === '26c' ? 'containerd' : 'graph');
    expect(facts.imageId).toBe(await dockerCli(engine.socket, 'inspect', '-f', '{{.Id}}', 'app:1'));
    expect(facts.configDigest).toBe(kind === '26c' ? undefined : facts.imageId);
    expect(facts.diffIds).toEqual(JSON.parse(await dockerCli(engine.socket, 'inspect', '-f', '{{json .RootFS.Layers}}', 'app:1')));
    expect(facts.refs.toSorted()).toEqual(['app:1', 'registry.test:5000/team/app:one']);
    const other = await source().inspect(facts.imageId);
    expect(other).toEqual(facts);
    expect((await source().inspect(facts.imageId.slice('sha256:'.length, 30))).imageId).toBe(facts.imageId);
  });

  test('list gives every name', async () => {
    expect((await source().list()).map(({ ref }) => ref).toSorted()).toEqual(['app:1', 'app:2', 'registry.test:5000/team/app:one']);
  });

  test('save gives the archive that the engine writes', async () => {
    const facts = await source().inspect('app:1');
    const members = await readTar(source().save('app:1'));
    const manifest = JSON.parse(members.get('manifest.json')?.toString() ?? '') as { Config: string; Layers: string[] }[];
    const config = JSON.parse(members.get(manifest[0]?.Config ?? '')?.toString() ?? '') as { rootfs: { diff_ids: string[] } };
    expect(config.rootfs.diff_ids).toEqual(facts.diffIds);
    expect(manifest[0]?.Layers.every((layer) => members.has(layer))).toBe(true);
  });

  test('a consumer that stops ends the save, and an aborted one says so', async () => {
    for await (const bytes of source().save('app:1')) {
      expect(bytes.byteLength).toBeGreaterThan(0);
      break;
    }
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      for await (const bytes of source().save('app:1', { signal: stop.signal })) {
        expect(bytes.byteLength).toBeGreaterThan(0);
        stop.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(collect(source().save('app:1', { signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(source().inspect('app:1', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test.each(['app:3', 'team/app:one', 'apq:1'])('%s is not found, near names are told', async (name) => {
    const message = new RegExp(`^the engine at ${engine.address} has no image ${name}; did you mean .*app:1`);
    await expect(source().inspect(name)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND', message: expect.stringMatching(message) });
    await expect(collect(source().save(name))).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND', message: expect.stringMatching(message) });
  });

  test.each(['wholly-different', '../containers', 'a b', 'UPPER:1'])('%s is not found, nothing is suggested', async (name) => {
    const failure = { code: 'IMAGE_NOT_FOUND', message: `the engine at ${engine.address} has no image ${name}` };
    await expect(source().inspect(name)).rejects.toMatchObject(failure);
  });

  test('a user who may not use the socket is told so', async () => {
    const nobody = 65_534;
    process.seteuid?.(nobody);
    try {
      await expect(source().inspect('app:1')).rejects.toMatchObject({
        code: 'ENGINE_PERMISSION',
        message: expect.stringContaining(`no permission to use the engine at ${engine.address}`),
      });
    } finally {
      process.seteuid?.(0);
    }
  });

  test('an engine that dies while it saves has failed', async () => {
    const read = async (): Promise<void> => {
      for await (const bytes of source().save('app:1')) {
        expect(bytes.byteLength).toBeGreaterThan(0);
        await engine.kill();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('saving app:1') });
    await expect(source().list()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });
});
