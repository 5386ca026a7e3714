/** A grant: who may ship which images. One file each in `tokens/` beside the store (STORE.md). */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { TransferError } from '../../shared/errors.ts';
import { PATTERN_LENGTH_MAX } from '../../shared/image/name-pattern.ts';

/** Patterns of one grant. */
export const PATTERNS_MAX = 64;

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const Time = z.iso.datetime();

const GrantSchema = z.object({
  version: z.literal(1),
  name: z.string().regex(NAME),
  /** SHA-256 of the token, in hex: 256 random bits need no salt and no slow hash. */
  token: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  /** Or a name in a client's certificate. */
  certificate: z.string().min(1).max(255).optional(),
  allow: z.array(z.string().max(PATTERN_LENGTH_MAX)).min(1).max(PATTERNS_MAX),
  push: z.boolean(),
  createdAt: Time,
  expiresAt: Time.optional(),
});

export type Grant = z.output<typeof GrantSchema>;

/** @throws TransferError USAGE: the name becomes a file's name. */
export function checkGrantName(name: string): string {
  if (!NAME.test(name))
    throw new TransferError('USAGE', `"${name}" is not a token's name`, { hint: 'want 1 to 63 of a-z, 0-9, dot, dash, underscore' });
  return name;
}

/** Undefined for anything but a grant of that name. */
export function parseGrant(text: string, name: string): Grant | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = GrantSchema.safeParse(value);
  return success && data.name === name && (data.token === undefined) !== (data.certificate === undefined) ? data : undefined;
}

export function isExpired(grant: Grant, now: number): boolean {
  return grant.expiresAt !== undefined && Date.parse(grant.expiresAt) <= now;
}

/** What stands in a grant for a token. */
export function hashToken(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}

/** The grant of a token. Takes as long whichever it is, and where it is none. */
export function findByToken(grants: readonly Grant[], token: string): Grant | undefined {
  const wanted = Buffer.from(hashToken(token));
  let found: Grant | undefined;
  for (const grant of grants) if (grant.token !== undefined && timingSafeEqual(Buffer.from(grant.token), wanted)) found = grant;
  return found;
}

/** The grant of a certificate by any of its names; the first in the order of grants where several have one. */
export function findByCertificate(grants: readonly Grant[], names: readonly string[]): Grant | undefined {
  return grants.find(({ certificate }) => certificate !== undefined && names.includes(certificate));
}
