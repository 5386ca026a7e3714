/** Before the first test of a run: makes the machine ready for the engine tests where that is possible (root on Debian). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.ts';

export async function setup(): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  try {
    const said = await runCommand(join(import.meta.dirname, '../../.ci/prepare'), ['all']);
    process.stderr.write(said);
  } catch (error) {
    // Without engines the other tests still tell something; those that need one say so themselves (requireEngine).
    process.stderr.write(`${(error as Error).message}\n`);
  }
}
