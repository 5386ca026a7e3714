/** Frames, and the WebSocket that carries them, against a bare TCP connection. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { decodeSegmentFrame, encodeSegmentFrame, NO_BASE, type SegmentFrame } from '../../shared/wire/bulk.ts';
import { listen } from '../../receiver/transport/listen.ts';
import { connect } from '../../sender/transport/connect.ts';
import type { Micro } from './micro.ts';

const RUN_BYTES = 1024 * 1024;
const FRAMES = 64;
const WORK = FRAMES * RUN_BYTES;

export async function wireMicro(): Promise<Micro> {
  const payload = new Uint8Array(randomBytes(RUN_BYTES));
  const frame: SegmentFrame = { segment: 1, stream: 2, runs: [{ codec: 1, chunkCount: 32, base: NO_BASE, payload }] };
  const encoded = encodeSegmentFrame(frame);
  return {
    name: 'wire',
    unit: 'MB/s',
    cases: [
      { name: 'encode segments', work: WORK, run: () => repeat(() => void encodeSegmentFrame(frame)) },
      { name: 'decode segments', work: WORK, run: () => repeat(() => void decodeSegmentFrame(encoded)) },
      { name: 'over a WebSocket', work: WORK, run: () => overWebSocket(encoded) },
      { name: 'over bare TCP', isReference: true, work: WORK, run: () => overTcp(encoded) },
    ],
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function repeat(act: () => void): void {
  for (let index = 0; index < FRAMES; index++) act();
}

async function overWebSocket(frame: Uint8Array): Promise<void> {
  const arrived = Promise.withResolvers<void>();
  await using listener = await listen('127.0.0.1:0', (channel) => {
    const read = async (): Promise<void> => {
      let left = FRAMES;
      for await (const _ of channel.frames) if (--left === 0) break;
      arrived.resolve();
    };
    read().catch(arrived.reject);
  });
  const channel = await connect(`ws://${listener.address}`);
  for (let index = 0; index < FRAMES; index++) await channel.send(frame);
  await arrived.promise;
  channel.abort();
}

async function overTcp(frame: Uint8Array): Promise<void> {
  const server = createServer((socket) => socket.resume().on('end', () => socket.end())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
  const closed = once(socket.resume(), 'close');
  for (let index = 0; index < FRAMES; index++) if (!socket.write(frame)) await once(socket, 'drain');
  socket.end();
  await closed;
  server.close();
}
