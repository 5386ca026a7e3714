import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineOf, splitWords } from '../../sender/cli/docker-plugin.ts';
import { isNodeTooOld } from '../../shared/node-version.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lmd-'));
  const meta = join(directory, 'contexts/meta', createHash('sha256').update('far').digest('hex'));
  await mkdir(meta, { recursive: true });
  await writeFile(join(meta, 'meta.json'), JSON.stringify({ Name: 'far', Endpoints: { docker: { Host: 'unix:///far.sock' } } }));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const list = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const engine = (docker: string, environment: Record<string, string> = {}): string | undefined =>
  engineOf(docker.split(' '), { DOCKER_CONFIG: directory, ...environment });

describe('the words of docker', () => {
  it.each([
    ['ship a --to b', '', 'a --to b'],
    ['-D --host tcp://h:1 ship a', '-D --host tcp://h:1', 'a'],
    ['-c ship ship ship', '-c ship', 'ship'],
    ['--context=far ship', '--context=far', ''],
  ])('%s', (words, docker, own) => {
    expect(splitWords(words.split(' '))).toEqual({ docker: list(docker), own: list(own) });
  });
});

describe('the engine', () => {
  it('is chosen in the order of docker', async () => {
    expect(engine('ship')).toBeUndefined();
    expect(engine('ship', { DOCKER_HOST: 'unix:///env.sock', DOCKER_CONTEXT: 'far' })).toBe('unix:///env.sock');
    expect(engine('ship', { DOCKER_CONTEXT: 'far' })).toBe('unix:///far.sock');
    expect(engine('--context far', { DOCKER_HOST: 'unix:///env.sock' })).toBe('unix:///far.sock');
    expect(engine('-c=default', {})).toBeUndefined();
    expect(engine('-H tcp://h:1 -D', { DOCKER_HOST: 'unix:///env.sock' })).toBe('tcp://h:1');
    await writeFile(join(directory, 'config.json'), '{"currentContext":"far"}');
    expect(engine('ship')).toBe('unix:///far.sock');
    expect(engine('ship', { DOCKER_CONTEXT: 'default' })).toBeUndefined();
  });

  it('of a context that is not there is an error', () => {
    expect(() => engine('-c nowhere')).toThrow('docker knows no context nowhere');
  });
});

describe('Node', () => {
  it.each([
    ['24.6.0', false],
    ['25.0.0', false],
    ['24.5.9', true],
    ['20.20.2', true],
  ])('%s', (version, tooOld) => {
    const said: string[] = [];
    expect(isNodeTooOld('lighterman', version, (text) => said.push(text))).toBe(tooOld);
    expect(said.join('')).toMatch(tooOld ? /^lighterman: Node [\d.]+ is too old: it needs 24\.6 or newer .*\n$/ : /^$/);
    process.exitCode = 0;
  });
});
