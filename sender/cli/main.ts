/** The command line of `lighterman`. */
import { existsSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { EFFORTS, type Effort } from '../../shared/delta/content.ts';
import { chooseEngineAddress, type EngineAddress } from '../../shared/engine/address.ts';
import { TransferError } from '../../shared/errors.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { createProgressLine, silentProgress } from '../../shared/terminal/progress-line.ts';
import { exitCodeHelp, runCommand } from '../../shared/terminal/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { readSenderEnvironment, type SenderEnvironment } from '../config.ts';
import type { ImageSource } from '../image/port.ts';
import { shipImages } from '../ship-image.ts';
import { connect } from '../transport/connect.ts';
import { printResult } from './report.ts';
import { resolveSources } from './sources.ts';

interface ShipFlags {
  readonly to: string;
  readonly engine?: string;
  readonly store: string;
  readonly as?: string;
  readonly effort: Effort;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly dryRun?: boolean;
  readonly explain?: boolean;
}

/** @returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const environment = readSenderEnvironment(process.env);
  let status = 0;
  const program = new Command('lighterman')
    .description('Ships Docker images to a lightermand: only what it lacks crosses the link.')
    .version(VERSION)
    .exitOverride()
    .addHelpText('after', exitCodeHelp());
  program
    .command('ship')
    .description('ship images and wait until they are delivered')
    .argument('<source...>', 'an image of the engine (shop:2, or an id), ./archive.tar, or - for stdin')
    .requiredOption('--to <address>', 'the receiver, ws://HOST:PORT')
    .option('--engine <address>', 'the engine to save from: unix:///path or tcp://HOST:PORT (default: DOCKER_HOST, then the usual socket)')
    .option('--store <directory>', 'the pool of what was shipped', environment.pool)
    .option('--as <ref>', 'the name that the image gets over there')
    .addOption(new Option('--effort <level>', 'how hard to squeeze').choices(EFFORTS).default('auto'))
    .option('--json', 'end stdout with one line of JSON')
    .option('--quiet', 'no progress')
    .option('--explain', 'say where the bytes went')
    .option('--dry-run', 'say what would cross the link, and send no content')
    .addHelpText(
      'after',
      '\nExamples:\n  lighterman ship shop:2 --to ws://10.0.0.2:7700\n  docker save shop:2 | lighterman ship - --to ws://10.0.0.2:7700 --as shop:2',
    )
    .action(async (sources: string[], flags: ShipFlags) => {
      status = await runCommand('lighterman', process, flags.json === true, (signal) => ship(sources, flags, environment, signal));
    });
  try {
    await program.parseAsync(argv);
    return status;
  } catch (error) {
    // Commander has printed its one line already; help and --version end here too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : new TransferError('USAGE', error.message).exitCode;
    throw error;
  }
}

async function ship(names: readonly string[], flags: ShipFlags, environment: SenderEnvironment, signal: AbortSignal): Promise<void> {
  if (flags.as !== undefined) {
    parseReference(flags.as);
    if (names.length > 1) throw new TransferError('USAGE', '--as names one image, but several sources are given');
  }
  const progress = flags.quiet === true ? silentProgress : createProgressLine(process.stderr, systemClock);
  try {
    const sources = await resolveSources(
      names,
      () => openEngine(chooseEngineAddress(flags.engine, environment, existsSync)),
      process.stdin,
      signal,
    );
    await using pool = await openStore(flags.store);
    const result = await shipImages(
      { sources, as: flags.as, effort: flags.effort, dryRun: flags.dryRun === true },
      {
        pool,
        connect: (abort) => connect(flags.to, abort),
        agent: `lighterman ${VERSION}`,
        clock: systemClock,
        signal,
        onProgress: (phase, done, total) => progress.update(phase, done, total),
      },
    );
    progress.stop();
    printResult(result, { json: flags.json === true, explain: flags.explain === true, stdout: process.stdout, stderr: process.stderr });
  } finally {
    progress.stop();
  }
}

/** The engine client is large, and archives need none: it is loaded when an image of the engine is named. */
async function openEngine(address: EngineAddress): Promise<ImageSource> {
  const { createEngineSource } = await import('../image/engine-source.ts');
  return createEngineSource(address);
}
