/**
 * Decides who may converse, by the grants beside the store: who brings a token or a certificate gets the access of its grant, until
 * that is revoked or expires. The grants are read again whenever their directory changes, without a restart.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { createSerial } from '../../shared/serial.ts';
import type { Access } from './access.ts';
import { openAccess } from './access.ts';
import type { GrantFiles } from './grant-files.ts';
import { findByCertificate, findByToken, isExpired, type Grant } from './grant.ts';
import { EVERYTHING, matchesPattern } from '../../shared/image/name-pattern.ts';
import { createSentChunks, type SentChunks } from './sent-chunks.ts';

/** What a connection brings. */
export interface Credentials {
  readonly token?: string | undefined;
  /** Names in a client certificate that the client CA has signed. */
  readonly certificateNames?: readonly string[] | undefined;
}

export interface Gatekeeper {
  /** True where somebody has to say who they are: once a grant was made, even if it is revoked by now. */
  readonly asks: boolean;
  /** @throws TransferError UNAUTHORIZED where nothing valid is brought. The access is disposed of by the caller. */
  admit(credentials: Credentials): Promise<Access>;
  /** Reads the grants again where they changed, and ends each access whose grant is gone. @param anyway also where nothing seems to have changed. */
  refresh(anyway?: boolean): Promise<void>;
}

export interface GatekeeperOptions {
  readonly files: GrantFiles;
  readonly clock: Clock;
  /** Who comes is asked in any case, also while there is no grant. */
  readonly mustAsk: boolean;
  readonly log: { warn(fields: object, message: string): void };
}

interface Live {
  readonly grant: Grant;
  readonly end: AbortController;
}

/** A directory that changed this recently may change again within the same tick of its file system's clock. */
const SETTLED_MS = 100;

export async function createGatekeeper({ files, clock, mustAsk, log }: GatekeeperOptions): Promise<Gatekeeper> {
  let asks = mustAsk;
  let grants: readonly Grant[] | undefined;
  let seen: string | undefined;
  let warned = '';
  const inTurn = createSerial();
  const live = new Set<Live>();
  const sent = new Map<string, SentChunks>();

  const isValid = (grant: Grant): boolean =>
    !isExpired(grant, clock.now()) && grants?.some((other) => JSON.stringify(other) === JSON.stringify(grant)) === true;
  const read = async (anyway: boolean): Promise<void> => {
    const state = await directoryState(files.directory, clock.now());
    if (anyway || state === undefined || state !== seen) {
      const found = await files.read();
      grants = found?.grants;
      // From then on: who removes the last grant, or all of them by hand, means to let in nobody.
      asks ||= grants !== undefined;
      seen = state;
      const damaged = found?.damaged.join(' ') ?? '';
      if (damaged !== warned && damaged !== '')
        log.warn({ files: damaged }, 'these are no tokens, or cannot be read: nobody is let in by them');
      warned = damaged;
    }
    for (const one of live) if (!isValid(one.grant)) one.end.abort(noLonger(one.grant));
  };
  const refresh = (anyway = false): Promise<void> => inTurn(() => read(anyway));
  const hasOthers = (one: Live): boolean => [...live].some((other) => other !== one && other.grant.name === one.grant.name);
  const accessOf = (grant: Grant): Access => {
    const one = { grant, end: new AbortController() };
    live.add(one);
    const chunks = sent.get(grant.name) ?? createSentChunks(files.sentPath(grant.name));
    sent.set(grant.name, chunks);
    return {
      who: `${grant.token === undefined ? 'certificate' : 'token'} ${grant.name}`,
      allows: (name) => grant.allow.some((pattern) => matchesPattern(pattern, name)),
      isLimited: !grant.allow.includes(EVERYTHING),
      mayPush: grant.push,
      ended: one.end.signal,
      sent: chunks,
      done() {
        if (!hasOthers(one)) chunks.clear();
      },
      [Symbol.dispose]() {
        live.delete(one);
        if (!hasOthers(one)) sent.delete(grant.name);
      },
    };
  };
  await refresh();
  return {
    get asks() {
      return asks;
    },
    async admit({ token, certificateNames }) {
      await refresh();
      if (!asks) return openAccess;
      const known = grants ?? [];
      const grant =
        (token === undefined ? undefined : findByToken(known, token)) ??
        (certificateNames === undefined ? undefined : findByCertificate(known, certificateNames));
      if (grant === undefined) throw new TransferError('UNAUTHORIZED', refusal(token, certificateNames));
      if (isExpired(grant, clock.now())) throw noLonger(grant);
      return accessOf(grant);
    },
    refresh,
  };
}

function refusal(token: string | undefined, certificateNames: readonly string[] | undefined): string {
  if (token !== undefined) return 'the token is not known';
  return certificateNames === undefined ? 'neither token nor valid certificate' : 'the certificate is not granted anything';
}

function noLonger({ name }: Grant): TransferError {
  return new TransferError('UNAUTHORIZED', `the grant ${name} has expired or was revoked`);
}

/** Changes with every file that is made or removed in it; undefined where there is none, or where that cannot be told yet. */
async function directoryState(directory: string, now: number): Promise<string | undefined> {
  const state = await stat(directory, { bigint: true }).catch(() => undefined);
  if (state === undefined || now - Number(state.mtimeMs) < SETTLED_MS) return undefined;
  return `${state.ino} ${state.mtimeNs}`;
}
