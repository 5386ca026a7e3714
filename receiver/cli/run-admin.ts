/** Runs a command where the store is open: in the `serve` that has it, else here. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { createProgressLine } from '../../shared/terminal/progress-line.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { ReceiverEnvironment } from '../config.ts';
import { writePieces } from '../deliver/archive.ts';
import { openDoubts } from '../catalog/doubts.ts';
import { openHistory } from '../witness/history.ts';
import { askControl } from '../transport/control.ts';
import { createUses } from '../catalog/uses.ts';
import type { AdminContext, AdminTerminal } from './admin-port.ts';
import { runAdminCommand, type AdminCommandName, type AdminFlags } from './admin.ts';

export interface AdminRun {
  /** Of the store. */
  readonly directory: string;
  readonly environment: ReceiverEnvironment;
  readonly signal: AbortSignal;
  /** Where an archive goes that the command gives: a file, or `-` for stdout. */
  readonly output?: string | undefined;
}

/** @throws TransferError USAGE where there is no store: looking must not make one; and what the command throws. */
export async function runAdmin<N extends AdminCommandName>(command: N, flags: AdminFlags<N>, run: AdminRun): Promise<void> {
  const { directory, environment, signal } = run;
  if (!existsSync(join(directory, 'packs')))
    throw new TransferError('USAGE', `there is no store in ${directory}`, {
      hint: 'name the directory that `lightermand serve` was given',
    });
  const { terminal, stop } = createTerminal(run);
  try {
    if (await askControl(directory, { command, flags }, terminal, signal)) return;
    await using store = await openStore(directory);
    const catalog = await openCatalog(store, await openDoubts(directory));
    const context = { directory, store, catalog, uses: createUses(), clock: systemClock, environment, record: recordIn(directory) };
    await runAdminCommand(command, flags, context, terminal, signal);
  } finally {
    stop();
  }
}

/** The history is opened for each entry: most commands write none. */
function recordIn(directory: string): AdminContext['record'] {
  return async (event, facts) => {
    await using history = await openHistory(directory, () => systemClock.now());
    await history.record(event, facts);
  };
}

/** `archive:DIR` means the same wherever the command runs. */
export function absoluteTarget(deliver: string): string {
  const directory = /^archive:(.+)$/.exec(deliver)?.[1];
  return directory === undefined ? deliver : `archive:${resolve(directory)}`;
}

function createTerminal({ output, signal }: AdminRun): { readonly terminal: AdminTerminal; readonly stop: () => void } {
  const line = createProgressLine(process.stderr, systemClock);
  const progress = (phase: string, done: number, total: number): void => line.update(phase, done, total);
  return {
    stop: () => line.stop(),
    terminal: {
      stdout(text) {
        line.stop();
        process.stdout.write(text);
      },
      stderr(text) {
        line.stop();
        process.stderr.write(text);
      },
      progress,
      async archive(bytes, pieces) {
        if (output === undefined) throw new TransferError('INTERNAL', 'an archive, and no file to write it to');
        if (output === '-') await pipeline(pieces, process.stdout, { end: false });
        else await writePieces(pieces, bytes, output, { signal, onProgress: progress });
      },
    },
  };
}
