/** Who may ship, with the agents as processes: tokens, certificates, what is told to whom, and what takes effect without a restart. */
import { spawn } from 'node:child_process';
import { connect as connectTls } from 'node:tls';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONNECTIONS_PER_ADDRESS_MAX } from '../../shared/limits.ts';
import { runAgent, ship, startReceiver, temporaryDirectory, type CommandResult, type Receiver } from '../support/agents.ts';
import { smallArchive } from '../support/archives.ts';
import { certificateFiles, readCertificate } from '../support/certificates.ts';
import { expectFailure } from '../support/failure.ts';
import { waitUntil } from '../support/process.ts';

const CA = ['--ca', certificateFiles('ca').cert];

describe('a receiver with TLS and tokens', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let receiver: Receiver;
  let archive: string;
  let token: string;
  const path = (name: string): string => join(directory.path, name);
  const manage = (...args: string[]): Promise<CommandResult> => runAgent('receiver', ['token', ...args, '--store', path('store')]);
  const send = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    runAgent('sender', ['ship', archive, '--to', receiver.address, '--store', path('pool'), '--quiet', ...args], { env });
  beforeAll(async () => {
    directory = await temporaryDirectory();
    archive = path('a.tar');
    await writeFile(archive, await smallArchive({ seed: 1, layerBytes: [40_000], tag: 'shop/web:1' }));
    for (const file of ['cert', 'key'] as const) await copyFile(certificateFiles('server')[file], path(`server.${file}`));
    const added = await manage('add', '--name', 'dc1', '--allow', 'shop/*', 'tools', '--expires', '90d');
    token = added.stdout.trim();
    await writeFile(path('token'), added.stdout);
    const tls = ['--tls-cert', path('server.cert'), '--tls-key', path('server.key'), '--client-ca', certificateFiles('ca').cert];
    // On all addresses: with TLS and a token there is nothing more to say.
    const options = { store: path('store') };
    receiver = await startReceiver(['--listen', '0.0.0.0:0', ...tls, '--deliver', `archive:${path('out')}`], options);
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test('a token from a file or the environment lets in, and is seen in no log and no list of processes', async () => {
    expect(token).toMatch(/^lmt_[\w-]{43}$/);
    const words: string[] = [];
    const result = await ship([archive, '--to', receiver.address, ...CA, '--token-file', path('token'), '--store', path('pool')], {
      onStart: (pid) => {
        const look = setInterval(() => {
          readFile(`/proc/${pid}/cmdline`, 'utf8').then((text) => words.push(text), () => clearInterval(look)); // prettier-ignore
        }, 20);
      },
    });
    expect(result.images[0]?.ref).toBe('shop/web:1');
    expect(words.join('')).toContain('--token-file');
    expect(words.join('')).not.toContain(token);
    expect(await send([...CA, '--as', 'shop/other:1'], { LIGHTERMAN_TOKEN: token })).toMatchObject({ status: 0, stderr: '' });
    expect((await readdir(path('out'))).toSorted()).toEqual(['shop_other_1.tar', 'shop_web_1.tar']);
    expect(receiver.log()).toContain('token dc1');
    expect(receiver.log()).not.toContain(token);
  });

  test('without a token, with a wrong one, for another name, or without knowing the receiver: one line, exit 15', async () => {
    expectFailure(await send(CA), 'UNAUTHORIZED', /wants to know who ships/);
    const wrong = `${token.slice(0, -4)}AAAA`;
    const refused = await send(CA, { LIGHTERMAN_TOKEN: wrong });
    expectFailure(refused, 'UNAUTHORIZED', /does not know this token/);
    expect(refused.stderr + receiver.log()).not.toContain(wrong);
    expectFailure(await send([...CA, '--token-file', path('token'), '--as', 'web:1']), 'FORBIDDEN', /token dc1 may not ship web:1/);
    expectFailure(await send(['--token-file', path('token')]), 'PEER_UNTRUSTED', /not trusted/);
  });

  test('a client certificate lets in as far as it was granted something', async () => {
    const { cert, key } = certificateFiles('client');
    const certificate = [...CA, '--cert', cert, '--key', key];
    expectFailure(await send(certificate), 'UNAUTHORIZED', /certificate/);
    expect((await manage('add', '--name', 'host', '--certificate', 'spiffe://example/dc1', '--allow', 'shop/*')).status).toBe(0);
    expect(await send(certificate)).toMatchObject({ status: 0 });
    const list = await manage('list', '--json');
    expect(list.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as object)).toMatchObject([
      { name: 'dc1', allow: ['shop/*', 'tools'], push: false, expired: false },
      { name: 'host', certificate: 'spiffe://example/dc1' },
    ]); // prettier-ignore
    expect(list.stdout).not.toMatch(/sha256|lmt_/);
    expect((await manage('list')).stdout).toMatch(/host +spiffe:\/\/example\/dc1 +shop\/\* +no +never/);
  });

  /** The name in the certificate that the receiver shows, to who then goes away. */
  const served = (): Promise<string> =>
    new Promise((settle, reject) => {
      const { port } = new URL(receiver.address);
      const socket = connectTls({ host: '127.0.0.1', port: Number(port), ca: readCertificate('ca') }, () => {
        const name = [socket.getPeerCertificate().subject.CN].flat().join('');
        socket.destroy();
        settle(name);
      });
      socket.on('error', reject);
    });

  test('connections that come and go leave room for others', async () => {
    for (let count = 0; count < 2 * CONNECTIONS_PER_ADDRESS_MAX; count++) expect(await served()).toBe('receiver');
    expect(receiver.log()).not.toContain('connections from this address');
  });

  test('a certificate that changes is served at once; a ship that goes on is not disturbed; a broken one changes nothing', async () => {
    expect(await served()).toBe('receiver');
    const begun = receiver.log().split('connected').length;
    const bytes = await smallArchive({ seed: 9, layerBytes: [300_000, 3_000_000], tag: 'shop/slow:1' });
    const halfSent = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const input = (async function* () {
      yield bytes.subarray(0, 2_000_000);
      halfSent.resolve();
      await goOn.promise;
      yield bytes.subarray(2_000_000);
    })();
    const shipping = runAgent(
      'sender',
      ['ship', '-', '--to', receiver.address, ...CA, '--token-file', path('token'), '--store', path('pool2')],
      { input },
    );
    await halfSent.promise;
    expect(await waitUntil(() => receiver.log().split('connected').length > begun, 60_000)).toBe(true);
    await writeFile(path('server.cert'), 'no certificate');
    process.kill(receiver.pid, 'SIGHUP');
    expect(await waitUntil(() => receiver.log().includes('stays in use'), 60_000)).toBe(true);
    expect(await served()).toBe('receiver');
    for (const file of ['cert', 'key'] as const) await copyFile(certificateFiles('server-renewed')[file], path(`server.${file}`));
    expect(await waitUntil(async () => (await served()) === 'receiver renewed', 60_000)).toBe(true);
    goOn.resolve();
    expect(await shipping).toMatchObject({ status: 0 });
  });

  test('a token that is revoked ends the ship that is going on with it, and lets in nobody', async () => {
    const child = spawn(
      process.execPath,
      [resolve(import.meta.dirname, '../../sender/main.ts'), 'ship', '-', '--to', receiver.address, ...CA, '--token-file', path('token'), '--store', path('pool3'), '--quiet'],
      { stdio: ['pipe', 'ignore', 'pipe'] },
    ); // prettier-ignore
    child.stdin.on('error', () => {});
    const said: Buffer[] = [];
    child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
    const before = receiver.log().split('connected').length;
    const bytes = await smallArchive({ seed: 8, layerBytes: [300_000, 3_000_000], tag: 'shop/gone:1' });
    child.stdin.write(bytes.subarray(0, 2_000_000));
    expect(await waitUntil(() => receiver.log().split('connected').length > before, 60_000)).toBe(true);
    const ended = new Promise<number | null>((settle) => child.once('close', settle));
    expect((await manage('revoke', 'dc1')).status).toBe(0);
    // The receiver says so by itself, before the sender has more to send.
    expect(await waitUntil(() => /the grant dc1 has expired or was revoked .*"code":"UNAUTHORIZED"/.test(receiver.log()), 60_000)).toBe(
      true,
    );
    child.stdin.end(bytes.subarray(2_000_000));
    expect([await ended, Buffer.concat(said).toString()]).toEqual([15, expect.stringContaining('revoked')]);
    expectFailure(await send([...CA, '--token-file', path('token')]), 'UNAUTHORIZED', /does not know/);
    expectFailure(await manage('revoke', 'dc1'), 'USAGE', /no token dc1/);
    expect(await readdir(path('out'))).not.toContain('shop_gone_1.tar');
  });
});

