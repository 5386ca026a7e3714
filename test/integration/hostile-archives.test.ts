/** Archives and names that try to get out: of the store, of the directory for archives, into a path, a shell, a request. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngineSink } from '../../receiver/image/engine-sink.ts';
import { pushName, parsePushTarget } from '../../receiver/image/push.ts';
import { archiveFileName, tryParseReference } from '../../shared/image/reference.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { runAgent, ship, startReceiver, temporaryDirectory, type Receiver } from '../support/agents.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';

/** Each would do something if it were taken for more than a name. */
const NAMES = [
  '../../outside:1',
  '/etc/lighterman-was-here:1',
  'a/../../outside:1',
  '..:1',
  '.:.',
  '-rf:1',
  '--output=/tmp/lighterman-was-here',
  '$(touch lighterman-was-here):1',
  '`touch lighterman-was-here`:1',
  'a;touch lighterman-was-here;:1',
  'a|b:1',
  'a b:1',
  'a:1\r\nX-Evil: 1',
  'a:1\nb',
  'a:1\0b',
  'a?force=1&x=:1',
  'a#b:1',
  'a%2f..%2fb:1',
  'registry.example/../v1:1',
  '127.0.0.1:5000/a:1/../../x',
  `${'a'.repeat(300)}:${'b'.repeat(200)}`,
  'ＡＢ:1',
  '\u202Eevil:1',
];

const LAYER = craftTar([craftEntry({ name: '../../../lighterman-was-here' }, 'x'), craftEntry({ name: '/lighterman-was-here' }, 'x')]);
const CONFIG = Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [sha256Digest(LAYER)] } }));

interface Layout {
  readonly tags?: readonly string[];
  readonly layer?: string;
  readonly config?: string;
  readonly more?: readonly Uint8Array[];
  readonly named?: string;
}

function evilArchive({ tags = ['evil:1'], layer = 'l/layer.tar', config = 'c.json', more = [], named = layer }: Layout): Uint8Array {
  const manifest = JSON.stringify([{ Config: config, RepoTags: tags, Layers: [named] }]);
  return craftTar([
    craftEntry({ name: layer }, LAYER),
    ...more,
    craftEntry({ name: config }, CONFIG),
    craftEntry({ name: 'manifest.json' }, manifest),
  ]);
}

function link(name: string, to: string, type: string): Uint8Array {
  return craftEntry({ name, type, link: to });
}

