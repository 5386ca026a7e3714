/** From the engine into a registry, and out of it again on an engine that never saw the image. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngineSink } from '../../receiver/image/engine-sink.ts';
import type { DeliveryProgress, LoadableImage } from '../../receiver/image/port.ts';
import { parseEngineAddress } from '../../shared/engine/address.ts';
import { dockerBytes, dockerCli } from '../support/docker-cli.ts';
import { ENGINE_KINDS, requireEngine, startEngine, type Engine, type EngineKind } from '../support/engine.ts';
import { runImage } from '../support/images.ts';
import { loadableImage } from '../support/loadable.ts';
import { freePort, REGISTRY_PASSWORD, REGISTRY_USER, startRegistry, type Registry } from '../support/registry.ts';
import { savedVersions, type SavedImage } from '../support/saved.ts';

describe.skipIf(requireEngine())('push', () => {
  let versions: SavedImage[];
  let open: Registry;
  let closed: Registry;
  let third: Engine;
  const engines = new Map<EngineKind, Engine>();
  let directory: string;
  beforeAll(async () => {
    [versions, open, closed, third] = await Promise.all([
      savedVersions('20', 2, { sharedBytes: 200_000, ownBytes: 1000 }),
      startRegistry(),
      startRegistry({ htpasswd: true }),
      startEngine({ kind: '26c' }),
      ...ENGINE_KINDS.map(async (kind) => engines.set(kind, await startEngine({ kind }))),
    ]);
    directory = await mkdtemp(join(tmpdir(), 'lmp-'));
    await writeConfig('right', REGISTRY_PASSWORD);
    await writeConfig('wrong', 'guess');
  });
  afterAll(async () => {
    for (const engine of [third, ...engines.values()]) await engine[Symbol.asyncDispose]();
    await open[Symbol.asyncDispose]();
    await closed[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  const configFor = (password: string): object => ({
    auths: { [closed.host]: { auth: Buffer.from(`${REGISTRY_USER}:${password}`).toString('base64') } },
  });
  const writeConfig = (name: string, password: string): Promise<void> =>
    writeFile(join(directory, name), JSON.stringify(configFor(password)));
  const load = (number: number, ...refs: readonly string[]): Promise<LoadableImage> =>
    loadableImage(versions[number - 1]?.archive ?? new Uint8Array(), { refs });

  const pullAndRun = async (ref: string): Promise<string> => {
    await dockerBytes(third.socket, ['pull', '-q', ref], { config: configFor(REGISTRY_PASSWORD) });
    return runImage(third.socket, ref, 'cat', '/version');
  };

  const sinkOf = (engine: Engine, configName?: string) =>
    createEngineSink({
      address: parseEngineAddress(engine.address),
      ...(configName === undefined ? {} : { dockerConfigPath: join(directory, configName) }),
    });

  describe.each(ENGINE_KINDS)('from engine %s', (kind) => {
    let engine: Engine;
    beforeAll(() => {
      engine = engines.get(kind) as Engine;
    });
    const sinkWith = (configName?: string) => sinkOf(engine, configName);
    const namesThere = async (): Promise<string[]> =>
      (await dockerCli(engine.socket, 'images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n').toSorted();

    test('a third engine pulls by the digest and runs it', async () => {
      const progress: DeliveryProgress[] = [];
      const { pushed } = await sinkWith().deliver(await load(1, 'app:1', 'elsewhere.test/team/app:one'), {
        pushTo: `${open.host}/from-${kind}/`,
        onProgress: (step) => progress.push(step),
      });
      expect(pushed.map(({ ref }) => ref)).toEqual([`${open.host}/from-${kind}/app:1`, `${open.host}/from-${kind}/team/app:one`]);
      expect(new Set(pushed.map(({ digest }) => digest)).size).toBe(1);
      expect(await pullAndRun(`${open.host}/from-${kind}/app@${pushed[0]?.digest}`)).toBe('1');
      expect(await namesThere()).toEqual(['app:1', 'elsewhere.test/team/app:one']);
      const phases = [...new Set(progress.map(({ phase }) => phase))];
      expect(phases).toEqual(['load', 'tag', 'push']);
      expect(progress.every(({ bytes, bytesTotal }) => bytes >= 0 && bytes <= bytesTotal)).toBe(true);
    });

    test('an image that is there already is pushed all the same, and a push name that was there stays', async () => {
      const name = `${open.host}/app:1`;
      await dockerCli(engine.socket, 'tag', 'app:1', name);
      const delivery = await sinkWith().deliver(await load(1, 'app:1'), { pushTo: open.host });
      expect(delivery).toMatchObject({ alreadyThere: true, loadedLayers: 0, pushed: [{ ref: name }] });
      expect(await namesThere()).toContain(name);
    });

    test('with the password of the configuration file', async () => {
      const { pushed } = await sinkWith('right').deliver(await load(2, 'app:2'), { pushTo: closed.host });
      expect(await pullAndRun(`${closed.host}/app@${pushed[0]?.digest}`)).toBe('2');
    });

    test.each(['wrong', 'absent', undefined])(
      'with the configuration file %s the registry refuses, and the image stays',
      async (configName) => {
        const name = `${closed.host}/private:2`;
        await expect(sinkWith(configName).deliver(await load(2, 'private:2'), { pushTo: closed.host })).rejects.toMatchObject({
          code: 'REGISTRY_REFUSED',
          message: expect.stringContaining(`the registry ${closed.host} refused ${name}: `),
        });
        expect(await namesThere()).toContain('private:2');
        expect(await namesThere()).not.toContain(name);
      },
    );
  });

  // Engines try again for ten seconds: all of them at once.
  test.concurrent.each(ENGINE_KINDS)(
    'from engine %s: a registry that is not there, and the name on the way to it goes back',
    async (kind) => {
      const engine = engines.get(kind) as Engine;
      const host = `127.0.0.1:${await freePort()}`;
      await dockerCli(engine.socket, 'tag', 'app:1', `${host}/app:2`);
      const before = await dockerCli(engine.socket, 'inspect', '-f', '{{.Id}}', `${host}/app:2`);
      await expect(sinkOf(engine).deliver(await load(2, 'app:2'), { pushTo: host })).rejects.toMatchObject({
        code: 'REGISTRY_UNREACHABLE',
        message: expect.stringContaining(`the registry ${host} was not reached for ${host}/app:2: `),
      });
      expect(await dockerCli(engine.socket, 'inspect', '-f', '{{.Id}}', `${host}/app:2`)).toBe(before);
    },
  );

  test('an image without a name cannot be pushed', async () => {
    await expect(
      createEngineSink({ address: { kind: 'unix', path: '/nowhere' } }).deliver(await load(1), { pushTo: open.host }),
    ).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
