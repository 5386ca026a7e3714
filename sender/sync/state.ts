/**
 * What a sync remembers from run to run: when it began the last time, and what each destination has used of its budget. One JSON file
 * beside the pool, `sync-NAME.json`, replaced as a whole.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { createSerial } from '../../shared/serial.ts';

const State = z.object({
  /** Milliseconds since the epoch. */
  lastRun: z.number().optional(),
  /** By destination: bytes in the period, which is a date or a month. */
  spent: z.record(z.string(), z.object({ period: z.string(), bytes: z.number() })).default({}),
});

export type SyncState = z.output<typeof State>;

export interface StateFile {
  readonly state: SyncState;
  /** Resolves when what `state` is now has replaced the file. */
  save(): Promise<void>;
}

/** A file's name, without what says that it is YAML. */
function stemOf(configPath: string): string {
  return basename(configPath).replace(/\.ya?ml$/, '');
}

/** What a sync is called: its file's name, without what nobody could print. */
export function syncName(configPath: string): string {
  const name = stemOf(configPath).replaceAll(/[^\x21-\x7e]/g, '_');
  return name.slice(0, 64) || 'sync';
}

/** @param configPath names the sync: two files of one name share a state. A file that is damaged counts as none. */
export async function openState(directory: string, configPath: string): Promise<StateFile> {
  const file = join(directory, `sync-${stemOf(configPath)}.json`);
  const state = await readState(file);
  const inTurn = createSerial();
  return {
    state,
    save: () =>
      inTurn(async () => {
        await writeFile(`${file}.new`, `${JSON.stringify(state)}\n`);
        await rename(`${file}.new`, file);
      }),
  };
}

async function readState(file: string): Promise<SyncState> {
  try {
    return State.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return { spent: {} };
  }
}
