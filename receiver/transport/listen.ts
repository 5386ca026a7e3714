/**
 * The receiver's end of the link: a WebSocket server (RFC 6455), with or without TLS. The one importer of `ws` in the receiver.
 *
 * A connection goes through three gates, and is cut off at the first that is shut: its place among the connections, the time that it
 * has until it is a WebSocket (TLS and headers included), and who it says it is. Nothing of it takes memory beyond fixed bounds before.
 */
import { createServer as createHttp, STATUS_CODES, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createServer as createTcp, Socket, type AddressInfo, type Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTls, TLSSocket, type Server as TlsServer } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { Channel } from '../../shared/channel/port.ts';
import { createSocketChannel } from '../../shared/channel/socket-channel.ts';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { bindError, formatListenAddress, parseListenAddress } from '../../shared/listen-address.ts';
import { FRAME_BYTES_MAX, UPGRADE_BYTES_MAX, UPGRADE_TIMEOUT_MS } from '../../shared/limits.ts';
import { readTlsFiles, type TlsFiles } from '../../shared/tls-files.ts';
import { openAccess, type Access } from '../access/access.ts';
import type { Credentials } from '../access/gatekeeper.ts';
import { certificateNames } from './certificate-names.ts';
import { createConnectionCounter, type ConnectionLimits, type Place } from './connection-counter.ts';

export interface Listener extends AsyncDisposable {
  /** HOST:PORT that is listened on, the port resolved where 0 was asked for. */
  readonly address: string;
  /** Reads the TLS files again, for connections from now on. @throws TransferError USAGE: what was read before stays. */
  reloadTls(): void;
}

/** @param onChannel called for each connection with the peer's address and what it may do; it owns the channel. */
export type OnChannel = (channel: Channel, peer: string, access: Access) => void;

export interface ListenOptions {
  /** Without, connections are plain. */
  readonly tls?: TlsFiles | undefined;
  /** Lets a connection in, or throws TransferError UNAUTHORIZED; without, everybody may do everything. */
  readonly admit?: (credentials: Credentials) => Promise<Access>;
  /** Told of each connection that does not become a conversation. */
  readonly onRefused?: (peer: string, why: string) => void;
  readonly upgradeTimeoutMs?: number;
  readonly limits?: ConnectionLimits;
}

/** A TCP connection, from when it was taken. */
interface Connection {
  readonly tcp: Socket;
  readonly peer: string;
  readonly place: Place;
  readonly deadline: NodeJS.Timeout;
  /** Tells why it is refused, the first time. */
  readonly refused: (why: string) => void;
}

/**
 * Listens on `HOST:PORT`.
 * @throws TransferError USAGE for an address of another form, or one that cannot be bound, or TLS files that cannot be used.
 */
export async function listen(address: string, onChannel: OnChannel, options: ListenOptions = {}): Promise<Listener> {
  const { host, port } = parseListenAddress(address);
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: FRAME_BYTES_MAX, clientTracking: true });
  const connections = new Map<string, Connection>();
  const http = createHttp({ maxHeaderSize: UPGRADE_BYTES_MAX }, (_request, response) => {
    response.writeHead(426, { connection: 'close' }).end('this is a lightermand: it speaks WebSocket only\n');
  });
  http.on('clientError', (error, socket) => {
    const { code } = error as Error & { readonly code?: string };
    if (socket instanceof Socket) connections.get(keyOf(socket))?.refused(`no HTTP: ${code ?? error.message}`);
    refuse(socket, code === 'HPE_HEADER_OVERFLOW' ? 431 : 400);
  });
  http.on('upgrade', (request, socket, head) => {
    const connection = connections.get(keyOf(request.socket));
    const admitted = connection === undefined ? Promise.resolve(undefined) : upgrade(request, connection, options);
    void admitted.then((access) => {
      if (access === undefined || connection === undefined) return;
      connection.tcp.once('close', () => access[Symbol.dispose]());
      server.handleUpgrade(request, socket, head, (webSocket) => {
        clearTimeout(connection.deadline);
        connection.place.settle();
        const { tcp, peer } = connection;
        onChannel(
          createSocketChannel(webSocket, nameOf(request), () => ({ sentBytes: tcp.bytesWritten, receivedBytes: tcp.bytesRead })),
          peer,
          access,
        );
      });
    });
  });
  const tls = options.tls === undefined ? undefined : serveTls(http, options.tls, connections);
  const front = serveTcp(tls ?? http, connections, options);
  await new Promise<void>((resolve, reject) => {
    front.once('error', (error) => reject(bindError(error, address, 'receiver')));
    front.listen(port, host, resolve);
  });
  const bound = front.address() as AddressInfo;
  return {
    address: formatListenAddress(bound),
    reloadTls() {
      if (options.tls !== undefined) tls?.setSecureContext(readTlsFiles(options.tls));
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => front.close(() => resolve()));
      for (const client of server.clients) client.terminate();
      for (const { tcp } of connections.values()) tcp.destroy();
      server.close();
      await closed;
    },
  };
}

