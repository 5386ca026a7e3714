import { X509Certificate } from 'node:crypto';
import { copyFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { planStatus } from '../../receiver/cli/status.ts';
import { json, plain, serveStatus, type StatusServerOptions } from '../../shared/status/server.ts';
import { readTokenFile } from '../../shared/token-file.ts';
import { certificateFiles, readCertificate } from '../support/certificates.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const TOKEN = 'a-token-of-some-length';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

async function ask(address: string, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const [, port] = /:(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    asking.on('error', reject);
    asking.end();
  });
}

const basic = (words: string): string => `Basic ${Buffer.from(words).toString('base64')}`;
const serialOf = (name: string): string => new X509Certificate(readCertificate(name)).serialNumber;
const warnings: string[] = [];
const serve = (options: Partial<StatusServerOptions> = {}) =>
  serveStatus({
    address: '127.0.0.1:0',
    routes: {
      '/': { page: (query) => json({ q: query.get('q') }) },
      '/open': { isOpen: true, page: () => plain(200, 'ok') },
      '/bad': { page: () => Promise.reject(new Error('secret')) },
    },
    log: { warn: (_fields, message) => void warnings.push(message) },
    ...options,
  });

describe('the status server', () => {
  it('answers what it has, and nothing else', async () => {
    await using server = await serve();
    const page = await ask(server.address, '/?q=shop%3A2');
    expect([page.status, page.body]).toEqual([200, '{"q":"shop:2"}\n']);
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect((await ask(server.address, '/nothing')).status).toBe(404);
    expect((await ask(server.address, '/__proto__')).status).toBe(404);
    expect((await ask(server.address, '/', {}, 'POST')).status).toBe(405);
    expect(await ask(server.address, '/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
    const failed = await ask(server.address, '/bad');
    expect([failed.status, failed.body]).toEqual([500, 'an error: see the log\n']);
    expect(warnings).toEqual(['status: secret']);
  });

  it('is shown on the loopback under loopback names only', async () => {
    await using server = await serve();
    for (const host of ['localhost:80', '127.0.0.1', '[::1]:1']) expect((await ask(server.address, '/', { host })).status).toBe(200);
    for (const host of ['example.org', 'localhost.example.org']) expect((await ask(server.address, '/', { host })).status).toBe(421);
    expect((await ask(server.address, '/open', { host: 'example.org' })).status).toBe(200);
  });

  it('wants its token, as a bearer or as a password', async () => {
    await using server = await serve({ token: TOKEN });
    for (const authorization of [`Bearer ${TOKEN}`, basic(`:${TOKEN}`), basic(`admin:${TOKEN}`)])
      expect((await ask(server.address, '/', { authorization, host: 'dc2.example.org' })).status).toBe(200);
    for (const authorization of ['', `Bearer ${TOKEN}x`, basic('admin:'), `Basic ${TOKEN}`, 'Bearer'])
      expect((await ask(server.address, '/', { authorization })).status).toBe(401);
    expect((await ask(server.address, '/')).headers['www-authenticate']).toMatch(/^Basic/);
    expect((await ask(server.address, '/open')).status).toBe(200);
  });

  it('is not opened to others without a token, nor where it cannot listen', async () => {
    await expect(serve({ address: '0.0.0.0:0' })).rejects.toMatchObject({ code: 'USAGE' });
    await using server = await serve();
    await expect(serve({ address: server.address })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(serve({ address: 'nowhere' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('serves over TLS, with the certificate that is there now', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const files = { cert: join(directory.path, 'cert.pem'), key: join(directory.path, 'key.pem') };
    const install = async (name: string): Promise<void> => {
      for (const kind of ['cert', 'key'] as const) await copyFile(certificateFiles(name)[kind], files[kind]);
    };
    await expect(serve({ tls: files })).rejects.toMatchObject({ code: 'USAGE' });
    await install('server');
    await using server = await serve({ tls: files, token: TOKEN });
    expect(server.url).toBe(`https://${server.address}/`);
    const seen = async (): Promise<[status: number | undefined, serial: string | undefined]> =>
      new Promise((resolve, reject) => {
        const asking = requestTls(server.url, { ca: readCertificate('ca'), agent: false, headers: { authorization: `Bearer ${TOKEN}` } });
        asking.on('response', (response) => {
          resolve([response.statusCode, (response.socket as TLSSocket).getPeerCertificate().serialNumber]);
          response.resume();
        });
        asking.on('error', reject).end();
      });
    expect(await seen()).toEqual([200, serialOf('server')]);
    await install('server-renewed');
    process.emit('SIGHUP');
    expect(await seen()).toEqual([200, serialOf('server-renewed')]);
    // Half of a change: the one before stays.
    await copyFile(certificateFiles('server').cert, files.cert);
    process.emit('SIGHUP');
    expect(await seen()).toEqual([200, serialOf('server-renewed')]);
    expect(warnings.at(-1)).toMatch(/the one before stays in use/);
  });

  it('takes its token from a file that holds a good one', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const file = join(directory.path, 'token');
    await expect(readTokenFile(file)).rejects.toMatchObject({ code: 'USAGE' });
    for (const text of ['', 'short', `two words of some length`]) {
      await writeFile(file, text);
      await expect(readTokenFile(file)).rejects.toMatchObject({ code: 'USAGE' });
    }
    await writeFile(file, `${TOKEN}\n`);
    expect(await readTokenFile(file)).toBe(TOKEN);
    const tls = { cert: 'c', key: 'k' };
    const beyond = { status: '0.0.0.0:1', statusTokenFile: file };
    expect(await planStatus({}, tls)).toBeUndefined();
    expect(await planStatus({ status: '127.0.0.1:1' }, tls)).toEqual({ address: '127.0.0.1:1', token: undefined, tls: undefined });
    expect(await planStatus(beyond, tls)).toEqual({ address: '0.0.0.0:1', token: TOKEN, tls });
    expect(await planStatus({ ...beyond, insecure: true }, undefined)).toMatchObject({ tls: undefined });
    for (const flags of [beyond, { status: '0.0.0.0:1' }, { statusTokenFile: file }])
      await expect(planStatus(flags, undefined)).rejects.toMatchObject({ code: 'USAGE' });
  });
});
