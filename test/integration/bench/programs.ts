/** Programs that the benchmark's tests run, and that a machine may lack. */
import { existsSync } from 'node:fs';
import { TransferError } from '../../../shared/errors.ts';

/**
 * True where what is missing has to be left out; says so.
 * @throws TransferError INTERNAL instead when CI=true, where everything has to be there.
 */
export function leaveOut(missing: string | undefined): boolean {
  if (missing === undefined) return false;
  // oxlint-disable-next-line node/no-process-env -- tests of the benchmark ask for CI here
  if (process.env['CI'] === 'true') throw new TransferError('INTERNAL', `${missing}: run .ci/prepare`);
  process.stderr.write(`left out: ${missing}\n`);
  return true;
}

/** What is missing when none of the paths exists. */
export function missingProgram(...paths: readonly string[]): string | undefined {
  return paths.some((path) => existsSync(path)) ? undefined : `${paths.join(' or ')} is not there`;
}