/** The key that the client made for this handshake (RFC 6455, 4.1): 16 random bytes. */
function nameOf({ headers }: IncomingMessage): Uint8Array {
  return Buffer.from(headers['sec-websocket-key'] ?? '', 'base64').subarray(0, 16);
}

/** Takes connections while there is room, and gives them on for as long as the upgrade may take. */
function serveTcp(next: HttpServer | TlsServer, connections: Map<string, Connection>, options: ListenOptions): TcpServer {
  const { onRefused, upgradeTimeoutMs = UPGRADE_TIMEOUT_MS } = options;
  const counter = createConnectionCounter(options.limits);
  // HTTP ends its half by itself; TLS, on top of a socket that it was given, leaves a half-open one for the deadline to end.
  return createTcp({ allowHalfOpen: options.tls === undefined, noDelay: true }, (tcp) => {
    const peer = `${tcp.remoteAddress ?? '?'}:${tcp.remotePort ?? 0}`;
    const place = counter.enter(tcp.remoteAddress ?? '?');
    tcp.on('error', () => {});
    if (typeof place === 'string') {
      onRefused?.(peer, place);
      tcp.destroy();
      return;
    }
    let isTold = false;
    const refused = (why: string): void => {
      if (!isTold) onRefused?.(peer, why);
      isTold = true;
    };
    const deadline = setTimeout(() => {
      refused(`no WebSocket after ${upgradeTimeoutMs / 1000} s`);
      tcp.destroy();
    }, upgradeTimeoutMs);
    const key = keyOf(tcp);
    connections.set(key, { tcp, peer, place, deadline, refused });
    tcp.once('close', () => {
      clearTimeout(deadline);
      connections.delete(key);
      place.leave();
    });
    next.emit('connection', tcp);
  });
}

/** Both ends of a connection: no two that are open have the same, and TLS shows those of the TCP connection below it. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function serveTls(http: HttpServer, files: TlsFiles, connections: ReadonlyMap<string, Connection>): TlsServer {
  const server = createTls({
    ...readTlsFiles(files),
    ALPNProtocols: ['http/1.1'],
    // Who has no certificate may have a token: whether one of them is there is asked with the upgrade.
    requestCert: files.clientCa !== undefined,
    rejectUnauthorized: false,
  });
  server.on('secureConnection', (socket) => http.emit('connection', socket));
  server.on('tlsClientError', (error, socket) => {
    connections.get(keyOf(socket))?.refused(`no TLS: ${systemCode(error) ?? error.message}`);
    socket.destroy();
  });
  return server;
}

/** Asks who it is. Undefined where the connection was refused and answered. */
async function upgrade(request: IncomingMessage, { refused, tcp }: Connection, options: ListenOptions): Promise<Access | undefined> {
  const { socket, headers } = request;
  // Only browsers send one: a page of some web site must not speak to a receiver on the loopback of who looks at it.
  if (headers.origin !== undefined) {
    refuse(socket, 403);
    refused('a web page wants to connect');
    return undefined;
  }
  try {
    const access = (await options.admit?.(credentialsOf(request))) ?? openAccess;
    if (!tcp.destroyed) return access;
    access[Symbol.dispose]();
  } catch (error) {
    const failure = TransferError.from(error);
    refuse(socket, failure.code === 'UNAUTHORIZED' ? 401 : 503);
    refused(failure.message);
  }
  return undefined;
}

function credentialsOf({ socket, headers }: IncomingMessage): Credentials {
  return {
    token: /^Bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1],
    certificateNames: socket instanceof TLSSocket ? certificateNames(socket) : undefined,
  };
}

function refuse(socket: Duplex, status: 400 | 401 | 403 | 431 | 503): void {
  if (!socket.writable) return void socket.destroy();
  const challenge = status === 401 ? 'WWW-Authenticate: Bearer\r\n' : '';
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${challenge}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}
