/** What reaches the port and is no sender: every gate of the listener, and that who is let in goes on. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openAccess } from '../../receiver/access/access.ts';
import type { Credentials } from '../../receiver/access/gatekeeper.ts';
import { listen, type Listener, type ListenOptions } from '../../receiver/transport/listen.ts';
import { connect } from '../../sender/transport/connect.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { FRAME_BYTES_MAX } from '../../shared/limits.ts';
import { certificateFiles, readCertificate, readKey } from '../support/certificates.ts';
import { waitUntil } from '../support/process.ts';

const WAIT_MS = 60_000;
const UPGRADE = 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('a listener', () => {
  let listener: Listener | undefined;
  let channels: Channel[];
  let refusals: string[];
  let ended: string[];
  const sockets: Socket[] = [];
  const start = async (options: ListenOptions = {}): Promise<Listener> => {
    channels = [];
    refusals = [];
    // Of this listener alone: connections of the one before may end late.
    const endings: string[] = (ended = []);
    const take = (channel: Channel): void => {
      channels.push(channel);
      // Reads until the end, as a conversation does.
      void Array.fromAsync(channel.frames).then(
        () => endings.push('in order'),
        (error: unknown) => endings.push(TransferError.from(error).code),
      );
    };
    listener = await listen('127.0.0.1:0', take, { onRefused: (_peer, why) => void refusals.push(why), ...options });
    return listener;
  };
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await listener?.[Symbol.asyncDispose]();
  });
  /** Says something, and collects what is answered until the other side ends it. */
  const say = async ({ address }: Listener, text: string): Promise<string> => {
    const socket = connectTcp({ port: Number(address.split(':')[1]), host: '127.0.0.1' });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(text);
    const heard: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
    await new Promise((resolve) => socket.once('close', resolve));
    return Buffer.concat(heard).toString();
  };
  const expectOthersGoOn = async ({ address }: Listener): Promise<void> => {
    const before = channels.length;
    const channel = await connect(`ws://${address}`);
    await channel.send(Uint8Array.of(1));
    await channel.close();
    expect(await waitUntil(() => channels.length === before + 1 && ended.at(-1) === 'in order', WAIT_MS)).toBe(true);
  };

  test.each([
    ['headers that never end', `${UPGRADE}X: `],
    ['nothing at all', ''],
    ['a request line that never ends', 'GET /'],
  ])('%s: closed when the time is over', async (_what, text) => {
    const there = await start({ upgradeTimeoutMs: 300 });
    await say(there, text);
    expect(refusals).toEqual(['no WebSocket after 0.3 s']);
    await expectOthersGoOn(there);
  });

  test('TLS that never begins, and TLS that is none: closed', async () => {
    const there = await start({ upgradeTimeoutMs: 300, tls: certificateFiles('server') });
    await say(there, '');
    expect(refusals).toEqual(['no WebSocket after 0.3 s']);
    await say(there, `${UPGRADE}${KEY}\r\n`);
    expect(refusals.slice(1)).toEqual([expect.stringMatching(/^no TLS: /)]);
    const channel = await connect(`wss://${there.address}`, undefined, { ca: readCertificate('ca') });
    await channel.close();
    expect(channels).toHaveLength(1);
  });

  test.each([
    ['no HTTP', '\0\x01\x02 what is this\r\n\r\n', /^(?:HTTP\/1\.1 400|$)/],
    ['headers beyond the limit', `${UPGRADE}X: ${'x'.repeat(9000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
    ['a plain request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 426/],
    ['a request of a web page', `${UPGRADE}${KEY}Origin: https://evil.example\r\n\r\n`, /^HTTP\/1\.1 403/],
    ['an upgrade without a key', `${UPGRADE}\r\n`, /^HTTP\/1\.1 400/],
    ['an upgrade to something else', UPGRADE.replace('websocket', 'h2c') + '\r\n', /^HTTP\/1\.1 400/],
  ])('%s: answered, and closed', async (_what, text, answer) => {
    const there = await start({ upgradeTimeoutMs: 5000 });
    expect(await say(there, text)).toMatch(answer);
    expect(channels).toEqual([]);
    await expectOthersGoOn(there);
  });

  test('a flood of connections: those beyond the limits are closed, those that are in go on', async () => {
    const there = await start({ upgradeTimeoutMs: 2000, limits: { waiting: 8, all: 40, perAddress: 40 } });
    const inside = await connect(`ws://${there.address}`);
    const flood = Array.from({ length: 60 }, () => say(there, 'GET'));
    await Promise.all(flood);
    expect(refusals.filter((why) => why.includes('no conversation yet')).length).toBeGreaterThanOrEqual(40);
    await inside.send(Uint8Array.of(1));
    await inside.close();
    await expectOthersGoOn(there);
    const many = await Promise.allSettled(Array.from({ length: 45 }, async () => connect(`ws://${there.address}`)));
    const connected = many.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    expect(connected.length).toBeLessThanOrEqual(40);
    for (const channel of connected) channel.abort();
  });

  test.each<[string, string, (socket: WebSocket) => void]>([
    ['a text message', 'PEER_LOST', (socket) => socket.send('hello')],
    ['a frame above the limit', 'LIMIT_EXCEEDED', (socket) => socket.send(new Uint8Array(FRAME_BYTES_MAX + 1))],
    ['a frame in pieces that are together above the limit', 'LIMIT_EXCEEDED', (socket) => {
      for (let i = 0; i < 5; i++) socket.send(new Uint8Array(FRAME_BYTES_MAX / 4), { fin: false });
    }],
    // A header that announces 2^62 bytes, and a frame that is not masked: written below the library.
    ['a frame of unheard size', 'LIMIT_EXCEEDED', (socket) => rawOf(socket).write(Buffer.from('82ff4000000000000000', 'hex'))],
    ['a frame without a mask', 'PEER_LOST', (socket) => rawOf(socket).write(Buffer.from('820101', 'hex'))],
    ['reserved bits', 'PEER_LOST', (socket) => rawOf(socket).write(Buffer.from('f28100000000ff', 'hex'))],
    ['the connection cut', 'PEER_LOST', (socket) => rawOf(socket).destroy()],
  ])('%s: %s', async (_what, code, attack) => {
    const there = await start();
    attack(await webSocket(there));
    expect(await waitUntil(() => ended.length === 1, WAIT_MS)).toBe(true);
    // Text and what the library finds wrong end the link; only what is too large has a code of its own.
    expect(ended[0] === 'PROTOCOL_VIOLATION' ? 'PEER_LOST' : ended[0]).toBe(code);
    await expectOthersGoOn(there);
  }); // prettier-ignore

  test('who is asked and brings nothing valid is not let in, and a wrong host or authority is found out', async () => {
    const brought: Credentials[] = [];
    const admit = (credentials: Credentials): Promise<typeof openAccess> => {
      brought.push(credentials);
      if (credentials.token === 'lmt_right' || credentials.certificateNames?.includes('dc1.example') === true)
        return Promise.resolve(openAccess);
      return Promise.reject(new TransferError('UNAUTHORIZED', 'no'));
    };
    const there = await start({ tls: { ...certificateFiles('server'), clientCa: certificateFiles('ca').cert }, admit });
    const address = `wss://${there.address}`;
    const ca = readCertificate('ca');
    await expect(connect(address, undefined, { ca })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(connect(address, undefined, { ca, token: 'lmt_wrong' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const other = { cert: readCertificate('client-other'), key: readKey('client-other') };
    await expect(connect(address, undefined, { ca, ...other })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(brought.map(({ certificateNames }) => certificateNames)).toEqual([undefined, undefined, undefined]);
    await (await connect(address, undefined, { ca, token: 'lmt_right' })).close();
    await (await connect(address, undefined, { ca, cert: readCertificate('client'), key: readKey('client') })).close();
    expect(brought.at(-1)?.certificateNames).toEqual(['dc1', 'dc1.example', 'spiffe://example/dc1']);
    expect(refusals).toEqual(['no', 'no', 'no']);
    await expect(connect(address, undefined, { ca: readCertificate('other-ca') })).rejects.toMatchObject({ code: 'PEER_UNTRUSTED' });
    await expect(connect(address, undefined, { ca: 'no certificate', cert: 'x', key: 'y' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('a certificate of another host is not trusted; TLS 1.2 is not spoken', async () => {
    const there = await start({ tls: certificateFiles('server-elsewhere') });
    await expect(connect(`wss://${there.address}`, undefined, { ca: readCertificate('ca') })).rejects.toMatchObject({
      code: 'PEER_UNTRUSTED',
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string,
    });
    const old = connectTls({ port: Number(there.address.split(':')[1]), maxVersion: 'TLSv1.2', rejectUnauthorized: false });
    const [error] = (await once(old, 'error')) as [Error & { code: string }];
    expect(error.code).toMatch(/PROTOCOL_VERSION/);
    expect(refusals.at(-1)).toMatch(/^no TLS: .*UNSUPPORTED_PROTOCOL/);
  });

  test('wire counts what crossed, TLS included', async () => {
    const there = await start({ tls: certificateFiles('server') });
    const near = await connect(`wss://${there.address}`, undefined, { ca: readCertificate('ca') });
    await near.send(new Uint8Array(100_000));
    await near.close();
    expect(await waitUntil(() => ended.length === 1, WAIT_MS)).toBe(true);
    const far = channels[0] as Channel;
    expect(far.counters.receivedBytes).toBe(near.counters.sentBytes);
    expect(near.counters.receivedBytes).toBe(far.counters.sentBytes);
    // Records of at most 16 KiB have 22 bytes around them; and there were certificates.
    expect(near.counters.sentBytes).toBeGreaterThan(100_000 + 7 * 22);
    expect(near.counters.receivedBytes).toBeGreaterThan(500);
  });
});

async function webSocket({ address }: Listener): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${address}`, { perMessageDeflate: false });
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

/** The socket below the library's. */
function rawOf(socket: WebSocket): Socket {
  // oxlint-disable-next-line no-underscore-dangle -- the library has no other way to it
  return (socket as unknown as { readonly _socket: Socket })._socket;
}
