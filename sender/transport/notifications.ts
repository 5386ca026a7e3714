/** Takes notifications of a registry: HTTP, POST, JSON; answered at once, since a registry that is not answered tells everything again. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TransferError } from '../../shared/errors.ts';
import { NOTIFICATION_BYTES_MAX, STATUS_CONNECTIONS_MAX, STATUS_HEADER_BYTES_MAX, STATUS_TIMEOUT_MS } from '../../shared/limits.ts';
import { bindError, formatListenAddress, parseListenAddress } from '../../shared/listen-address.ts';
import { isLoopback } from '../../shared/loopback.ts';

export interface NotificationOptions {
  /** HOST:PORT. */
  readonly address: string;
  /** Wanted as `Authorization: Bearer TOKEN`. */
  readonly token: string | undefined;
  /** @returns false for what it does not understand. */
  readonly onNotification: (body: string) => boolean;
}

export interface NotificationServer extends AsyncDisposable {
  /** The port resolved where 0 was asked for. */
  readonly address: string;
}

/** @throws TransferError USAGE for an address that cannot be bound, or one beyond the loopback without a token. */
export async function listenNotifications(options: NotificationOptions): Promise<NotificationServer> {
  const { host, port } = parseListenAddress(options.address);
  if (!isLoopback(host) && options.token === undefined)
    throw new TransferError('USAGE', `whoever reaches ${options.address} could have images shipped`, {
      hint: 'give --token-file, or listen on 127.0.0.1',
    });
  const limits = { maxHeaderSize: STATUS_HEADER_BYTES_MAX, requestTimeout: STATUS_TIMEOUT_MS, headersTimeout: STATUS_TIMEOUT_MS };
  const server = createServer(limits, (request, response) => {
    answer(request, options).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(400).end(),
    );
  });
  server.maxConnections = STATUS_CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error, options.address, 'program')));
    server.listen(port, host, resolve);
  });
  return {
    address: formatListenAddress(server.address() as AddressInfo),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @returns the status. */
async function answer(request: IncomingMessage, { token, onNotification }: NotificationOptions): Promise<number> {
  if (request.method !== 'POST') return 405;
  if (token !== undefined && !isSame(request.headers.authorization ?? '', `Bearer ${token}`)) return 401;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > NOTIFICATION_BYTES_MAX) return 413;
    pieces.push(piece);
  }
  return onNotification(Buffer.concat(pieces).toString()) ? 200 : 400;
}

/** In constant time, whatever the lengths. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
