/** The sender's end of the link: a WebSocket client (RFC 6455), with or without TLS. The one importer of `ws` in the sender. */
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { WebSocket, type ClientOptions } from 'ws';
import type { Channel } from '../../shared/channel/port.ts';
import { createSocketChannel } from '../../shared/channel/socket-channel.ts';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { FRAME_BYTES_MAX } from '../../shared/limits.ts';
import { isLoopback } from '../../shared/loopback.ts';

const HANDSHAKE_TIMEOUT_MS = 20_000;

/** How the two sides know each other. */
export interface ConnectSecurity {
  /** Sent in the upgrade's Authorization header; never in a message or a log. */
  readonly token?: string | undefined;
  /** PEM: authorities that may have signed the receiver's certificate, in place of the system's. */
  readonly ca?: string | undefined;
  /** PEM: a certificate of this side's own, and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Plain `ws://` also to other hosts. */
  readonly insecure?: boolean | undefined;
}

/**
 * Connects to `ws://HOST:PORT` or `wss://HOST:PORT`.
 * @throws TransferError USAGE for an address of another form, or one that needs TLS; PEER_UNREACHABLE where nobody answers, PEER_LOST where
 * the connection breaks before it is one, PEER_UNTRUSTED, UNAUTHORIZED, FORBIDDEN, PROTOCOL_VIOLATION where what answers is no receiver.
 */
export async function connect(address: string, signal?: AbortSignal, security: ConnectSecurity = {}): Promise<Channel> {
  const url = parseAddress(address, security);
  const context = url.protocol === 'wss:' ? secureContext(security) : undefined;
  signal?.throwIfAborted();
  // Bytes are counted at the TCP socket: handshake, framing and TLS records are part of what crosses the link.
  let tcp: Socket | undefined;
  const name = new Uint8Array(16);
  const open = (target: TcpNetConnectOpts): Socket => {
    name.set(keyOf(target));
    tcp = connectTcp({ ...target, noDelay: true });
    return context === undefined ? tcp : connectOverTls(tcp, target.host ?? '', context);
  };
  const options: Omit<ClientOptions, 'createConnection'> & { createConnection: (target: TcpNetConnectOpts) => Socket } = {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ...(security.token !== undefined && { headers: { authorization: `Bearer ${security.token}` } }),
    createConnection: open,
  };
  const socket = new WebSocket(url, options as ClientOptions);
  // Frames can arrive with the handshake's answer: the channel listens from the start.
  const channel = createSocketChannel(socket, name, () => ({ sentBytes: tcp?.bytesWritten ?? 0, receivedBytes: tcp?.bytesRead ?? 0 }));
  const onAbort = (): void => socket.terminate();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => reject(connectError(error, url, security)));
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  return channel;
}

/** The key of the handshake (RFC 6455, 4.1), 16 random bytes, as the request is about to be sent with it. */
function keyOf(request: object): Uint8Array {
  const { headers } = request as { readonly headers?: Readonly<Record<string, string>> };
  return Buffer.from(headers?.['Sec-WebSocket-Key'] ?? '', 'base64').subarray(0, 16);
}

/**
 * A receiver's address.
 * @throws TransferError USAGE for one of another form, or of a plain connection that somebody could listen to.
 */
export function parseAddress(address: string, { ca, cert, insecure }: ConnectSecurity = {}): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^wss?:$/.test(url.protocol) || url.hostname === '' || url.username !== '' || url.password !== '')
    throw new TransferError('USAGE', `"${url === undefined ? address : withoutPassword(url)}" is not a receiver's address`, {
      hint: 'want ws://HOST:PORT or wss://HOST:PORT',
    });
  if (url.protocol === 'wss:') return url;
  if (ca !== undefined || cert !== undefined) throw new TransferError('USAGE', '--ca and --cert go with wss://');
  if (insecure !== true && !isLoopback(url.hostname))
    throw new TransferError('USAGE', `${address} would be neither secret nor authenticated`, {
      hint: 'use wss://, a tunnel to the loopback, or --insecure where the network itself is trusted',
    });
  return url;
}

function withoutPassword(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function secureContext({ ca, cert, key }: ConnectSecurity): SecureContext {
  try {
    return createSecureContext({
      minVersion: 'TLSv1.3',
      ca: ca ?? systemAuthorities(),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  } catch (error) {
    throw new TransferError('USAGE', `--ca, --cert or --key cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** Those of the system; of Node where the system has none, as in a small container. NODE_EXTRA_CA_CERTS adds to them. */
function systemAuthorities(): string[] {
  const system = getCACertificates('system');
  return [...(system.length > 0 ? system : getCACertificates('bundled')), ...getCACertificates('extra')];
}

function connectOverTls(tcp: Socket, host: string, context: SecureContext): Socket {
  // RFC 6066: addresses are not server names. The certificate is compared with `host` all the same.
  return connectTls({ socket: tcp, host, servername: isIP(host) === 0 ? host : '', secureContext: context, ALPNProtocols: ['http/1.1'] });
}

/** What OpenSSL and Node call a certificate that proves nothing. */
const UNTRUSTED =
  /^(?:CERT_|INVALID_CA|INVALID_PURPOSE|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/;
/** The other side speaks something else, or an older TLS. */
const NO_TLS = /^(?:EPROTO|ERR_SSL_)/;

function connectError(error: Error, url: URL, { token, cert }: ConnectSecurity): TransferError {
  const where = `${url.protocol}//${url.host}`;
  const answered = Number(/^Unexpected server response: (\d+)/.exec(error.message)?.[1]);
  const code = systemCode(error) ?? error.message;
  const fail = (
    as: 'UNAUTHORIZED' | 'FORBIDDEN' | 'PEER_LOST' | 'PEER_UNREACHABLE' | 'PEER_UNTRUSTED' | 'PROTOCOL_VIOLATION',
    what: string,
  ) => new TransferError(as, what, { cause: error });
  if (answered === 401)
    return fail(
      'UNAUTHORIZED',
      `${where} ${token === undefined && cert === undefined ? 'wants to know who ships' : 'does not know this token or certificate'}`,
    );
  if (answered === 403) return fail('FORBIDDEN', `${where} refuses this connection`);
  // The receiver, or a proxy whose receiver is away for a moment.
  if (answered === 429 || answered >= 500) return fail('PEER_UNREACHABLE', `${where} cannot take this connection now (HTTP ${answered})`);
  if (!Number.isNaN(answered)) return fail('PROTOCOL_VIOLATION', `${where} is no receiver: it answered HTTP ${answered}`);
  if (UNTRUSTED.test(code)) return fail('PEER_UNTRUSTED', `the certificate of ${where} is not trusted: ${code}`);
  if (NO_TLS.test(code)) return fail('PROTOCOL_VIOLATION', `${where} does not speak TLS 1.3: ${code}`);
  if (code === 'ECONNRESET' || code === 'Opening handshake has timed out')
    return fail('PEER_LOST', `the connection to ${where} broke: ${error.message}`);
  return fail('PEER_UNREACHABLE', `no receiver at ${where}: ${code}`);
}
