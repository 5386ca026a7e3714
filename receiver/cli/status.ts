/** `serve --status`: from flags to a server. */
import { TransferError } from '../../shared/errors.ts';
import { parseListenAddress } from '../../shared/listen-address.ts';
import { isLoopback } from '../../shared/loopback.ts';
import { serveStatus, type StatusServer } from '../../shared/status/server.ts';
import { readStatusToken } from '../../shared/status/token-file.ts';
import type { Log } from '../log.ts';
import { statusRoutes, type StatusSources } from '../status/status.ts';
import { readTlsFiles, type TlsFiles } from '../transport/tls.ts';

export interface StatusFlags {
  readonly status?: string;
  readonly statusTokenFile?: string;
  readonly insecure?: boolean;
}

export interface StatusPlan {
  readonly address: string;
  readonly token: string | undefined;
  /** Certificates of the receiver; not on the loopback. */
  readonly tls: TlsFiles | undefined;
}

/**
 * @returns undefined where no status was asked for.
 * @throws TransferError USAGE for flags that would show the status, or its token, to whoever is on the way.
 */
export async function planStatus(flags: StatusFlags, tls: TlsFiles | undefined): Promise<StatusPlan | undefined> {
  const { status, statusTokenFile, insecure } = flags;
  if (status === undefined) {
    if (statusTokenFile !== undefined) throw new TransferError('USAGE', '--status-token-file goes with --status');
    return undefined;
  }
  const isLocal = isLoopback(parseListenAddress(status).host);
  if (!isLocal && statusTokenFile === undefined)
    throw new TransferError('USAGE', `whoever reaches ${status} could read the status`, {
      hint: 'give --status-token-file, or listen on 127.0.0.1',
    });
  if (!isLocal && tls === undefined && insecure !== true)
    throw new TransferError('USAGE', `whoever reaches ${status} could read the token along`, {
      hint: 'give --tls-cert and --tls-key, listen on 127.0.0.1 behind a tunnel, or say --insecure where the network itself is trusted',
    });
  const token = statusTokenFile === undefined ? undefined : await readStatusToken(statusTokenFile);
  return { address: status, token, tls: isLocal ? undefined : tls };
}

/** Serves the status until it is disposed of. */
export async function startStatus({ address, token, tls }: StatusPlan, sources: StatusSources, log: Log): Promise<StatusServer> {
  const server = await serveStatus({
    address,
    token,
    tls: tls === undefined ? undefined : readTlsFiles({ cert: tls.cert, key: tls.key }),
    routes: statusRoutes(sources),
    log,
  });
  log.info({ status: `${tls === undefined ? 'http' : 'https'}://${server.address}/` }, 'status');
  return server;
}
