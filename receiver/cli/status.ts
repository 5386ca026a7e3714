/** `serve --status`: from flags to a server. */
import { TransferError } from '../../shared/errors.ts';
import { demandGuarded } from '../../shared/http-listener.ts';
import { parseListenAddress } from '../../shared/listen-address.ts';
import { isLoopback } from '../../shared/loopback.ts';
import { serveStatus, STATUS_DARE, type StatusServer } from '../../shared/status/server.ts';
import type { TlsFiles } from '../../shared/tls-files.ts';
import { readTokenFile } from '../../shared/token-file.ts';
import type { Log } from '../log.ts';
import { statusRoutes, type StatusSources } from '../status/status.ts';

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
  demandGuarded(status, { hasToken: statusTokenFile !== undefined, hasTls: tls !== undefined, insecure }, STATUS_DARE);
  const token = statusTokenFile === undefined ? undefined : await readTokenFile(statusTokenFile);
  return { address: status, token, tls: isLoopback(parseListenAddress(status).host) ? undefined : tls };
}

/** Serves the status until it is disposed of. */
export async function startStatus({ address, token, tls }: StatusPlan, sources: StatusSources, log: Log): Promise<StatusServer> {
  const server = await serveStatus({ address, token, tls, routes: statusRoutes(sources), log });
  log.info({ status: server.url }, 'status');
  return server;
}