describe('a receiver on the loopback', () => {
  test('is open until the first token is made, and then asks', async () => {
    await using directory = await temporaryDirectory();
    await using receiver = await startReceiver(['--deliver', 'none']);
    const archive = join(directory.path, 'a.tar');
    await writeFile(archive, await smallArchive({ seed: 1, layerBytes: [1000] }));
    const args = ['ship', archive, '--to', receiver.address, '--store', join(directory.path, 'pool'), '--quiet'];
    expect((await runAgent('sender', args)).status).toBe(0);
    expect((await runAgent('receiver', ['token', 'add', '--name', 'first', '--allow', '*', '--store', receiver.store])).status).toBe(0);
    expectFailure(await runAgent('sender', args), 'UNAUTHORIZED', /wants to know who ships/);
  });

  test('beyond it, it does not start in the clear, nor for everybody', async () => {
    await using directory = await temporaryDirectory();
    const { cert, key } = certificateFiles('server');
    const serve = (...args: string[]): Promise<CommandResult> =>
      runAgent('receiver', ['serve', '--listen', '0.0.0.0:0', '--store', join(directory.path, 'store'), '--deliver', 'none', ...args]);
    expectFailure(await serve(), 'USAGE', /could read along/);
    expectFailure(await serve('--tls-cert', cert, '--tls-key', key), 'USAGE', /could ship and deliver/);
    expectFailure(
      await serve('--anonymous', '--tls-cert', cert, '--tls-key', certificateFiles('client').key),
      'USAGE',
      /cannot be used: .*mismatch/,
    );
  });
});
