/** Two channels joined in memory by a link that breaks where a test wants it to. */
import { randomBytes } from 'node:crypto';
import type { Channel } from '../../shared/channel/port.ts';
import { createAsyncQueue } from '../../shared/channel/queue.ts';
import { TransferError } from '../../shared/errors.ts';

/** `>` from the first end to the second, as a sender talks to its receiver; `<` the other way. */
export type Direction = '>' | '<';

export interface Break {
  readonly direction: Direction;
  /** So many bytes of that direction get through, the last message perhaps in part. */
  readonly afterBytes: number;
  /** What was handed over and not yet taken is lost in both directions, as in the buffers of a host that goes away. */
  readonly isHard: boolean;
}

export interface BreakingLink {
  readonly ends: readonly [Channel, Channel];
  /** Messages that were taken at the other end. */
  readonly crossed: Readonly<Record<Direction, readonly Uint8Array[]>>;
  /** Bytes that were taken, and those of the message that broke off. */
  bytes(direction: Direction): number;
}

export function createBreakingLink(at?: Break): BreakingLink {
  const name = randomBytes(16);
  const crossed = { '>': [] as Uint8Array[], '<': [] as Uint8Array[] };
  const handedOver = { '>': 0, '<': 0 };
  const partly = { '>': 0, '<': 0 };
  const queues = { '>': createAsyncQueue<Uint8Array>(), '<': createAsyncQueue<Uint8Array>() };
  const state = { closed: false, dropped: false };
  const cut = (isHard: boolean): void => {
    state.closed = true;
    state.dropped ||= isHard;
    for (const queue of Object.values(queues)) queue.fail(new TransferError('PEER_LOST', 'the link was cut'));
  };
  const end = (out: Direction, incoming: Direction): Channel => ({
    name,
    async send(frame) {
      if (state.closed) throw new TransferError('PEER_LOST', 'the link was cut');
      const left = at?.direction === out ? at.afterBytes - handedOver[out] : Number.POSITIVE_INFINITY;
      handedOver[out] += Math.min(frame.byteLength, left);
      if (left < frame.byteLength) partly[out] = left;
      else queues[out].push(frame);
      if (left <= frame.byteLength) cut(at?.isHard === true);
      // As a socket does, it takes frames faster than they arrive.
      return Promise.resolve();
    },
    frames: (async function* () {
      for await (const frame of queues[incoming]) {
        if (state.dropped) throw new TransferError('PEER_LOST', 'the link was cut');
        crossed[incoming].push(frame);
        yield frame;
      }
    })(),
    get counters() {
      return { sentBytes: handedOver[out], receivedBytes: crossed[incoming].reduce((sum, { byteLength }) => sum + byteLength, 0) };
    },
    close() {
      state.closed = true;
      for (const queue of Object.values(queues)) queue.end();
      return Promise.resolve();
    },
    abort: () => cut(true),
  });
  return {
    ends: [end('>', '<'), end('<', '>')],
    crossed,
    bytes: (direction) => crossed[direction].reduce((sum, { byteLength }) => sum + byteLength, partly[direction]),
  };
}
