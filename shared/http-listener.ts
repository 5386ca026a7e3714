/** Small HTTP servers of the agents: on the loopback, or for those who bring a token, which TLS hides; bounded in what a caller can take up. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TransferError } from './errors.ts';
import { HTTP_CONNECTIONS_MAX, HTTP_HEADER_BYTES_MAX, HTTP_TIMEOUT_MS } from './limits.ts';
import { bindError, formatListenAddress, parseListenAddress } from './listen-address.ts';
import { isLoopback } from './loopback.ts';
import { followTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.ts';

export interface HttpListener extends AsyncDisposable {
  /** The port resolved where 0 was asked for. */
  readonly address: string;
  /** `https://HOST:PORT/`, or `http://`. */
  readonly url: string;
}

/** What whoever reaches the server could do, and which flags keep it from that. */
export interface Dare {
  readonly what: string;
  readonly token: string;
  /** As `--tls-cert and --tls-key`. */
  readonly tls: string;
  readonly insecure: string;
}

export interface HttpOptions {
  /** HOST:PORT. */
  readonly address: string;
  /** Whether callers have to bring one. */
  readonly hasToken: boolean;
  /** Read again when they change, and at SIGHUP; connections that are there stay. */
  readonly tls?: TlsFiles | undefined;
  readonly dare: Dare;
  readonly log: { warn(fields: object, message: string): void };
}

/** For the servers that `listenHttp` makes. */
const LIMITS = { maxHeaderSize: HTTP_HEADER_BYTES_MAX, requestTimeout: HTTP_TIMEOUT_MS, headersTimeout: HTTP_TIMEOUT_MS };

/**
 * Beyond the loopback callers bring a token, and nobody on the way can read it along unless the user said that this may be.
 * @throws TransferError USAGE
 */
export function demandGuarded(
  address: string,
  { hasToken, hasTls, insecure }: { readonly hasToken: boolean; readonly hasTls: boolean; readonly insecure: boolean | undefined },
  dare: Dare,
): void {
  if (isLoopback(parseListenAddress(address).host)) return;
  if (!hasToken)
    throw new TransferError('USAGE', `whoever reaches ${address} could ${dare.what}`, {
      hint: `give ${dare.token}, or listen on 127.0.0.1`,
    });
  if (!hasTls && insecure !== true)
    throw new TransferError('USAGE', `whoever is on the way to ${address} could read the token along`, {
      hint: `give ${dare.tls}, listen on 127.0.0.1 behind a tunnel, or say ${dare.insecure} where the network itself is trusted`,
    });
}

/** @throws TransferError USAGE for an address that cannot be bound, one beyond the loopback without a token, or TLS files that cannot be used. */
export async function listenHttp(onRequest: RequestListener, { address, hasToken, tls, dare, log }: HttpOptions): Promise<HttpListener> {
  const { host, port } = parseListenAddress(address);
  // Whether it may do without TLS, the user was asked before.
  demandGuarded(address, { hasToken, hasTls: tls !== undefined, insecure: true }, dare);
  const stack = new DisposableStack();
  const server = tls === undefined ? createHttp(LIMITS, onRequest) : serveTls(onRequest, tls, log, stack);
  server.maxConnections = HTTP_CONNECTIONS_MAX;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, address, 'program')));
      server.listen(port, host, resolve);
    });
  } catch (error) {
    stack.dispose();
    throw error;
  }
  const bound = formatListenAddress(server.address() as AddressInfo);
  return {
    address: bound,
    url: `${tls === undefined ? 'http' : 'https'}://${bound}/`,
    async [Symbol.asyncDispose]() {
      stack.dispose();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function serveTls(onRequest: RequestListener, files: TlsFiles, log: HttpOptions['log'], stack: DisposableStack): Server {
  const server = createHttps({ ...LIMITS, ...readTlsFiles(files) }, onRequest);
  stack.use(followTlsFiles(files, () => server.setSecureContext(readTlsFiles(files)), log));
  return server;
}

/** Takes as long whatever is brought. */
export function isSameToken(brought: string, token: string): boolean {
  return timingSafeEqual(digest(brought), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
