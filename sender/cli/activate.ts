/** `lighterman activate`, `rollback` and `history`: which image a name means over there. */
import { systemClock } from '../../shared/clock.ts';
import { createProgressLine, silentProgress } from '../../shared/terminal/progress-line.ts';
import { VERSION } from '../../shared/version.ts';
import { activateNames, askHistory, type Commander, type PastEntry } from '../link/command.ts';
import { connect, parseAddress } from '../transport/connect.ts';
import { readSecurity, type SecurityFlags } from './security.ts';
import type { Output } from './sync-report.ts';

export interface CommandFlags extends SecurityFlags {
  readonly to: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

interface World {
  readonly stdout: Output;
  readonly stderr: Output & { readonly isTTY?: boolean };
  /** Of the environment. */
  readonly token: string | undefined;
}

export async function activate(
  names: readonly string[],
  action: 'activate' | 'roll-back',
  flags: CommandFlags,
  world: World,
  signal: AbortSignal,
): Promise<void> {
  const progress = flags.quiet === true ? silentProgress : createProgressLine(world.stderr, systemClock);
  try {
    const report = (phase: string, done: number, total: number): void => progress.update(phase, done, total);
    const { images, notes } = await activateNames(names, action, commander(flags, world, signal, report));
    progress.stop();
    for (const note of notes) world.stderr.write(`${note}\n`);
    if (flags.json === true) {
      const event = action === 'activate' ? 'activated' : 'rolled-back';
      world.stdout.write(`${JSON.stringify({ event, images })}\n`);
      return;
    }
    for (const { refs, imageId, pushed } of images) for (const line of [`${refs.join(' ')} ${imageId}`, ...pushed]) world.stdout.write(`${line}\n`); // prettier-ignore
  } finally {
    progress.stop();
  }
}

export async function history(name: string, flags: CommandFlags, world: World, signal: AbortSignal): Promise<void> {
  const entries = await askHistory(
    name,
    commander(flags, world, signal, () => {}),
  );
  if (flags.json === true) world.stdout.write(`${JSON.stringify({ event: 'history', name, entries: entries.map(jsonOf) })}\n`);
  else if (entries.length === 0) world.stderr.write(`${name} never meant anything over there\n`);
  else for (const entry of entries) world.stdout.write(`${lineOf(entry)}\n`);
}

function commander(flags: CommandFlags, world: World, signal: AbortSignal, onProgress: Commander['onProgress']): Commander {
  const security = readSecurity(flags, world.token);
  parseAddress(flags.to, security);
  return { agent: `lighterman ${VERSION}`, connect: () => connect(flags.to, signal, security), onProgress };
}

function jsonOf({ at, how, by, imageId }: PastEntry): object {
  return { at: new Date(at).toISOString(), how: how === '' ? 'staged' : how, by, imageId };
}

function lineOf({ at, how, by, imageId }: PastEntry): string {
  return `${new Date(at).toISOString()}  ${(how === '' ? 'staged' : how).padEnd(11)}  ${imageId}${by === '' ? '' : `  by ${by}`}`;
}
