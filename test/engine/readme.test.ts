/** The README's nightly sync and promotion, block by block as they stand there, between two real engines with a registry. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ship, startReceiver, temporaryDirectory, type Receiver } from '../support/agents.ts';
import { runCommand } from '../support/command.ts';
import { dockerCli } from '../support/docker-cli.ts';
import { requireEngine, startEngine, type Engine } from '../support/engine.ts';
import { buildVersions } from '../support/images.ts';
import { startRegistry, type Registry } from '../support/registry.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Blocks of a section, by their language. */
function blocks(section: string, language: string): string[] {
  const text = README.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, block]) => (name === language ? [block as string] : []));
}

/** A zone in which it is between three and four at night now: inside of the window of the README's list. */
function zoneAtNight(): string {
  const behind = (new Date().getUTCHours() - 3 + 24) % 24;
  return behind <= 12 ? `Etc/GMT+${behind}` : `Etc/GMT-${24 - behind}`;
}

const idOf = (engine: Engine, name: string): Promise<string> => dockerCli(engine.socket, 'inspect', '--format', '{{.Id}}', name);

describe.skipIf(requireEngine())('the README', () => {
  let near: Engine;
  let far: Engine;
  let registry: Registry;
  let receiver: Receiver;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    [near, far, registry, directory] = await Promise.all([
      startEngine({ kind: '20' }),
      startEngine({ kind: '20' }),
      startRegistry(),
      temporaryDirectory(),
    ]);
    for (const name of ['shop', 'shop-worker']) await buildVersions(near.socket, name, 2, { sharedBytes: 50_000, ownBytes: 5000 });
    receiver = await startReceiver(['--deliver', 'engine', '--engine', far.address, '--push', registry.host]);
  });
  afterAll(async () => {
    for (const part of [receiver, directory, registry, far, near]) await part[Symbol.asyncDispose]();
  });

  /** Only address and program are others. */
  const here = (text: string): string => text.replaceAll('ws://127.0.0.1:7700', receiver.address);
  const run = async (block: string): Promise<string> => {
    const npx = `npx() { agent=$1; shift; case $agent in lighterman) part=sender;; *) part=receiver;; esac; ${process.execPath} ${ROOT}/$part/main.ts "$@"; }`;
    const script = `set -e; cd ${directory.path}; ${npx}\n${here(block)}`;
    const env = { DOCKER_HOST: near.address, HOME: directory.path, XDG_STATE_HOME: directory.path, TZ: zoneAtNight() };
    return (await runCommand('/bin/bash', ['-c', script], { env })).toString();
  };

  test('leads through a nightly sync', async () => {
    const [list = ''] = blocks('A nightly sync', 'yaml');
    await writeFile(join(directory.path, 'sync.yaml'), here(list));
    const [commands = ''] = blocks('A nightly sync', 'sh');
    expect(await run(commands)).toMatch(/shop:2 +│ dc2 +│ delivered/);
    for (const name of ['shop:1', 'shop:2']) expect(await idOf(far, name)).toBe(await idOf(near, name));
  });

  test('leads through a promotion', async () => {
    await ship([
      'shop:1',
      '--as',
      'shop:live',
      '--to',
      receiver.address,
      '--engine',
      near.address,
      '--store',
      join(directory.path, 'pool'),
    ]);
    const [steps = '', release = ''] = blocks('Before a promotion', 'sh');
    const [, activate = '', rollback = '', history = ''] = steps.split('\n');
    const [staged = ''] = steps.split('\n');
    await run(staged);
    expect(await idOf(far, 'shop:live')).toBe(await idOf(near, 'shop:1'));
    expect(await run(activate)).toMatch(/shop:live@sha256:/);
    expect(await idOf(far, 'shop:live')).toBe(await idOf(near, 'shop:2'));
    await run(rollback);
    expect(await idOf(far, 'shop:live')).toBe(await idOf(near, 'shop:1'));
    expect((await run(history)).trim().split('\n')).toHaveLength(3);

    const [composition = ''] = blocks('Before a promotion', 'yaml');
    await writeFile(join(directory.path, 'release.yaml'), composition);
    await run(release);
    expect(await idOf(far, 'shop-worker:live')).toBe(await idOf(near, 'shop-worker:2'));
    expect((await (await fetch(`${registry.url}/v2/shop-worker/tags/list`)).json()) as object).toMatchObject({ tags: ['live'] });
  });
});
