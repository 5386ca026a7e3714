/** What goes wrong without any engine: one clear line, the documented exit status, and nothing left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { ERROR_TABLE } from '../../shared/errors.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';
import { runAgent, ship, startReceiver, temporaryDirectory, type Receiver } from '../support/agents.ts';
import { expectFailure } from '../support/failure.ts';
import { freePort } from '../support/registry.ts';
import { seededBytes } from '../support/random.ts';
import { packTar, smallArchive } from '../support/archives.ts';

describe('bad input', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let receiver: Receiver;
  let delivered: string;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    delivered = join(directory.path, 'delivered');
    receiver = await startReceiver(['--deliver', `archive:${delivered}`]);
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });
  const path = (name: string): string => join(directory.path, name);
  const file = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(path(name), bytes);
    return path(name);
  };
  const shipArgs = (source: string, to = receiver.address): string[] => ['ship', source, '--to', to, '--store', path('pool'), '--quiet'];
  const expectNothingDelivered = async (): Promise<void> => {
    expect(await readdir(delivered).catch(() => [])).toEqual([]);
  };

  test('a file that is no archive', async () => {
    const source = await file('noise.tar', seededBytes(1, 50_000));
    expectFailure(await runAgent('sender', shipArgs(source)), 'ARCHIVE_INVALID', /noise\.tar is not an image archive/);
    await expectNothingDelivered();
  });

  test('an empty stdin', async () => {
    expectFailure(await runAgent('sender', shipArgs('-')), 'ARCHIVE_INVALID', /stdin is not an image archive/);
  });

  test('a truncated archive', async () => {
    const source = await file('cut.tar', await smallArchive({ seed: 2, layerBytes: [300_000] }));
    await truncate(source, 150_000);
    expectFailure(
      await runAgent('sender', shipArgs(source)),
      'ARCHIVE_TRUNCATED',
      /cut\.tar ends in the middle of a member, after 150000 bytes/,
    );
    await expectNothingDelivered();
  });

  test('an archive without manifest.json', async () => {
    const source = await file('bare.tar', await packTar({ 'etc/hostname': Buffer.from('x') }));
    expectFailure(await runAgent('sender', shipArgs(source)), 'ARCHIVE_INVALID', /bare\.tar: .*no manifest\.json/);
    await expectNothingDelivered();
  });

  test('a manifest that names a missing layer, and one that is not JSON', async () => {
    const config = Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } }));
    const manifest = Buffer.from(JSON.stringify([{ Config: 'c.json', RepoTags: ['a:1'], Layers: ['gone/layer.tar'] }]));
    const missing = await file('missing.tar', await packTar({ 'c.json': config, 'manifest.json': manifest }));
    expectFailure(
      await runAgent('sender', shipArgs(missing)),
      'ARCHIVE_INVALID',
      /names the layer gone\/layer\.tar, which is not in the archive/,
    );
    const broken = await file('broken.tar', await packTar({ 'manifest.json': Buffer.from('[{') }));
    expectFailure(await runAgent('sender', shipArgs(broken)), 'ARCHIVE_INVALID', /manifest\.json is not JSON/);
    await expectNothingDelivered();
  });

  test('a file that is not there, and a directory', async () => {
    expectFailure(await runAgent('sender', shipArgs(path('nowhere.tar'))), 'IMAGE_NOT_FOUND', /there is no archive .*nowhere\.tar/);
    expectFailure(await runAgent('sender', shipArgs(directory.path)), 'ARCHIVE_INVALID', /is a directory/);
  });

  test('no engine', async () => {
    const result = await runAgent('sender', [...shipArgs('shop:1'), '--engine', `unix://${path('no.sock')}`]);
    expectFailure(result, 'ENGINE_UNREACHABLE', /no\.sock/);
  });

  test('wrong words on the command line', async () => {
    const source = await file('good.tar', await smallArchive({ seed: 3, layerBytes: [1000] }));
    for (const args of [
      ['ship'],
      ['ship', source],
      ['ship', source, '--to', 'ftp://x'],
      [...shipArgs(source), '--as', 'UPPER:1'],
      [...shipArgs(source), '--nonsense'],
      ['sail'],
    ]) {
      const result = await runAgent('sender', args);
      expect([args, result.status]).toEqual([args, ERROR_TABLE.USAGE.exit]);
    }
    const nowhere = await runAgent('receiver', ['images', '--store', path('no-store')]);
    expect([nowhere.status, nowhere.stderr]).toEqual([ERROR_TABLE.USAGE.exit, expect.stringContaining('there is no store in')]);
    expect(await readdir(path('no-store')).catch(() => 'absent')).toBe('absent');
  });

  test('nobody listens, or somebody else does', async () => {
    const source = await file('good.tar', await smallArchive({ seed: 3, layerBytes: [1000] }));
    expectFailure(
      await runAgent('sender', shipArgs(source, `ws://127.0.0.1:${await freePort()}`)),
      'PEER_UNREACHABLE',
      /no receiver at ws:\/\/127\.0\.0\.1:\d+: ECONNREFUSED/,
    );
    const silent = createServer((socket) => socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    expectFailure(
      await runAgent('sender', shipArgs(source, `ws://127.0.0.1:${port}`)),
      'PROTOCOL_VIOLATION',
      /is no receiver: it answered HTTP 404/,
    );
    silent.close();
  });

  test('a receiver that speaks another version, and one that speaks nonsense', async () => {
    const source = await file('good.tar', await smallArchive({ seed: 3, layerBytes: [1000] }));
    const answers = [
      encodeMessage('error', ['PROTOCOL_VERSION', 'the sender speaks protocol 1, this receiver 9', 'upgrade']),
      Buffer.from([200, 1, 2]),
    ];
    for (const [answer, code, words] of [
      [answers[0], 'PROTOCOL_VERSION', /the receiver says: the sender speaks protocol 1, this receiver 9/],
      [answers[1], 'PROTOCOL_VIOLATION', /the peer sent a frame of unknown type/],
    ] as const) {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
      server.on('connection', (socket) => socket.once('message', () => socket.send(answer as Uint8Array)));
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      expectFailure(await runAgent('sender', shipArgs(source, `ws://127.0.0.1:${port}`)), code, words);
      for (const client of server.clients) client.terminate();
      server.close();
    }
  });

  test('the name of a store that is in use', async () => {
    const source = await file('good.tar', await smallArchive({ seed: 3, layerBytes: [1000] }));
    const result = await runAgent('sender', ['ship', source, '--to', receiver.address, '--store', receiver.store, '--quiet']);
    expectFailure(result, 'STORE_LOCKED', /store/);
  });

  const poolBytes = async (): Promise<number> => {
    const packs = join(path('pool'), 'packs');
    const names = await readdir(packs).catch(() => []);
    return (await Promise.all(names.map(async (name) => (await stat(join(packs, name))).size))).reduce((sum, size) => sum + size, 0);
  };
  test('Ctrl-C in the middle: 130, no half image, and the next ship finishes', async () => {
    const archive = await smallArchive({ seed: 4, layerBytes: [6_000_000] });
    const source = await file('large.tar', archive);
    // Stdin that stops in the middle: what came before it is in the pool when the signal comes.
    const before = await poolBytes();
    const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../sender/main.ts'), ...shipArgs('-')], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    child.stdin.on('error', () => {});
    child.stdin.write(archive.subarray(0, 5_000_000));
    while ((await poolBytes()) < before + 1_000_000) await sleep(20);
    child.kill('SIGINT');
    const said: Buffer[] = [];
    child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
    const status = await new Promise((settle) => child.once('close', settle));
    expect([status, Buffer.concat(said).toString()]).toEqual([ERROR_TABLE.INTERRUPTED.exit, expect.stringContaining('interrupted')]);
    await expectNothingDelivered();
    const result = await ship([source, '--to', receiver.address, '--store', path('pool')]);
    expect(result.images[0]?.ref).toBe('small:4');
    expect((await stat(join(delivered, 'small_4.tar'))).size).toBe(archive.byteLength);
  });
});
