/** Small HTTP servers of the agents: on the loopback, or for those who bring a token; bounded in what a caller can take up. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TransferError } from './errors.ts';
import { HTTP_CONNECTIONS_MAX, HTTP_HEADER_BYTES_MAX, HTTP_TIMEOUT_MS } from './limits.ts';
import { bindError, formatListenAddress, parseListenAddress } from './listen-address.ts';
import { isLoopback } from './loopback.ts';

export interface HttpListener extends AsyncDisposable {
  /** The port resolved where 0 was asked for. */
  readonly address: string;
}

/** For `createServer`. */
export const HTTP_LIMITS = { maxHeaderSize: HTTP_HEADER_BYTES_MAX, requestTimeout: HTTP_TIMEOUT_MS, headersTimeout: HTTP_TIMEOUT_MS };

/**
 * @param address HOST:PORT.
 * @param hasToken whether callers have to bring one.
 * @param dare what anybody could do beyond the loopback without a token, and the flag that names it.
 * @throws TransferError USAGE for an address that cannot be bound, or one beyond the loopback without a token.
 */
export async function listenHttp(
  server: Server,
  address: string,
  hasToken: boolean,
  dare: { readonly what: string; readonly flag: string },
): Promise<HttpListener> {
  const { host, port } = parseListenAddress(address);
  if (!isLoopback(host) && !hasToken)
    throw new TransferError('USAGE', `whoever reaches ${address} could ${dare.what}`, {
      hint: `give ${dare.flag}, or listen on 127.0.0.1`,
    });
  server.maxConnections = HTTP_CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error, address, 'program')));
    server.listen(port, host, resolve);
  });
  return {
    address: formatListenAddress(server.address() as AddressInfo),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Takes as long whatever is brought. */
export function isSameToken(brought: string, token: string): boolean {
  return timingSafeEqual(digest(brought), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
