/**
 * A link in userspace: a TCP proxy on loopback with a rate and a delay in each direction, shared by all its connections, that counts what
 * crosses. It is the one place where the benchmark counts bytes, the same for every technique.
 *
 * Not modelled: loss, slow start, and the bytes of TCP, IP and Ethernet headers. A connection costs its round trip: nothing of it crosses
 * before the handshake would have.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { createLine, type Line } from './line.ts';
import type { Link } from './link.ts';

const LOOPBACK = '127.0.0.1';
/** A piece takes about this long on the line, so that delivery is smooth and counters are current. */
const PIECE_MS = 4;
const PIECE_BYTES_MIN = 1448;
/** What may wait at the entrance of a line, beyond what is under way: the buffer of a router. */
const QUEUE_MS = 100;
const QUEUE_BYTES_MIN = 128 * 1024;
const QUEUE_BYTES_UNLIMITED = 64 * 1024 * 1024;

export interface WireCount {
  /** From the side that connects (the sender of images) to the side that listens. */
  readonly upBytes: number;
  readonly downBytes: number;
  /** How often the payload changed its direction; half of it bounds the round trips from above. */
  readonly turns: number;
  readonly connections: number;
}

export interface Shaper extends AsyncDisposable {
  /** Where to connect instead of the target. */
  readonly port: number;
  /** Since the shaper was made. */
  count(): WireCount;
  /** Breaks every open connection, as a link that goes down does. */
  cut(): void;
}

export interface ShaperOptions {
  readonly link: Link;
  readonly targetPort: number;
  /** To listen on; a free one where it is not given. */
  readonly port?: number;
  readonly clock?: Clock;
  /** Breaks a connection when it has carried this many bytes upwards. */
  readonly cutAfterUpBytes?: number;
}

interface Direction {
  readonly line: Line;
  /** Ends of connections that wait until the line has room. */
  readonly waiting: Set<Socket>;
  bytes: number;
}

/** Listens on a loopback port and passes every connection on to the target port. The caller disposes it. */
export async function createShaper({
  link,
  targetPort,
  port = 0,
  clock = systemClock,
  cutAfterUpBytes = Infinity,
}: ShaperOptions): Promise<Shaper> {
  const up: Direction = { line: createLine(link, clock), waiting: new Set(), bytes: 0 };
  const down: Direction = { line: createLine(link, clock), waiting: new Set(), bytes: 0 };
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  let turns = 0;
  let connections = 0;
  let last: Direction | undefined;

  const adopt = (socket: Socket, peerOf: () => Socket | undefined): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    const end = (): void => {
      sockets.delete(socket);
      peerOf()?.destroy();
    };
    socket.on('error', end).on('close', () => (socket.readableEnded ? sockets.delete(socket) : end()));
  };
  const pass = (source: Socket, target: () => Socket | undefined, direction: Direction): void => {
    let carried = 0;
    source.on('data', (bytes: Buffer) => {
      if (last !== direction) turns++;
      last = direction;
      direction.bytes += bytes.length;
      carried += bytes.length;
      if (direction === up && carried >= cutAfterUpBytes) {
        source.destroy();
        return;
      }
      for (const piece of pieces(bytes, link)) {
        direction.line.carry(piece.length, () => deliver(source, target(), direction, piece, link));
      }
      if (direction.line.inFlightBytes > queueBytesMax(link)) {
        direction.waiting.add(source);
        source.pause();
      }
    });
    source.on('end', () => direction.line.carry(0, () => void target()?.end()));
  };
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    connections++;
    let far: Socket | undefined;
    adopt(near, () => far);
    const open = (): void => {
      if (near.destroyed) return;
      const opened = connect({ host: LOOPBACK, port: targetPort, allowHalfOpen: true });
      far = opened;
      adopt(opened, () => near);
      pass(opened, () => near, down);
    };
    const start = (): void => {
      up.line.carry(0, open);
      pass(near, () => far, up);
    };
    if (link.oneWayMs === 0) start();
    else clock.sleep(2 * link.oneWayMs, closing.signal).then(start, () => undefined);
  });
  server.listen(port, LOOPBACK);
  await once(server, 'listening');

  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    count: () => ({ upBytes: up.bytes, downBytes: down.bytes, turns, connections }),
    cut,
    async [Symbol.asyncDispose]() {
      closing.abort();
      up.line.close();
      down.line.close();
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

/** Hands a piece to the far end, which may hold its near end back, and lets those go on that waited for room on the line. */
function deliver(source: Socket, target: Socket | undefined, { line, waiting }: Direction, piece: Uint8Array, link: Link): void {
  if (target !== undefined && !target.destroyed && !target.write(piece)) {
    source.pause();
    target.once('drain', () => waiting.has(source) || source.resume());
  }
  if (line.inFlightBytes > queueBytesMax(link) / 2) return;
  for (const socket of waiting) socket.resume();
  waiting.clear();
}

/** The bandwidth-delay product and the router's buffer. */
function queueBytesMax(link: Link): number {
  if (link.bitsPerSecond === undefined) return QUEUE_BYTES_UNLIMITED;
  return Math.max(QUEUE_BYTES_MIN, ((link.oneWayMs + QUEUE_MS) * link.bitsPerSecond) / 8000);
}

function* pieces(bytes: Uint8Array, link: Link): Generator<Uint8Array> {
  const pieceBytes =
    link.bitsPerSecond === undefined ? bytes.length : Math.max(PIECE_BYTES_MIN, Math.round((link.bitsPerSecond * PIECE_MS) / 8000));
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
