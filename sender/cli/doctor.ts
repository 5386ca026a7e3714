/** `lighterman doctor`: the engine, the pool, its disk, what proves who ships, the receiver, its certificate and its clock. */
import { existsSync } from 'node:fs';
import type { Clock } from '../../shared/clock.ts';
import { certificateFinding, checkDisk, checkRuntime, isOpenToOthers, type Check, type Finding } from '../../shared/commands/doctor.ts';
import { chooseEngineAddress, formatEngineAddress, type EngineAddress } from '../../shared/engine/address.ts';
import { TransferError } from '../../shared/errors.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { SenderEnvironment } from '../config.ts';
import type { ImageSource } from '../image/port.ts';
import { connect, type ConnectSecurity } from '../transport/connect.ts';
import { probe, type Probe } from '../transport/probe.ts';
import { readSecurity, type SecurityFlags } from './security.ts';

/** Options of `ship` that say what there is to look at. */
export const DOCTOR_OPTIONS = ['engine', 'store', 'to', 'token-file', 'ca', 'cert', 'key', 'insecure'];

export interface DoctorFlags extends SecurityFlags {
  readonly engine?: string;
  readonly store: string;
  readonly to?: string;
  readonly json?: boolean;
}

export interface DoctorWorld {
  readonly environment: SenderEnvironment;
  readonly clock: Clock;
  readonly openEngine: (address: EngineAddress) => Promise<ImageSource>;
  readonly signal: AbortSignal;
}

/** Certificates, tokens and schedules go by the clock. */
const SKEW_MS_MAX = 60_000;

export function senderChecks(flags: DoctorFlags, world: DoctorWorld): Check[] {
  const { store, to } = flags;
  let security: ConnectSecurity | undefined;
  let probed: Promise<Probe> | undefined;
  const ask = async (look: (found: Probe) => Finding): Promise<Finding> => {
    if (to === undefined) return skip('no --to');
    if (security === undefined) return skip('see identity');
    return look(await (probed ??= probe(to, security, () => world.clock.now(), world.signal)));
  };
  return [
    checkRuntime,
    { name: 'engine', look: () => engineFinding(flags.engine, world) },
    { name: 'pool', look: () => poolFinding(store) },
    checkDisk(store),
    {
      name: 'identity',
      look: () => {
        security = readSecurity(flags, world.environment.token);
        return identityFinding(flags, security);
      },
    },
    {
      name: 'receiver',
      look: async () => {
        if (to === undefined) return skip('no --to');
        if (security === undefined) return skip('see identity');
        await (await connect(to, world.signal, security)).close();
        return { state: 'ok', text: `${to} answers and lets this sender in` };
      },
    },
    {
      name: 'tls',
      look: () =>
        ask(({ validTo }) =>
          validTo === undefined
            ? skip(`${to} is plain`)
            : certificateFinding('the certificate of the receiver', validTo, world.clock.now()),
        ),
    },
    { name: 'clock', look: () => ask(({ skewMs }) => clockFinding(skewMs)) },
  ];
}

function skip(text: string): Finding {
  return { state: 'skip', text };
}

async function engineFinding(named: string | undefined, { environment, openEngine, signal }: DoctorWorld): Promise<Finding> {
  const address = chooseEngineAddress(named, environment, existsSync);
  const isNamed = (named ?? environment.DOCKER_HOST ?? '') !== '';
  if (!isNamed && address.kind === 'unix' && !existsSync(address.path))
    return { state: 'warn', text: 'there is no engine here', hint: 'archives can be shipped all the same; name an engine with --engine' };
  const images = await (await openEngine(address)).list({ signal });
  return { state: 'ok', text: `${formatEngineAddress(address)} answers and has ${images.length} image names` };
}

async function poolFinding(directory: string): Promise<Finding> {
  if (!existsSync(directory)) return { state: 'ok', text: `${directory} is not there yet: the first ship makes it` };
  try {
    await using pool = await openStore(directory);
    return { state: 'ok', text: `${directory} opens${pool === undefined ? '' : ' and can be written'}` };
  } catch (error) {
    const failure = TransferError.from(error);
    if (failure.code !== 'STORE_LOCKED') throw failure;
    return {
      state: 'warn',
      text: `${directory} is in use by another command`,
      hint: 'one at a time: the next waits for nobody, and fails',
    };
  }
}

function identityFinding({ tokenFile, key }: DoctorFlags, { token, cert }: ConnectSecurity): Finding {
  const open = [tokenFile, key].find((path) => path !== undefined && isOpenToOthers(path));
  if (open !== undefined) return { state: 'warn', text: `others may read ${open}`, hint: `chmod 600 ${open}` };
  if (token === undefined && cert === undefined) return { state: 'skip', text: 'neither token nor certificate' };
  return { state: 'ok', text: [token === undefined ? [] : ['a token'], cert === undefined ? [] : ['a certificate']].flat().join(' and ') };
}

function clockFinding(skewMs: number | undefined): Finding {
  if (skewMs === undefined) return { state: 'skip', text: 'the receiver does not tell its time' };
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const text = seconds <= 1 ? 'as the receiver’s' : `the receiver’s is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return Math.abs(skewMs) <= SKEW_MS_MAX
    ? { state: 'ok', text }
    : { state: 'warn', text, hint: 'certificates, tokens and schedules go by it: keep both with NTP' };
}
