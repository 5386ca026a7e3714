/** One plain request to a receiver, beside any conversation: what its answer says of the clocks and of its certificate. */
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { getCACertificates, TLSSocket } from 'node:tls';
import { TransferError } from '../../shared/errors.ts';
import { parseAddress, type ConnectSecurity } from './connect.ts';

const TIMEOUT_MS = 10_000;

export interface Probe {
  /** What the receiver's clock is ahead of this one by, to about a second; undefined where its answer does not say. */
  readonly skewMs: number | undefined;
  /** Of a `wss://` receiver's certificate. */
  readonly validTo: Date | undefined;
}

/**
 * @param now this side's clock.
 * @throws TransferError USAGE for an address that is none, PEER_UNREACHABLE where no answer comes.
 */
export async function probe(address: string, security: ConnectSecurity, now: () => number, signal: AbortSignal): Promise<Probe> {
  const url = parseAddress(address, security);
  const { ca, cert, key } = security;
  const common = { method: 'HEAD', signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]), agent: false } as const;
  const began = now();
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const target = `${url.protocol === 'wss:' ? 'https' : 'http'}://${url.host}/`;
    const request =
      url.protocol === 'wss:'
        ? requestTls(target, {
            ...common,
            minVersion: 'TLSv1.3',
            ca: ca ?? [...getCACertificates('system'), ...getCACertificates('extra')],
            ...(cert !== undefined && { cert }),
            ...(key !== undefined && { key }),
          })
        : requestPlain(target, common);
    request.once('response', resolve);
    request.once('error', reject);
    request.end();
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new TransferError('PEER_UNREACHABLE', `no answer to a plain request at ${url.host}`, { cause: error });
  });
  const { socket } = answer;
  const validTo = socket instanceof TLSSocket ? new Date(socket.getPeerCertificate().valid_to) : undefined;
  const date = Date.parse(answer.headers.date ?? '');
  answer.destroy();
  // The header has whole seconds: on average half a second is lost.
  return { skewMs: Number.isNaN(date) ? undefined : date + 500 - (began + now()) / 2, validTo };
}
