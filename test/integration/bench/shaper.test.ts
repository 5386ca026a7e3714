import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { UNLIMITED, type Link } from '../../../bench/links/link.ts';
import { startShaperProcess } from '../../../bench/links/shaper-process.ts';
import { createShaper } from '../../../bench/links/shaper.ts';
import { seededBytes } from '../../support/random.ts';

const FAST: Link = { name: 'fast', title: '', bitsPerSecond: 80e6, oneWayMs: 5 };

let server: Server | undefined;
afterEach(() => server?.close());

/** Answers a connection's end with the SHA-256 and the length of what came. */
async function startDigestServer(): Promise<number> {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    let length = 0;
    socket.on('data', (bytes: Buffer) => {
      hash.update(bytes);
      length += bytes.length;
    });
    socket.on('end', () => socket.end(`${hash.digest('hex')} ${length}`));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What came back until the other side closed, or undefined where the connection broke. */
async function exchange(port: number, bytes: Uint8Array): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let answer = '';
  let isBroken = false;
  socket.on('data', (piece: Buffer) => {
    answer += piece.toString();
  });
  socket.on('error', () => {
    isBroken = true;
  });
  socket.on('end', () => socket.destroy());
  socket.end(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return isBroken || answer === '' ? undefined : answer;
}

function expected(bytes: Uint8Array): string {
  return `${createHash('sha256').update(bytes).digest('hex')} ${bytes.length}`;
}

describe('shaper', () => {
  const content = seededBytes(1, 3_000_000);

  it.each([UNLIMITED, FAST])('carries every byte in both directions over $name, and counts them', async (link) => {
    await using shaper = await createShaper({ link, targetPort: await startDigestServer() });
    const answer = await exchange(shaper.port, content);
    expect(answer).toBe(expected(content));
    expect(shaper.count()).toEqual({ upBytes: content.length, downBytes: (answer as string).length, turns: 2, connections: 1 });
  });

  it('is never faster than its link', async () => {
    await using shaper = await createShaper({ link: FAST, targetPort: await startDigestServer() });
    const startedMs = performance.now();
    await exchange(shaper.port, content);
    // 3 MB at 10 MB/s, the handshake's round trip, there and back. A timer may fire a fraction of a millisecond early.
    expect(performance.now() - startedMs).toBeGreaterThan(300 + 4 * FAST.oneWayMs - 2);
  });

  it('shares the link among connections', async () => {
    await using shaper = await createShaper({ link: FAST, targetPort: await startDigestServer() });
    const parts = [content.subarray(0, 1_000_000), content.subarray(1_000_000, 2_000_000), content.subarray(2_000_000)];
    const startedMs = performance.now();
    const answers = await Promise.all(parts.map((part) => exchange(shaper.port, part)));
    expect(answers).toEqual(parts.map(expected));
    expect(performance.now() - startedMs).toBeGreaterThan(300 + 4 * FAST.oneWayMs - 2);
    expect(shaper.count()).toMatchObject({ upBytes: 3_000_000, connections: 3 });
  });

  it('breaks a connection after so many bytes', async () => {
    await using shaper = await createShaper({ link: FAST, targetPort: await startDigestServer(), cutAfterUpBytes: 1_000_000 });
    expect(await exchange(shaper.port, content)).toBeUndefined();
    expect(await exchange(shaper.port, content.subarray(0, 500_000))).toBe(expected(content.subarray(0, 500_000)));
  });

  it('breaks what is open when it is cut, and carries what comes later', async () => {
    await using shaper = await createShaper({ link: FAST, targetPort: await startDigestServer() });
    const broken = exchange(shaper.port, content);
    await expect.poll(() => shaper.count().upBytes).toBeGreaterThan(0);
    shaper.cut();
    expect(await broken).toBeUndefined();
    expect(await exchange(shaper.port, content)).toBe(expected(content));
  });

  it('a target that nobody listens on breaks the connection', async () => {
    const port = await startDigestServer();
    server?.close();
    await using shaper = await createShaper({ link: UNLIMITED, targetPort: port });
    expect(await exchange(shaper.port, content)).toBeUndefined();
  });

  it('does the same in a process of its own', async () => {
    await using shaper = await startShaperProcess();
    await using line = await shaper.lay(FAST);
    expect(await line.count()).toMatchObject({ upBytes: 0, connections: 0 });
    const port = await line.open(await startDigestServer());
    expect(await exchange(port, content)).toBe(expected(content));
    expect(await line.count()).toMatchObject({ upBytes: content.length, connections: 1 });
  });
});
