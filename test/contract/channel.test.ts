/** What every channel must do: the memory pair, and the WebSocket between the two transports. */
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../receiver/transport/listen.ts';
import { connect } from '../../sender/transport/connect.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { FRAME_BYTES_MAX } from '../../shared/limits.ts';
import { certificateFiles, readCertificate } from '../support/certificates.ts';
import { seededBytes } from '../support/random.ts';

interface Pair {
  readonly near: Channel;
  readonly far: Channel;
  dispose(): Promise<void>;
}

async function socketPair(): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<Channel>();
  const listener = await listen('127.0.0.1:0', (channel) => resolve(channel));
  const near = await connect(`ws://${listener.address}`);
  return { near, far: await promise, dispose: async () => listener[Symbol.asyncDispose]() };
}

async function tlsPair(): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<Channel>();
  const listener = await listen('127.0.0.1:0', (channel) => resolve(channel), { tls: certificateFiles('server') });
  const near = await connect(`wss://${listener.address}`, undefined, { ca: readCertificate('ca') });
  return { near, far: await promise, dispose: async () => listener[Symbol.asyncDispose]() };
}

function memoryPair(): Promise<Pair> {
  const [near, far] = createMemoryChannelPair();
  return Promise.resolve({ near, far, dispose: () => Promise.resolve() });
}

const ADAPTERS: readonly (readonly [string, () => Promise<Pair>])[] = [
  ['memory', memoryPair],
  ['WebSocket', socketPair],
  ['WebSocket over TLS', tlsPair],
];

describe.each(ADAPTERS)('channel contract: %s', (_name, create) => {
  let pair: Pair | undefined;
  const open = async (): Promise<Pair> => (pair = await create());
  afterEach(() => pair?.dispose());

  it('carries frames both ways, whole and in order', async () => {
    const { near, far } = await open();
    const frames = [1, 0, 100, 70_000, 3_000_000].map((length, i) => seededBytes(i, length));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const received: Uint8Array[] = [];
      const reading = (async () => {
        for await (const frame of to.frames) if (received.push(new Uint8Array(frame)) === frames.length) break;
      })();
      for (const frame of frames) await from.send(frame.slice());
      await reading;
      expect(received.map((frame) => Buffer.from(frame).equals(Buffer.from(frames[received.indexOf(frame)] as Uint8Array)))).toEqual(
        frames.map(() => true),
      );
    }
  });

  it('counts what it carried', async () => {
    const { near, far } = await open();
    const before = near.counters.sentBytes;
    const reading = far.frames[Symbol.asyncIterator]().next();
    await near.send(seededBytes(1, 10_000));
    await reading;
    expect(near.counters.sentBytes - before).toBeGreaterThanOrEqual(10_000);
    expect(far.counters.receivedBytes).toBeGreaterThanOrEqual(10_000);
  });

  it('holds a sender back while nobody reads', async () => {
    const { near } = await open();
    let sent = 0;
    const sending = (async () => {
      for (; sent < 200; sent++) await near.send(new Uint8Array(1_000_000));
    })();
    sending.catch(() => {});
    await new Promise((settle) => setTimeout(settle, 300));
    expect(sent).toBeLessThan(100);
    near.abort();
    await sending.catch(() => {});
  });

  it('ends in order when the peer closes, and refuses to send after', async () => {
    const { near, far } = await open();
    await near.send(Uint8Array.of(1));
    const [frames] = await Promise.all([Array.fromAsync(far.frames), near.close()]);
    expect(frames.map((frame) => [...frame])).toEqual([[1]]);
    await expect(near.send(Uint8Array.of(2))).rejects.toMatchObject({ code: 'PEER_LOST' });
    await near.close();
  });

  it('says PEER_LOST when the link is cut', async () => {
    const { near, far } = await open();
    const reading = Array.fromAsync(far.frames);
    near.abort();
    await expect(reading).rejects.toMatchObject({ code: 'PEER_LOST' });
  });
});

// A socket waits some seconds for the end of what is under way: all of them at once.
it.concurrent.each(ADAPTERS)('channel contract: %s lets go of a sender that is held back when the peer closes', async (_name, create) => {
  const pair = await create();
  const { near, far } = pair;
  const sending = (async () => {
    for (;;) await near.send(new Uint8Array(1_000_000));
  })();
  sending.catch(() => {});
  await Promise.all([far.close(), expect(sending).rejects.toMatchObject({ code: 'PEER_LOST' })]);
  await pair.dispose();
});

describe('WebSocket channel', () => {
  it('refuses a frame above the limit before it is sent', async () => {
    const pair = await socketPair();
    const { near } = pair;
    await expect(near.send(new Uint8Array(FRAME_BYTES_MAX + 1))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await near.send(new Uint8Array(FRAME_BYTES_MAX));
    await pair.dispose();
  });

  it.each(['http://x', 'ws://', 'nonsense'])('refuses the address %s', async (address) => {
    await expect(connect(address)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each(['7700', '127.0.0.1', '127.0.0.1:99999', 'host:port'])('refuses to listen on %s', async (address) => {
    await expect(listen(address, () => {})).rejects.toMatchObject({ code: 'USAGE' });
  });
});
