/**
 * What an agent shows of itself over HTTP: a few pages that can be read, and nothing that can be changed. Off unless asked for.
 *
 * Who may read: everybody on the loopback where no token is set, but only under a loopback name in the Host header, so that no web page can
 * get at it by way of a browser; with a token, who brings it as `Authorization: Bearer TOKEN`, or as the password of a browser's question.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TransferError } from '../errors.ts';
import { isSameToken, listenHttp, type Dare, type HttpListener } from '../http-listener.ts';
import { isLoopback } from '../loopback.ts';
import type { TlsFiles } from '../tls-files.ts';

export interface Page {
  /** By default 200. */
  readonly status?: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly page: (query: URLSearchParams) => Page | Promise<Page>;
  /** Shown to everybody: tells nothing but that the agent is there. */
  readonly isOpen?: boolean;
}

export interface StatusServerOptions {
  /** HOST:PORT. */
  readonly address: string;
  /** By path. */
  readonly routes: Readonly<Record<string, Route>>;
  readonly token?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly dare?: Dare;
  readonly log: { warn(fields: object, message: string): void };
}

export type StatusServer = HttpListener;

/** With the flags of `lightermand serve`. */
export const STATUS_DARE: Dare = {
  what: 'read the status',
  token: '--status-token-file',
  tls: '--tls-cert and --tls-key',
  insecure: '--insecure',
};

/** @throws TransferError USAGE for an address that cannot be bound, or one beyond the loopback without a token. */
export async function serveStatus(options: StatusServerOptions): Promise<StatusServer> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(request, options).then(
      (page) => send(request, response, page),
      (error: unknown) => {
        options.log.warn({ path: request.url }, `status: ${TransferError.from(error).message}`);
        send(request, response, plain(500, 'an error: see the log'));
      },
    );
  const { address, token, tls, dare = STATUS_DARE, log } = options;
  return listenHttp(onRequest, { address, hasToken: token !== undefined, tls, dare, log });
}

/** A page of one line. */
export function plain(status: number, words: string, headers: Readonly<Record<string, string>> = {}): Page {
  return { status, type: 'text/plain; charset=utf-8', body: `${words}\n`, headers };
}

export function json(value: unknown): Page {
  return { type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

async function answer(request: IncomingMessage, { routes, token }: StatusServerOptions): Promise<Page> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET and HEAD', { allow: 'GET, HEAD' });
  const base = 'http://status';
  const target = request.url ?? '/';
  if (!target.startsWith('/') || !URL.canParse(base + target)) return plain(400, 'no such address');
  const { pathname, searchParams } = new URL(base + target);
  const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (route === undefined) return plain(404, 'there is no such page');
  if (route.isOpen !== true) {
    if (token === undefined && !isLoopback(hostOf(request))) return plain(421, 'this is served under a loopback name only');
    if (token !== undefined && !brings(request, token))
      return plain(401, 'a token is needed', { 'www-authenticate': 'Basic realm="lighterman status", charset="UTF-8"' });
  }
  return route.page(searchParams);
}

function hostOf({ headers }: IncomingMessage): string {
  return (headers.host ?? '').replace(/:\d+$/, '');
}

function brings({ headers }: IncomingMessage, token: string): boolean {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  const brought =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(value, 'base64')
          .toString()
          .replace(/^[^:]*:/, '')
      : value;
  return isSameToken(brought, token);
}

function send(request: IncomingMessage, response: ServerResponse, { status = 200, type, body, headers }: Page): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
