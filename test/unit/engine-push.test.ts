import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineClient } from '../../receiver/image/engine-client.ts';
import type { EngineLine } from '../../shared/engine/lines.ts';
import type { DeliveryProgress } from '../../receiver/image/port.ts';
import { parsePushTarget, pushImage, pushName } from '../../receiver/image/push.ts';
import { readRegistryAuth } from '../../receiver/image/registry-auth.ts';

describe('push target', () => {
  test.each([
    ['127.0.0.1:5000', 'app:1', '127.0.0.1:5000/app:1'],
    ['localhost', 'app:1', 'localhost/app:1'],
    ['registry.example/team/', 'app:1', 'registry.example/team/app:1'],
    ['registry.example/team', 'docker.io/library/app', 'registry.example/team/app:latest'],
    ['registry.example:443', 'other.example:5000/a/b:c', 'registry.example:443/a/b:c'],
    ['[::1]:5000', 'app:1', '[::1]:5000/app:1'],
  ])('%s gets %s as %s', (target, ref, name) => {
    expect(pushName(parsePushTarget(target), ref)).toBe(name);
  });

  test.each([
    '',
    '/',
    'team',
    'team/app',
    'http://registry.example',
    'registry.example/UPPER',
    'registry.example/a b',
    'registry.example//a',
  ])('%j is refused', (target) => {
    expect(() => parsePushTarget(target)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

const DIGEST = `sha256:${'d'.repeat(64)}`;

function push(...lines: readonly EngineLine[]): Promise<string> {
  const progress: DeliveryProgress[] = [];
  return pushImage(clientOf(lines), 'registry.example/app:1', '', { onProgress: (step) => progress.push(step) });
}

const unused = (): never => expect.unreachable();

function clientOf(lines: readonly EngineLine[]): EngineClient {
  return {
    where: 'unix:///s',
    info: unused,
    list: unused,
    inspect: unused,
    load: unused,
    tag: unused,
    remove: unused,
    push: async function* () {
      yield* lines;
    },
  };
}

describe('pushImage', () => {
  test('the digest is in aux, or in the text of a status', async () => {
    expect(await push({ status: 'Pushed', id: 'a' }, { progressDetail: {}, aux: { Digest: DIGEST } })).toBe(DIGEST);
    expect(await push({ status: `1: digest: ${DIGEST} size: 952` })).toBe(DIGEST);
  });

  test('progress is the sum over layers', async () => {
    const progress: DeliveryProgress[] = [];
    const lines: EngineLine[] = [
      { id: 'a', status: 'Preparing', progressDetail: {} },
      { id: 'a', status: 'Pushing', progressDetail: { current: 5, total: 10 } },
      { id: 'b', status: 'Pushing', progressDetail: { current: 50, total: 20 } },
      { id: 'a', status: 'Pushing', progressDetail: { current: 10, total: 10 } },
      { status: `1: digest: ${DIGEST} size: 952` },
    ];
    await pushImage(clientOf(lines), 'registry.example/app:1', '', { onProgress: (step) => progress.push(step) });
    expect(progress.map(({ bytes, bytesTotal }) => [bytes, bytesTotal])).toEqual([
      [0, 0],
      [5, 10],
      [25, 30],
      [30, 30],
    ]);
  });

  test.each([
    ['Get "http://registry.example/v2/": dial tcp 127.0.0.1:1: connect: connection refused', 'REGISTRY_UNREACHABLE'],
    ['Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client', 'REGISTRY_UNREACHABLE'],
    ['received unexpected HTTP status: 503 Service Unavailable', 'REGISTRY_UNREACHABLE'],
    ['no basic auth credentials', 'REGISTRY_REFUSED'],
    ['unauthorized: authentication required', 'REGISTRY_REFUSED'],
    ['push access denied, repository does not exist or may require authorization: server message: x', 'REGISTRY_REFUSED'],
    ['unexpected status from HEAD request to http://registry.example/v2/app/blobs/x: 401 Unauthorized', 'REGISTRY_REFUSED'],
    [`content digest ${DIGEST}: not found`, 'ENGINE_FAILED'],
    ['An image does not exist locally with the tag: registry.example/app', 'ENGINE_FAILED'],
  ])('%s', async (error, code) => {
    await expect(push({ error })).rejects.toMatchObject({ code, message: expect.stringContaining(error) });
  });

  test('a push without a digest has failed', async () => {
    await expect(push({ status: 'Pushed' })).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});

describe('readRegistryAuth', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lma-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** What an engine decodes, which takes only the URL-safe alphabet. */
  const decoded = async (config: unknown, registry: string): Promise<unknown> => {
    const path = join(directory, 'config.json');
    await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
    const header = await readRegistryAuth(path, registry);
    expect(header).toMatch(/^[\w-]*={0,2}$/);
    return JSON.parse(Buffer.from(header, 'base64url').toString());
  };
  const auth = Buffer.from('me:a:b>>>???~~~').toString('base64');
  const login = { username: 'me', password: 'a:b>>>???~~~' };

  test.each([
    ['registry.example', 'registry.example'],
    ['registry.example:5000', 'https://registry.example:5000'],
    ['docker.io', 'https://index.docker.io/v1/'],
  ])('credentials for %s stand under %s', async (registry, key) => {
    expect(await decoded({ auths: { 'other.example': { auth: 'x' }, [key]: { auth } } }, registry)).toEqual({
      ...login,
      serveraddress: registry,
    });
  });

  test('an identity token and plain fields', async () => {
    expect(await decoded({ auths: { r: { auth, identitytoken: 't' } } }, 'r')).toEqual({ identitytoken: 't', serveraddress: 'r' });
    expect(await decoded({ auths: { r: { username: 'u', password: 'p' } } }, 'r')).toEqual({
      username: 'u',
      password: 'p',
      serveraddress: 'r',
    });
  });

  test('without credentials it says so', async () => {
    expect(await decoded({}, 'r')).toEqual({});
    expect(await decoded({ auths: { s: { auth } } }, 'r')).toEqual({});
    expect(await readRegistryAuth(undefined, 'r')).toBe('e30=');
    expect(await readRegistryAuth(join(directory, 'none'), 'r')).toBe('e30=');
  });

  test('a file that docker did not write', async () => {
    for (const text of ['', 'null', '[]', '{"auths":[1]}', '{"auths":{"r":{"auth":1}}}', 'plain text']) {
      await expect(decoded(text, 'r')).rejects.toMatchObject({ code: 'USAGE' });
    }
    await expect(readRegistryAuth(directory, 'r')).rejects.toMatchObject({ message: expect.stringContaining(directory) });
  });
});
