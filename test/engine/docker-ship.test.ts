/** `docker ship` and `doctor` with real engines and a real registry. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAgent, startReceiver, temporaryDirectory, type Receiver } from '../support/agents.ts';
import { runCommand } from '../support/command.ts';
import { requireEngine, startEngine, type Engine } from '../support/engine.ts';
import { buildVersions, runImage } from '../support/images.ts';
import { startRegistry, type Registry } from '../support/registry.ts';

const PLUGIN = resolve(import.meta.dirname, '../../sender/docker-ship.ts');

describe.skipIf(requireEngine())('docker ship', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let source: Engine;
  let target: Engine;
  let registry: Registry;
  let receiver: Receiver;
  let delivery: string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    [source, target, registry] = await Promise.all([startEngine({ kind: '20' }), startEngine({ kind: '26' }), startRegistry()]);
    await buildVersions(source.socket, 'shop', 2, { sharedBytes: 100_000, ownBytes: 5_000 });
    delivery = ['--deliver', 'engine', '--engine', target.address, '--push', registry.host];
    receiver = await startReceiver(delivery);
    const plugins = join(directory.path, 'docker/cli-plugins');
    await mkdir(plugins, { recursive: true });
    await writeFile(join(plugins, 'docker-ship'), `#!/bin/sh\nexec "${process.execPath}" "${PLUGIN}" "$@"\n`, { mode: 0o755 });
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    for (const engine of [source, target]) await engine[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const docker = async (...words: string[]): Promise<string> => {
    const env = { DOCKER_CONFIG: join(directory.path, 'docker'), XDG_STATE_HOME: join(directory.path, 'state'), DOCKER_HOST: '' };
    return (await runCommand('/usr/bin/docker', words, { env })).toString();
  };

  test('an image of the engine that docker speaks to arrives, is loaded and pushed', async () => {
    const said = await docker('-H', source.address, 'ship', 'shop:1', '--to', receiver.address, '--quiet');
    expect(said).toContain('shop:1');
    expect(await runImage(target.socket, 'shop:1', 'cat', '/version')).toBe('1');
    const tags = (await (await fetch(`http://${registry.host}/v2/shop/tags/list`)).json()) as { tags: string[] };
    expect(tags.tags).toEqual(['1']);
  });

  test('and so does one of the context in use', async () => {
    await docker('context', 'create', 'here', '--docker', `host=${source.address}`);
    await docker('context', 'use', 'here');
    await docker('ship', 'shop:2', '--to', receiver.address, '--quiet');
    expect(await runImage(target.socket, 'shop:2', 'cat', '/version')).toBe('2');
  });

  test('doctor finds engines, registry and receiver in order', async () => {
    const pool = join(directory.path, 'state/lighterman/pool');
    const here = await runAgent('sender', ['doctor', '--engine', source.address, '--to', receiver.address, '--store', pool]);
    expect(here).toMatchObject({ status: 0, stderr: '' });
    expect(here.stdout).toMatch(/^ok {4}engine +unix:.* answers and has 2 image names$/m);
    expect(here.stdout).toMatch(/^ok {4}pool /m);
    expect(here.stdout).toMatch(/^ok {4}receiver +ws:.* lets this sender in$/m);
    const listen = receiver.address.replace('ws://', '');
    const there = await runAgent('receiver', ['doctor', '--store', receiver.store, '--listen', listen, ...delivery]);
    expect(there).toMatchObject({ status: 0, stderr: '' });
    expect(there.stdout).toMatch(/^ok {4}engine +unix:.*: engine 26[\d.+a-z]*, graph store$/m);
    expect(there.stdout).toMatch(/^ok {4}registry +127\.0\.0\.1:\d+ answers$/m);
  });
});
