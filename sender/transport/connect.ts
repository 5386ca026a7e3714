/** The sender's end of the link: a WebSocket client (RFC 6455). The one importer of `ws` in the sender. */
import { connect as connectTcp, type TcpNetConnectOpts, type Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import type { Channel } from '../../shared/channel/port.ts';
import { createSocketChannel } from '../../shared/channel/socket-channel.ts';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { FRAME_BYTES_MAX } from '../../shared/limits.ts';

const HANDSHAKE_TIMEOUT_MS = 20_000;

/**
 * Connects to `ws://HOST:PORT`.
 * @throws TransferError USAGE for an address of another form, PEER_UNREACHABLE where nobody answers, PROTOCOL_VIOLATION where what
 * answers is no receiver.
 */
export async function connect(address: string, signal?: AbortSignal): Promise<Channel> {
  const url = parseAddress(address);
  signal?.throwIfAborted();
  // Bytes are counted at the TCP socket: handshake and framing are part of what crosses the link.
  let tcp: Socket | undefined;
  const options: Omit<ClientOptions, 'createConnection'> & { createConnection: (target: TcpNetConnectOpts) => Socket } = {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    createConnection: (target) => (tcp = connectTcp({ ...target, noDelay: true })),
  };
  const socket = new WebSocket(url, options as ClientOptions);
  // Frames can arrive with the handshake's answer: the channel listens from the start.
  const channel = createSocketChannel(socket, () => ({ sentBytes: tcp?.bytesWritten ?? 0, receivedBytes: tcp?.bytesRead ?? 0 }));
  const onAbort = (): void => socket.terminate();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => reject(connectError(error, url)));
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  return channel;
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.protocol !== 'ws:' || url.hostname === '') {
    throw new TransferError('USAGE', `"${address}" is not a receiver's address`, { hint: 'want ws://HOST:PORT' });
  }
  return url;
}

function connectError(error: Error, url: URL): TransferError {
  const where = `${url.protocol}//${url.host}`;
  const answered = /^Unexpected server response: (\d+)/.exec(error.message);
  if (answered !== null)
    return new TransferError('PROTOCOL_VIOLATION', `${where} is no receiver: it answered HTTP ${answered[1]}`, { cause: error });
  return new TransferError('PEER_UNREACHABLE', `no receiver at ${where}: ${systemCode(error) ?? error.message}`, { cause: error });
}