describe('a hostile archive', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let receiver: Receiver;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    await mkdir(path('inner/out'), { recursive: true });
    receiver = await startReceiver(['--deliver', `archive:${path('inner/out')}`], { store: path('inner/store') });
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });
  const path = (name: string): string => join(directory.path, name);
  const send = async (archive: Uint8Array, ...args: string[]): Promise<unknown> => {
    await writeFile(path('evil.tar'), archive);
    return ship([path('evil.tar'), '--to', receiver.address, '--store', path('pool'), ...args]).then(
      () => undefined,
      (error: unknown) => error,
    );
  };
  /** Everything there is, but for what stores and deliveries are made of. */
  const strays = async (): Promise<string[]> => {
    const found = await readdir(directory.path, { recursive: true, withFileTypes: true });
    return found
      .map((entry) => relative(directory.path, join(entry.parentPath, entry.name)))
      .filter(
        (name) => !/^(?:evil\.tar|inner|inner\/out|(?:inner\/store|pool)(?:\/.*)?|inner\/out\/[\w-][\w.-]*\.tar|restored\.tar)$/.test(name),
      );
  };

  test('whose names are no names: one file each in the directory, and nothing beside it', async () => {
    for (const tags of [NAMES.slice(0, 8), NAMES.slice(8, 16), NAMES.slice(16)]) await send(evilArchive({ tags }));
    await send(evilArchive({ tags: NAMES.slice(0, 1) }));
    const files = await readdir(path('inner/out'));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !/^[\w-][\w.-]*\.tar$/.test(file))).toEqual([]);
    expect(await strays()).toEqual([]);
    expect([existsSync('/etc/lighterman-was-here:1'), existsSync('lighterman-was-here'), existsSync('/tmp/lighterman-was-here')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('whose members and links lead out: nothing is read or written there', async () => {
    await writeFile(path('secret'), 'not for the archive');
    const secret = path('secret');
    const layouts: readonly Layout[] = [
      { layer: '../../../outside/layer.tar' },
      { layer: '/lighterman-was-here/layer.tar' },
      { layer: 'a', named: 'b', more: [link('b', secret, '2')] },
      { layer: 'a', named: 'b', more: [link('b', '../../../../../../../../etc/passwd', '2')] },
      { layer: 'a', named: 'b', more: [link('b', secret, '1')] },
      { layer: 'a', named: 'b', more: [link('b', 'c', '2'), link('c', 'b', '2')] },
      { config: '../../../outside.json' },
      { config: '/etc/passwd' },
      { more: [link('manifest.json', secret, '2')] },
      { more: [craftEntry({ name: 'dev/null', type: '3' }), link('out', '/', '2'), craftEntry({ name: 'out/lighterman-was-here' }, 'x')] },
    ];
    for (const layout of layouts) await send(evilArchive(layout), '--as', 'links:1');
    expect((await strays()).filter((name) => name !== 'secret')).toEqual([]);
    expect([existsSync('/lighterman-was-here'), existsSync('/lighterman-was-here/layer.tar')]).toEqual([false, false]);
    for (const file of await readdir(path('inner/out')))
      expect(await readFile(join(path('inner/out'), file), 'utf8')).not.toContain('not for the archive');
    expect(await readFile(path('secret'), 'utf8')).toBe('not for the archive');
    // As bytes they come back as they were.
    await send(evilArchive({ more: [link('out', '/', '2')] }), '--as', 'links:2');
    const restored = await runAgent('receiver', ['restore', 'links:2', '--store', receiver.store, '-o', path('restored.tar')]);
    expect(restored.stderr).toBe('');
    expect(await readFile(path('restored.tar'))).toEqual(Buffer.from(evilArchive({ more: [link('out', '/', '2')] })));
  });

  test('leaves the receiver as it was', async () => {
    const good = await send(evilArchive({ tags: ['good:1'] }));
    expect([good, (await stat(join(path('inner/out'), 'good_1.tar'))).isFile()]).toEqual([undefined, true]);
  });
});

describe('a hostile name', () => {
  test('is a file name without a way out, or a part of one', () => {
    for (const name of NAMES) expect(archiveFileName(name)).toMatch(/^[\w-][\w.-]*\.tar$/);
  });

  test('passes for a reference only where nothing in it means anything to a path, a shell or a header', () => {
    for (const name of NAMES.filter((one) => tryParseReference(one) !== undefined)) expect(name).toMatch(/^[a-z0-9][\w.:/-]*$/);
  });

  test('reaches no request to an engine, and no registry', async () => {
    await using directory = await temporaryDirectory();
    const requests: string[] = [];
    const socket = join(directory.path, 'engine.sock');
    const engine = createServer((request, response) => {
      requests.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
      response.writeHead(500).end('{"message":"no"}');
    }).listen(socket);
    await new Promise((resolve) => engine.once('listening', resolve));
    const sink = createEngineSink({ address: { kind: 'unix', path: socket }, dockerConfigPath: join(directory.path, 'none.json') });
    const hostile = NAMES.filter((name) => tryParseReference(name) === undefined);
    expect(hostile.length).toBeGreaterThan(NAMES.length / 2);
    for (const name of hostile) {
      const image = { refs: [name], config: CONFIG, configDigest: sha256Digest(CONFIG), layers: [] };
      await expect(sink.deliver(image, { pushTo: '127.0.0.1:5000' })).rejects.toMatchObject({ code: 'USAGE' });
      expect(() => pushName(parsePushTarget('127.0.0.1:5000'), name)).toThrow(/is not an image name/);
    }
    expect(requests).toEqual([]);
    await new Promise((resolve) => engine.close(resolve));
  });
});
