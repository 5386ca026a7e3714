/** `doctor`: looks at everything that a command would need, and says what to do about what is wrong. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TransferError, type ErrorCode } from '../errors.ts';
import { formatBytes } from '../terminal/units.ts';
import { VERSION } from '../version.ts';
import { optionName, type CommandBuilder } from './tree.ts';

/** What a check has found, where it found no failure. */
export interface Finding {
  /** `warn`: it will do, but somebody should look; `skip`: there was nothing to look at. */
  readonly state: 'ok' | 'warn' | 'skip';
  readonly text: string;
  /** What to do about a warning. */
  readonly hint?: string;
}

export interface Check {
  readonly name: string;
  /** Throws TransferError for a failure. */
  look(): Promise<Finding> | Finding;
}

/** Free space below which an image of a usual size may not find room. */
const FREE_BYTES_LOW = 1024 ** 3;
/** Free space with which nothing works. */
const FREE_BYTES_MIN = 16 * 1024 ** 2;
const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate that ends sooner wants to be renewed. */
const CERTIFICATE_DAYS_LOW = 21;

/**
 * Runs all checks, in their order, and prints a line for each.
 * @throws TransferError of the worst failure: the first that does not pass by itself, else the first.
 */
export async function examine(
  checks: readonly Check[],
  json: boolean,
  stdout: { write(text: string): unknown },
  signal: AbortSignal,
): Promise<void> {
  const failures: TransferError[] = [];
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const check of checks) {
    const { name } = check;
    signal.throwIfAborted();
    const found = await find(check);
    signal.throwIfAborted();
    const { state, text, hint, code } = found;
    if (found.failure !== undefined) failures.push(found.failure);
    const told = hint === undefined ? text : `${text} (${hint})`;
    stdout.write(
      json ? `${JSON.stringify({ check: name, state, text, hint, code })}\n` : `${state.padEnd(4)}  ${name.padEnd(width)}  ${told}\n`,
    );
  }
  const worst = failures.find(({ retryable }) => !retryable) ?? failures[0];
  if (worst === undefined) return;
  throw new TransferError(worst.code, `${failures.length} of ${checks.length} checks failed; ${worst.message}`, { hint: worst.hint });
}

async function find(
  check: Check,
): Promise<
  Omit<Finding, 'state'> & { readonly state: Finding['state'] | 'fail'; readonly code?: ErrorCode; readonly failure?: TransferError }
> {
  try {
    return await check.look();
  } catch (error) {
    const failure = TransferError.from(error);
    return { state: 'fail', text: failure.message.replaceAll('\n', ' '), hint: failure.hint, code: failure.code, failure };
  }
}

/** A `doctor` that takes the named options of another command, as they are defined there, and needs none of them. */
export function defineDoctor(program: CommandBuilder, like: string, names: readonly string[]): CommandBuilder {
  const model = program.commands.find((command) => command.name() === like);
  let doctor = program.command('doctor').description(`look at everything that \`${like}\` needs, and say what to do about what is wrong`);
  for (const option of model?.options ?? [])
    if (names.includes(optionName(option)))
      doctor = doctor.option(option.flags, option.description, option.defaultValue as string | undefined);
  return doctor.option('--json', 'one line of JSON a check');
}

export const checkRuntime: Check = {
  name: 'program',
  look: () => ({ state: 'ok', text: `version ${VERSION}, Node ${process.versions.node}` }),
};

/** That a directory, or the nearest one above it that exists, can be written and has room. */
export function checkDisk(directory: string): Check {
  return {
    name: 'disk',
    look() {
      const at = nearest(directory);
      accessSync(at, constants.W_OK | constants.X_OK);
      const { bavail, bsize, blocks, ffree, files } = statfsSync(at);
      const free = bavail * bsize;
      const text = `${formatBytes(free)} of ${formatBytes(blocks * bsize)} free at ${at}`;
      const hint = 'free some space, or name a directory on a larger disk with --store';
      if (free < FREE_BYTES_MIN || (files > 0 && ffree === 0)) throw new TransferError('NO_SPACE', text, { hint });
      return free < FREE_BYTES_LOW ? { state: 'warn', text, hint } : { state: 'ok', text };
    },
  };
}

/** The directory itself, or the nearest above it that there is. */
export function nearest(directory: string): string {
  let at = resolve(directory);
  while (!existsSync(at)) at = dirname(at);
  return at;
}

/** Of a file that nobody else should be able to read. */
export function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o004) !== 0;
}

/** @param validTo when the certificate ends. */
export function certificateFinding(what: string, validTo: Date, now: number): Finding {
  const days = Math.floor((validTo.getTime() - now) / DAY_MS);
  const text = `${what}, valid until ${validTo.toISOString().slice(0, 10)}`;
  if (days < 0) throw new TransferError('PEER_UNTRUSTED', text, { hint: 'renew the certificate' });
  return days < CERTIFICATE_DAYS_LOW ? { state: 'warn', text, hint: `${days} days are left: renew it` } : { state: 'ok', text };
}
