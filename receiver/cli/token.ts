/** `lightermand token`: who may ship what. Works on the files beside the store, whether or not it is being served. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { openGrantFiles } from '../access/grant-files.ts';
import { checkGrantName, hashToken, isExpired, PATTERNS_MAX, type Grant } from '../access/grant.ts';
import { checkPattern } from '../../shared/image/name-pattern.ts';
import { parseDuration } from '../../shared/terminal/quantities.ts';
import { formatTable, type Output } from './table.ts';

export interface TokenAddFlags {
  readonly store: string;
  readonly name: string;
  readonly allow: readonly string[];
  readonly push?: boolean;
  readonly expires?: string;
  /** A name in a client's certificate, in place of a token. */
  readonly certificate?: string;
}

const TOKEN_BYTES = 32;

/** Prints the token, which is kept nowhere else, alone on stdout. */
export async function addToken(flags: TokenAddFlags, clock: Clock, stdout: Output, stderr: Output): Promise<void> {
  const { certificate, expires } = flags;
  if (flags.allow.length > PATTERNS_MAX) throw new TransferError('USAGE', `more than ${PATTERNS_MAX} patterns`);
  const now = clock.now();
  // The prefix lets scanners of repositories and logs see what it is.
  const token = `lmt_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  const grant: Grant = {
    version: 1,
    name: checkGrantName(flags.name),
    ...(certificate === undefined ? { token: hashToken(token) } : { certificate: checkCertificateName(certificate) }),
    allow: flags.allow.map(checkPattern),
    push: flags.push === true,
    createdAt: new Date(now).toISOString(),
    ...(expires !== undefined && { expiresAt: new Date(now + parseDuration(expires)).toISOString() }),
  };
  await openGrantFiles(flags.store).add(grant);
  if (certificate === undefined) stdout.write(`${token}\n`);
  else stderr.write(`certificates with the name ${certificate} are granted this\n`);
}

function checkCertificateName(name: string): string {
  if (!/^[\x21-\x7e]{1,255}$/.test(name) || /[",]/.test(name)) throw new TransferError('USAGE', `"${name}" is no name in a certificate`);
  return name;
}

export async function listTokens(store: string, json: boolean, clock: Clock, stdout: Output, stderr: Output): Promise<void> {
  const { grants = [], damaged = [] } = (await openGrantFiles(store).read()) ?? {};
  const now = clock.now();
  if (json) {
    for (const grant of grants) {
      const { name, certificate, allow, push, createdAt, expiresAt } = grant;
      const isOver = isExpired(grant, now);
      stdout.write(`${JSON.stringify({ name, certificate, allow, push, createdAt, expiresAt, expired: isOver })}\n`);
    }
  } else {
    const rows = grants.map((grant) => {
      const expires = `${grant.expiresAt ?? 'never'}${isExpired(grant, now) ? ' (expired)' : ''}`;
      return [grant.name, grant.certificate ?? 'token', grant.allow.join(' '), grant.push ? 'yes' : 'no', expires];
    });
    stdout.write(formatTable(['NAME', 'BY', 'ALLOW', 'PUSH', 'EXPIRES'], rows));
  }
  for (const path of damaged) stderr.write(`${path} is no token, or cannot be read\n`);
}

/** A receiver that serves the store ends the conversations of that token by itself. */
export function revokeToken(store: string, name: string): Promise<void> {
  return openGrantFiles(store).remove(checkGrantName(name));
}
