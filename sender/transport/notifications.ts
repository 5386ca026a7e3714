/** Takes notifications of a registry: HTTP, POST, JSON; answered at once, since a registry that is not answered tells everything again. */
import type { IncomingMessage } from 'node:http';
import { isSameToken, listenHttp, type Dare, type HttpListener, type HttpOptions } from '../../shared/http-listener.ts';
import { NOTIFICATION_BYTES_MAX } from '../../shared/limits.ts';

export interface NotificationOptions {
  /** HOST:PORT. */
  readonly address: string;
  /** Wanted as `Authorization: Bearer TOKEN`. */
  readonly token: string | undefined;
  readonly tls?: HttpOptions['tls'];
  readonly log: HttpOptions['log'];
  /** @returns false for what it does not understand. */
  readonly onNotification: (body: string) => boolean;
}

/** With the flags of `lighterman serve-hooks`. */
export const NOTIFICATION_DARE: Dare = {
  what: 'have images shipped',
  token: '--token-file',
  tls: '--tls-cert and --tls-key',
  insecure: '--insecure',
};

/** @throws TransferError USAGE for an address that cannot be bound, or one beyond the loopback without a token. */
export function listenNotifications(options: NotificationOptions): Promise<HttpListener> {
  const { address, token, tls, log } = options;
  return listenHttp(
    (request, response) => {
      answer(request, options).then(
        (status) => response.writeHead(status).end(),
        () => response.writeHead(400).end(),
      );
    },
    { address, hasToken: token !== undefined, tls, dare: NOTIFICATION_DARE, log },
  );
}

/** @returns the status. */
async function answer(request: IncomingMessage, { token, onNotification }: NotificationOptions): Promise<number> {
  if (request.method !== 'POST') return 405;
  // A registry names no origin; a web page in a browser here would.
  if (request.headers.origin !== undefined) return 403;
  if (token !== undefined && !isSameToken(request.headers.authorization ?? '', `Bearer ${token}`)) return 401;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > NOTIFICATION_BYTES_MAX) return 413;
    pieces.push(piece);
  }
  return onNotification(Buffer.concat(pieces).toString()) ? 200 : 400;
}
