/** Through the engine into a registry. */
import { systemClock, type Clock } from '../../shared/clock.ts';
import { engineFailure } from '../../shared/engine/failure.ts';
import { TransferError, type ErrorCode } from '../../shared/errors.ts';
import { PUSH_SILENT_MS } from '../../shared/limits.ts';
import { parseReference, tryParseReference } from '../../shared/image/reference.ts';
import type { EngineClient } from './engine-client.ts';
import { errorOfLine, type EngineLine } from '../../shared/engine/lines.ts';
import { createWatchdog } from './patience.ts';
import type { DeliveryProgress } from './port.ts';

/** Where images are pushed to: `REGISTRY[/PREFIX]`. */
export interface PushTarget {
  readonly registry: string;
  /** What comes before an image's repository, with its slash at the end. */
  readonly prefix: string;
}

/** @throws TransferError USAGE where no image could be pushed there. */
export function parsePushTarget(text: string): PushTarget {
  const trimmed = text.replace(/\/$/, '');
  const [registry = ''] = trimmed.split('/');
  const isHost = registry === 'localhost' || /[.:]/.test(registry);
  if (!isHost || tryParseReference(`${trimmed}/image:tag`) === undefined) {
    throw new TransferError(
      'USAGE',
      `"${text}" is not a registry: want HOST[:PORT][/PREFIX], such as 127.0.0.1:5000 or registry.example/team`,
    );
  }
  return { registry, prefix: `${trimmed}/` };
}

/** The name under which an image is pushed: the prefix takes the place of the registry that its own name may have. */
export function pushName(target: PushTarget, ref: string): string {
  const { repository, tag } = parseReference(ref);
  return `${target.prefix}${repository}:${tag}`;
}

/**
 * Pushes what the engine knows as `name`.
 * @returns the digest by which the registry knows it.
 * @throws TransferError REGISTRY_UNREACHABLE, REGISTRY_REFUSED, ENGINE_FAILED, INTERRUPTED.
 */
export async function pushImage(
  client: EngineClient,
  name: string,
  registryAuth: string,
  options: { readonly signal?: AbortSignal | undefined; readonly clock?: Clock; readonly onProgress: (progress: DeliveryProgress) => void },
): Promise<string> {
  const { signal, clock = systemClock } = options;
  using watchdog = createWatchdog(PUSH_SILENT_MS, clock, () => silentRegistry(name));
  const either = signal === undefined ? watchdog.signal : AbortSignal.any([signal, watchdog.signal]);
  const layers = new Map<string, { readonly current: number; readonly total: number }>();
  let digest: string | undefined;
  options.onProgress({ phase: 'push', bytes: 0, bytesTotal: 0 });
  for await (const line of client.push(name, registryAuth, either)) {
    watchdog.touch();
    const error = errorOfLine(line);
    if (error !== undefined) throw registryFailure(error, client.where, name);
    digest = digestOfLine(line) ?? digest;
    const total = line.progressDetail?.total ?? 0;
    if (line.id !== undefined && total > 0) {
      layers.set(line.id, { current: Math.min(line.progressDetail?.current ?? 0, total), total });
      options.onProgress({ phase: 'push', bytes: sum(layers, 'current'), bytesTotal: sum(layers, 'total') });
    }
  }
  if (digest === undefined) throw engineFailure('the engine names no digest', client.where, `pushing ${name}`);
  return digest;
}

function sum(layers: ReadonlyMap<string, { readonly current: number; readonly total: number }>, key: 'current' | 'total'): number {
  return [...layers.values()].reduce((bytes, layer) => bytes + layer[key], 0);
}

/** Graph stores put it into `aux`, others only into the text of the last status: `1: digest: sha256:... size: 952`. */
function digestOfLine(line: EngineLine): string | undefined {
  return line.aux?.Digest ?? /digest: (sha256:[0-9a-f]{64})/.exec(line.status ?? '')?.[1];
}

function silentRegistry(name: string): TransferError {
  const minutes = PUSH_SILENT_MS / 60_000;
  return new TransferError(
    'REGISTRY_UNREACHABLE',
    `the registry ${name.split('/')[0]} stalls: nothing was heard of ${name} for ${minutes} min`,
  );
}

const UNREACHABLE =
  /dial tcp|connection re(?:fused|set)|no such host|i\/o timeout|TLS handshake|unreachable|no route to host|\b429\b|too ?many ?requests|context deadline exceeded|HTTP response to HTTPS client|x509|\bEOF\b|\b50[0234]\b/i;
const REFUSED = /unauthorized|authentication|authorization|denied|forbidden|no basic auth|unsupported|invalid|quota|too large|\b4\d\d\b/i;

function registryFailure(text: string, where: string, name: string): TransferError {
  const [registry] = name.split('/');
  let code: ErrorCode | undefined;
  if (UNREACHABLE.test(text)) code = 'REGISTRY_UNREACHABLE';
  else if (REFUSED.test(text)) code = 'REGISTRY_REFUSED';
  if (code === undefined) return engineFailure(text, where, `pushing ${name}`);
  const what =
    code === 'REGISTRY_REFUSED' ? `the registry ${registry} refused ${name}` : `the registry ${registry} was not reached for ${name}`;
  return new TransferError(code, `${what}: ${text.replaceAll(/\s+/g, ' ').trim()}`);
}
