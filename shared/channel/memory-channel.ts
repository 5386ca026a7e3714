/** Two channels joined in memory: what one sends, the other receives. For tests, and for a sender and receiver in one process. */
import { randomBytes } from 'node:crypto';
import { TransferError } from '../errors.ts';
import type { Channel } from './port.ts';
import { createAsyncQueue, type AsyncQueue } from './queue.ts';

/** Frames that may wait in one direction before `send` does. */
const FRAMES_WAITING_MAX = 4;

export function createMemoryChannelPair(): [Channel, Channel] {
  const name = randomBytes(16);
  const roomForA = createGate();
  const roomForB = createGate();
  const toA: AsyncQueue<Uint8Array> = createAsyncQueue((left) => left < FRAMES_WAITING_MAX && roomForB.open());
  const toB: AsyncQueue<Uint8Array> = createAsyncQueue((left) => left < FRAMES_WAITING_MAX && roomForA.open());
  /** Whoever closes, both may be waiting for room. */
  const wake = (): void => {
    roomForA.open();
    roomForB.open();
  };
  const state = { closed: false, wake };
  return [half(name, toA, toB, roomForA, state), half(name, toB, toA, roomForB, state)];
}

interface Gate {
  open(): void;
  wait(): Promise<void>;
}

function createGate(): Gate {
  let waiters: (() => void)[] = [];
  return {
    open() {
      const woken = waiters;
      waiters = [];
      for (const wake of woken) wake();
    },
    wait: () => new Promise((resolve) => waiters.push(resolve)),
  };
}

function half(
  name: Uint8Array,
  incoming: AsyncQueue<Uint8Array>,
  outgoing: AsyncQueue<Uint8Array>,
  room: Gate,
  state: { closed: boolean; readonly wake: () => void },
): Channel {
  let sentBytes = 0;
  let receivedBytes = 0;
  return {
    name,
    async send(frame) {
      if (state.closed) throw new TransferError('PEER_LOST', 'the channel is closed');
      sentBytes += frame.byteLength;
      outgoing.push(frame);
      while (outgoing.length >= FRAMES_WAITING_MAX && !state.closed) await room.wait();
    },
    frames: (async function* () {
      for await (const frame of incoming) {
        receivedBytes += frame.byteLength;
        yield frame;
      }
    })(),
    get counters() {
      return { sentBytes, receivedBytes };
    },
    close() {
      state.closed = true;
      outgoing.end();
      incoming.end();
      state.wake();
      return Promise.resolve();
    },
    abort() {
      state.closed = true;
      const lost = new TransferError('PEER_LOST', 'the channel was cut');
      outgoing.fail(lost);
      incoming.fail(lost);
      state.wake();
    },
  };
}
