/**
 * A channel over a WebSocket-like object. The shape is structural, so that `shared/` imports no package: the two transports hand
 * their `ws` sockets in, with the counters of the TCP socket below.
 */
import { systemClock, type Clock } from '../clock.ts';
import { TransferError } from '../errors.ts';
import { FRAME_BYTES_MAX } from '../limits.ts';
import { keepAlive } from './keep-alive.ts';
import type { Channel, WireCounters } from './port.ts';
import { createAsyncQueue } from './queue.ts';

/** What a channel needs of a WebSocket (the `ws` package's class fits). */
export interface SocketLike {
  readonly bufferedAmount: number;
  send(data: Uint8Array, options: { binary: boolean; compress: boolean }, done: (error?: Error | null) => void): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  ping(): void;
  readonly readyState: number;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown;
  on(event: 'close', listener: (code: number, reason: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** Bytes in the socket's buffer beyond which `send` waits for the kernel to take them. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;
/** Frames received and not yet consumed, beyond which reading from the socket pauses. */
const FRAMES_WAITING_MAX = 4;
/** Close codes of RFC 6455, 7.4.1, that end a conversation in order. */
const CLOSE_NORMAL = 1000;
const CLOSE_TIMEOUT_MS = 5_000;
/** `readyState` of a socket whose handshake is done and that is not closing (WHATWG WebSockets, 3.1). */
const STATE_OPEN = 1;

export function createSocketChannel(
  socket: SocketLike,
  name: Uint8Array,
  counters: () => WireCounters,
  clock: Clock = systemClock,
): Channel {
  let isPaused = false;
  const incoming = createAsyncQueue<Uint8Array>((left) => {
    if (left >= FRAMES_WAITING_MAX) return;
    isPaused = false;
    socket.resume();
  });
  let closed = false;
  let lost: TransferError | undefined;
  let final: WireCounters | undefined;
  const whenClosed = new Promise<void>((resolve) => {
    socket.on('close', (code, reason) => {
      closed = true;
      final = counters();
      if (code === CLOSE_NORMAL) incoming.end();
      else incoming.fail((lost ??= closeError(code, Buffer.from(reason).toString())));
      resolve();
    });
  });
  socket.on('error', (error) => {
    lost ??= socketError(error);
  });
  socket.on('message', (data, isBinary) => {
    if (!isBinary || !(data instanceof Uint8Array)) {
      lost ??= new TransferError('PROTOCOL_VIOLATION', 'the peer sent a text message');
      socket.terminate();
      return;
    }
    incoming.push(data);
    if (incoming.length < FRAMES_WAITING_MAX) return;
    isPaused = true;
    socket.pause();
  });
  const onSilent = (ms: number): void => {
    lost ??= new TransferError('PEER_LOST', `the connection broke: nothing came for ${ms / 1000} s`);
    socket.terminate();
  };
  const ping = (): void => {
    if (socket.readyState === STATE_OPEN) socket.ping();
  };
  const closing = new AbortController();
  void whenClosed.then(() => closing.abort());
  keepAlive({ counters, isReading: () => !isPaused, ping, onSilent, clock, signal: closing.signal }).catch(() => {});

  return {
    name,
    async send(frame) {
      if (closed) throw lost ?? new TransferError('PEER_LOST', 'the connection is closed');
      if (frame.byteLength > FRAME_BYTES_MAX)
        throw new TransferError('LIMIT_EXCEEDED', `a frame has ${frame.byteLength} bytes, the limit is ${FRAME_BYTES_MAX}`);
      const taken = new Promise<void>((resolve, reject) => {
        socket.send(frame, { binary: true, compress: false }, (error) => (error ? reject(lost ?? socketError(error)) : resolve()));
      });
      // A small frame need not wait for the kernel; a failure then shows at the next one.
      if (socket.bufferedAmount <= BUFFERED_BYTES_MAX) taken.catch(() => {});
      else await taken;
    },
    frames: incoming,
    get counters() {
      return final ?? counters();
    },
    async close() {
      if (!closed) socket.close(CLOSE_NORMAL);
      const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
      await whenClosed;
      clearTimeout(timer);
    },
    abort() {
      socket.terminate();
    },
  };
}

/** More than is taken, and more than a number can say. */
const TOO_LARGE: ReadonlySet<string> = new Set(['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH']);

function socketError(error: Error): TransferError {
  const tooLarge = 'code' in error && typeof error.code === 'string' && TOO_LARGE.has(error.code);
  return tooLarge
    ? new TransferError('LIMIT_EXCEEDED', `the peer sent a frame above ${FRAME_BYTES_MAX} bytes`, { cause: error })
    : new TransferError('PEER_LOST', `the connection broke: ${error.message}`, { cause: error });
}

function closeError(code: number, reason: string): TransferError {
  return new TransferError('PEER_LOST', `the peer closed the connection (${code}${reason === '' ? '' : `: ${reason}`})`);
}
