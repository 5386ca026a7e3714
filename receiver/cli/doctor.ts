/** `lightermand doctor`: the store, its disk, the way of delivery (engine and registry, or a directory), TLS and tokens, and the port. */
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import {
  certificateFinding,
  checkDisk,
  checkRuntime,
  isOpenToOthers,
  nearest,
  type Check,
  type Finding,
} from '../../shared/commands/doctor.ts';
import { chooseEngineAddress } from '../../shared/engine/address.ts';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { isLoopback } from '../../shared/loopback.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { openGrantFiles } from '../access/grant-files.ts';
import type { ReceiverEnvironment } from '../config.ts';
import { createEngineClient } from '../image/engine-client.ts';
import { parsePushTarget } from '../image/push.ts';
import { readRegistryAuth } from '../image/registry-auth.ts';
import { parseListenAddress } from '../../shared/listen-address.ts';
import { readTlsFiles } from '../../shared/tls-files.ts';
import { planExposure, type ExposureFlags } from './exposure.ts';

/** Options of `serve` that say what there is to look at. */
export const DOCTOR_OPTIONS = 'store listen deliver engine push tls-cert tls-key client-ca insecure anonymous'.split(' ');

export interface DoctorFlags extends Partial<ExposureFlags> {
  readonly store?: string;
  readonly deliver?: string;
  readonly engine?: string;
  readonly push?: string;
  readonly json?: boolean;
}

export interface DoctorWorld {
  readonly environment: ReceiverEnvironment;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const REGISTRY_TIMEOUT_MS = 10_000;

export function receiverChecks(flags: DoctorFlags, world: DoctorWorld): Check[] {
  const { store, deliver, listen, push } = flags;
  /** Whether a `serve` has the store open, and so the port. */
  let isServed = false;
  const toEngine = deliver === undefined || deliver === 'engine';
  return [
    checkRuntime,
    only(store, 'store', async (directory) => {
      if (!existsSync(join(directory, 'packs'))) return { state: 'ok', text: `${directory} has no store yet: \`serve\` makes it` };
      isServed = await isInUse(directory);
      return { state: 'ok', text: isServed ? `${directory} is in use, by a \`serve\`` : `${directory} opens` };
    }),
    ...(store === undefined ? [] : [checkDisk(store)]),
    toEngine
      ? { name: 'engine', look: () => engineFinding(flags.engine, world) }
      : { name: 'delivery', look: () => directoryFinding(deliver) },
    only(toEngine ? push : undefined, 'registry', (target) => registryFinding(target, world)),
    only(flags.tlsCert, 'tls', (certificate) => tlsFinding(certificate, flags, world.clock.now())),
    only(listen, 'access', (address) => accessFinding({ ...flags, listen: address }, store)),
    only(listen, 'port', (address) => portFinding(address, isServed)),
  ];
}

/** A check of what an option names, where it is given. */
function only(option: string | undefined, name: string, look: (value: string) => Promise<Finding> | Finding): Check {
  return { name, look: () => (option === undefined ? { state: 'skip', text: 'not given' } : look(option)) };
}

async function isInUse(directory: string): Promise<boolean> {
  try {
    const store = await openStore(directory);
    await store[Symbol.asyncDispose]();
    return false;
  } catch (error) {
    const failure = TransferError.from(error);
    if (failure.code !== 'STORE_LOCKED') throw failure;
    return true;
  }
}

async function engineFinding(named: string | undefined, { environment, signal }: DoctorWorld): Promise<Finding> {
  const engine = createEngineClient(chooseEngineAddress(named, environment, existsSync));
  const { version, storeKind } = await engine.info(signal);
  return { state: 'ok', text: `${engine.where} answers: engine ${version}, ${storeKind} store` };
}

function directoryFinding(deliver: string): Finding {
  if (deliver === 'none') return { state: 'skip', text: 'nothing is delivered' };
  const directory = /^archive:(.+)$/.exec(deliver)?.[1];
  if (directory === undefined) throw new TransferError('USAGE', `--deliver ${deliver}: want engine, archive:DIR or none`);
  accessSync(nearest(directory), constants.W_OK | constants.X_OK);
  return { state: 'ok', text: `archives can be written to ${directory}` };
}

/** The engine pushes, not this process: from here it can be seen that a registry is there, and whether it will want credentials. */
async function registryFinding(push: string, { environment, signal }: DoctorWorld): Promise<Finding> {
  const { registry } = parsePushTarget(push);
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const schemes = isLoopback(host.replace(/:\d+$/, '')) ? ['http', 'https'] : ['https', 'http'];
  let failure: unknown;
  for (const scheme of schemes) {
    try {
      const { status } = await fetch(`${scheme}://${host}/v2/`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(REGISTRY_TIMEOUT_MS)]),
      });
      if (status === 200) return { state: 'ok', text: `${registry} answers` };
      if (status !== 401)
        throw new TransferError('REGISTRY_REFUSED', `${registry} answers HTTP ${status}`, { hint: 'is this a registry?' });
      const auth = Buffer.from(await readRegistryAuth(environment.dockerConfigFile, registry), 'base64').toString();
      if (auth !== '{}') return { state: 'ok', text: `${registry} answers and wants credentials, which are there` };
      return { state: 'warn', text: `${registry} wants credentials`, hint: `docker login ${registry}, as the user of \`serve\`` };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TransferError) throw error;
      failure ??= error;
    }
  }
  throw new TransferError('REGISTRY_UNREACHABLE', `no registry answers at ${registry}: ${systemCode(failure) ?? 'no answer'}`, {
    cause: failure,
    hint: 'is it running? see --push',
  });
}

function tlsFinding(certificate: string, { tlsKey, clientCa }: DoctorFlags, now: number): Finding {
  if (tlsKey === undefined) throw new TransferError('USAGE', '--tls-cert and --tls-key go together');
  readTlsFiles({ cert: certificate, key: tlsKey, clientCa });
  if (isOpenToOthers(tlsKey)) return { state: 'warn', text: `others may read ${tlsKey}`, hint: `chmod 600 ${tlsKey}` };
  return certificateFinding(certificate, new Date(new X509Certificate(readFileSync(certificate)).validTo), now);
}

/** Who is let in, as `serve` will see it. */
async function accessFinding(flags: ExposureFlags, store: string | undefined): Promise<Finding> {
  const found = store === undefined ? undefined : await openGrantFiles(store).read();
  const { mustAsk } = planExposure(flags, found !== undefined);
  if (found !== undefined && found.damaged.length > 0)
    return { state: 'warn', text: `${found.damaged.length} tokens cannot be read`, hint: `look at ${found.damaged.join(', ')}` };
  if (found !== undefined && found.grants.length > 0)
    return { state: 'ok', text: `${found.grants.length} tokens or certificates are known` };
  return { state: 'ok', text: mustAsk ? 'nobody without a certificate' : 'everybody who can reach the port' };
}

async function portFinding(listen: string, isServed: boolean): Promise<Finding> {
  const { host, port } = parseListenAddress(listen);
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    return { state: 'ok', text: `${listen} is free` };
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE' && isServed) return { state: 'ok', text: `${listen} is taken, as the store is` };
    throw new TransferError('USAGE', `cannot listen on ${listen}: ${systemCode(error) ?? 'unknown error'}`, {
      cause: error,
      hint:
        systemCode(error) === 'EADDRINUSE' ? 'something else listens there: stop it, or name another port' : 'name an address of this host',
    });
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
