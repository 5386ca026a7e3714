/** `doctor` of both agents, against what is there and what is not. */
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAgent, startReceiver, temporaryDirectory, type CommandResult, type Receiver } from '../support/agents.ts';
import { certificateFiles } from '../support/certificates.ts';

let directory: AsyncDisposable & { readonly path: string };
let receiver: Receiver;
let registry: Server;
const path = (name: string): string => join(directory.path, name);

beforeAll(async () => {
  directory = await temporaryDirectory();
  for (const file of ['cert', 'key'] as const) await copyFile(certificateFiles('server')[file], path(`server.${file}`));
  await chmod(path('server.key'), 0o600);
  const added = await runAgent('receiver', ['token', 'add', '--name', 'a', '--allow', '*', '--store', path('store')]);
  await writeFile(path('token'), added.stdout, { mode: 0o600 });
  const tls = ['--tls-cert', path('server.cert'), '--tls-key', path('server.key')];
  receiver = await startReceiver(['--listen', '0.0.0.0:0', ...tls, '--deliver', 'none'], { store: path('store') });
  registry = createServer((request, response) => response.writeHead(request.url === '/v2/' ? 401 : 404).end());
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  registry.closeAllConnections();
  await new Promise<void>((resolve) => registry.close(() => resolve()));
  await directory[Symbol.asyncDispose]();
});

const lookAtReceiver = async (...args: string[]) =>
  read(await runAgent('receiver', ['doctor', '--json', ...args], { env: { DOCKER_HOST: '' } }));

async function lookAtSender(...args: string[]) {
  const env = { HOME: directory.path, XDG_STATE_HOME: path('state'), DOCKER_HOST: '' };
  return read(await runAgent('sender', ['doctor', '--json', '--to', receiver.address, ...args], { env }));
}

interface Line {
  readonly check: string;
  readonly state: string;
  readonly text: string;
  readonly hint?: string;
}

/** Lines of the checks by name, and how the command ended. */
function read({ stdout, status }: CommandResult): { readonly found: Record<string, Line>; readonly status: number | null } {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  return { found: Object.fromEntries(lines.filter(({ check }) => check !== undefined).map((line) => [line.check, line])), status };
}

describe('lighterman doctor', () => {
  const ca = ['--ca', certificateFiles('ca').cert];

  it('finds the receiver, its certificate and its clock in order', async () => {
    const { found, status } = await lookAtSender(...ca, '--token-file', path('token'));
    expect(status).toBe(0);
    expect(found['receiver']).toMatchObject({ state: 'ok', text: `${receiver.address} answers and lets this sender in` });
    expect(found['identity']).toMatchObject({ state: 'ok', text: 'a token' });
    expect(found['tls']).toMatchObject({ state: 'ok', text: expect.stringMatching(/valid until \d{4}-/) as string });
    expect(found['clock']).toMatchObject({ state: 'ok' });
    expect(found['pool']).toMatchObject({ state: 'ok' });
    expect(found['disk']).toMatchObject({ text: expect.stringContaining('free at') as string });
  });

  it('says what is wrong with token, authority and engine, and ends as the worst of it', async () => {
    const wrong = await lookAtSender(...ca, '--engine', `unix://${path('none.sock')}`);
    expect(wrong.status).toBe(15);
    expect(wrong.found['receiver']).toMatchObject({ state: 'fail', text: expect.stringContaining('wants to know who ships') as string });
    expect(wrong.found['engine']).toMatchObject({ state: 'fail', hint: expect.stringContaining('--engine') as string });
    await chmod(path('token'), 0o644);
    const open = await lookAtSender('--token-file', path('token'));
    expect(open.status).toBe(15);
    expect(open.found['receiver']).toMatchObject({ state: 'fail', text: expect.stringContaining('not trusted') as string });
    expect(open.found['identity']).toMatchObject({ state: 'warn', hint: `chmod 600 ${path('token')}` });
  });
});

describe('lightermand doctor', () => {
  const tls = ['--tls-cert', certificateFiles('server').cert, '--tls-key', certificateFiles('server').key];

  it('finds a store that is served, its port and its tokens in order', async () => {
    const listen = receiver.address.replace('wss://127.0.0.1', '0.0.0.0');
    const own = ['--tls-cert', path('server.cert'), '--tls-key', path('server.key')];
    const { found, status } = await lookAtReceiver(
      '--store',
      path('store'),
      '--listen',
      listen,
      ...own,
      '--deliver',
      `archive:${path('out')}`,
    );
    expect(status).toBe(0);
    expect(found['store']).toMatchObject({ state: 'ok', text: expect.stringContaining('in use') as string });
    expect(found['port']).toMatchObject({ state: 'ok', text: expect.stringContaining('as the store is') as string });
    expect(found['access']).toMatchObject({ state: 'ok', text: '1 tokens or certificates are known' });
    expect(found['delivery']).toMatchObject({ state: 'ok' });
    expect(found['tls']).toMatchObject({ state: 'ok' });
  });

  it('says what is wrong with engine, port and access, and looks at the registry', async () => {
    await mkdir(path('fresh'));
    const host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const engine = ['--engine', `unix://${path('none.sock')}`];
    const { found, status } = await lookAtReceiver('--store', path('fresh'), '--listen', host, ...engine, '--push', host);
    expect(status).toBe(2);
    expect(found['engine']).toMatchObject({ state: 'fail', text: expect.stringContaining('none.sock') as string });
    expect(found['port']).toMatchObject({ state: 'fail', hint: expect.stringContaining('something else listens') as string });
    expect(found['registry']).toMatchObject({ state: 'warn', hint: expect.stringContaining('docker login') as string });
    const exposed = await lookAtReceiver('--store', path('fresh'), '--listen', '0.0.0.0:0', ...tls, '--deliver', 'none');
    expect(exposed.found['access']).toMatchObject({ state: 'fail', hint: expect.stringContaining('token add') as string });
  });
});
