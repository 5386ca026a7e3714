/** The receiver's end of the link: a WebSocket server (RFC 6455). The one importer of `ws` in the receiver. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Channel } from '../../shared/channel/port.ts';
import { createSocketChannel } from '../../shared/channel/socket-channel.ts';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { FRAME_BYTES_MAX } from '../../shared/limits.ts';

export interface Listener extends AsyncDisposable {
  /** HOST:PORT that is listened on, the port resolved where 0 was asked for. */
  readonly address: string;
}

/** @param onChannel called for each connection with the peer's address; it owns the channel. */
export type OnChannel = (channel: Channel, peer: string) => void;

/**
 * Listens on `HOST:PORT`.
 * @throws TransferError USAGE for an address of another form, or one that cannot be bound.
 */
export async function listen(address: string, onChannel: OnChannel): Promise<Listener> {
  const { host, port } = parseListenAddress(address);
  const http = createServer((_request, response) => {
    response.writeHead(426, { connection: 'close' }).end('this is a lightermand: it speaks WebSocket only\n');
  });
  const server = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: FRAME_BYTES_MAX, clientTracking: true });
  server.on('connection', (socket, request: IncomingMessage) => {
    const tcp = request.socket;
    tcp.setNoDelay(true);
    const channel = createSocketChannel(socket, () => ({ sentBytes: tcp.bytesWritten, receivedBytes: tcp.bytesRead }));
    onChannel(channel, `${tcp.remoteAddress ?? '?'}:${tcp.remotePort ?? 0}`);
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error) => reject(bindError(error, address)));
    http.listen(port, host, resolve);
  });
  const bound = http.address() as AddressInfo;
  return {
    address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      server.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

function parseListenAddress(address: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535)
    throw new TransferError('USAGE', `"${address}" is not an address to listen on`, { hint: 'want HOST:PORT, such as 127.0.0.1:7700' });
  return { host: (match[1] as string).replaceAll(/[[\]]/g, ''), port };
}

function bindError(error: Error, address: string): TransferError {
  return new TransferError('USAGE', `cannot listen on ${address}: ${systemCode(error) ?? error.message}`, {
    cause: error,
    hint: 'is another receiver listening there?',
  });
}
