/** Where a Docker engine listens: parsed from what users and environments write, chosen where they write nothing. */
import { TransferError } from '../errors.ts';

export type EngineAddress =
  { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** The port that engines use for plain HTTP (https://www.iana.org/assignments/service-names-port-numbers, "docker"). */
const PLAIN_PORT = 2375;

/**
 * `unix:///path`, `tcp://host[:port]` or a bare absolute path.
 * @throws TransferError USAGE for anything else; engines behind ssh or TLS are reached through a tunnel of the user's.
 */
export function parseEngineAddress(text: string): EngineAddress {
  const path = text.startsWith('unix://') ? text.slice('unix://'.length) : text;
  if (path.startsWith('/')) return { kind: 'unix', path };
  if (text.startsWith('tcp://') && URL.canParse(text)) {
    const { hostname, port, pathname } = new URL(text);
    if (hostname !== '' && (pathname === '' || pathname === '/')) {
      return { kind: 'tcp', host: hostname.replaceAll(/[[\]]/g, ''), port: port === '' ? PLAIN_PORT : Number(port) };
    }
  }
  throw new TransferError('USAGE', `"${text}" is not an engine's address: want unix:///path or tcp://host:port`);
}

/** The address as users write it. */
export function formatEngineAddress(address: EngineAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The variables that tell where a user's engine is. */
export interface EngineEnvironment {
  readonly DOCKER_HOST?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
  readonly HOME?: string | undefined;
}

/**
 * The address given, else DOCKER_HOST, else the first of the usual sockets that exists (system, rootless, desktop, podman), else
 * the system's, so that the error names it.
 * @throws TransferError USAGE where the text given or DOCKER_HOST is no address.
 */
export function chooseEngineAddress(
  given: string | undefined,
  environment: EngineEnvironment,
  exists: (path: string) => boolean,
): EngineAddress {
  const text = given ?? environment.DOCKER_HOST;
  if (text !== undefined && text !== '') return parseEngineAddress(text);
  const system = '/var/run/docker.sock';
  const sockets = [system];
  if (environment.XDG_RUNTIME_DIR !== undefined) sockets.push(`${environment.XDG_RUNTIME_DIR}/docker.sock`);
  if (environment.HOME !== undefined) sockets.push(`${environment.HOME}/.docker/run/docker.sock`);
  sockets.push('/run/podman/podman.sock');
  return { kind: 'unix', path: sockets.find(exists) ?? system };
}
