/** The command line of `lighterman`. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { runProgram } from '../../shared/commands/common.ts';
import { defineDoctor, examine } from '../../shared/commands/doctor.ts';
import { EFFORTS, type Effort } from '../../shared/delta/content.ts';
import { chooseEngineAddress, type EngineAddress } from '../../shared/engine/address.ts';
import { TransferError } from '../../shared/errors.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { createProgressLine, silentProgress, type ProgressLine } from '../../shared/terminal/progress-line.ts';
import { exitCodeHelp, runCommand } from '../../shared/terminal/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { readSenderEnvironment, type SenderEnvironment } from '../config.ts';
import type { ImageSource } from '../image/port.ts';
import { recallRate, rememberRate } from '../link-rate.ts';
import { seedPool, type SeedContext } from '../seed-pool.ts';
import { activateNames } from '../command.ts';
import type { ReceiptImage } from '../session.ts';
import { shipImages, type ShippedImage } from '../ship-image.ts';
import type { Source } from '../source.ts';
import { connect, parseAddress, type ConnectSecurity } from '../transport/connect.ts';
import { activate, history, type CommandFlags } from './activate.ts';
import { readComposition } from './composition.ts';
import { parseDuration } from './duration.ts';
import { keepPoolQuota, parsePoolQuota, POOL_QUOTA_HELP } from './pool.ts';
import { DOCTOR_OPTIONS, senderChecks, type DoctorFlags } from './doctor.ts';
import { prepareEstimate } from './estimate.ts';
import { parseRate } from './rate.ts';
import { printResult, seededLine } from './report.ts';
import { readSecurity, type SecurityFlags } from './security.ts';
import { RULES } from './rules.ts';
import { resolveSources } from './sources.ts';
import { sync, type SyncFlags } from './sync.ts';

/** What every command takes that reads images. */
interface ReadFlags {
  readonly engine?: string;
  readonly store: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly poolQuota?: string;
}

interface ShipFlags extends ReadFlags, SecurityFlags {
  readonly to: string;
  readonly as?: string;
  readonly stage?: boolean;
  readonly composition?: string;
  readonly wait: 'delivered' | 'pushed';
  readonly seedPool?: readonly string[];
  readonly effort: Effort;
  readonly dryRun?: boolean;
  readonly rate?: string;
  readonly explain?: boolean;
  readonly retry: string;
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
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument(name === 'ship' ? '[source...]' : '<source...>', 'an image of the engine (shop:2, or an id), ./archive.tar, or - for stdin')
      .option(
        '--engine <address>',
        'the engine to save from: unix:///path or tcp://HOST:PORT (default: DOCKER_HOST, then the usual socket)',
      )
      .option('--store <directory>', 'the pool of what was shipped', environment.pool)
      .option('--pool-quota <size>', POOL_QUOTA_HELP)
      .option('--json', 'end stdout with one line of JSON')
      .option('--quiet', 'no progress');
  addReceiver(command('ship', 'ship images and wait until they are delivered'))
    .option('--as <ref>', 'the name that the image gets over there')
    .option('--composition <file>', 'in place of sources: the images of a release, which get their names all at once, or not at all')
    .option('--stage', 'deliver and prove, but load, name and push nothing until `lighterman activate`')
    .addOption(
      new Option('--wait <until>', 'until when: pushed fails where nothing was pushed')
        .choices(['delivered', 'pushed'])
        .default('delivered'),
    )
    .addOption(new Option('--effort <level>', 'how hard to squeeze').choices(EFFORTS).default('auto'))
    .option('--seed-pool <image...>', 'read these into the pool first, without the link, as `seed` does')
    .option('--explain', 'say where the bytes went')
    .option('--retry <time>', 'how long to connect again without progress where the link breaks: 30s, 10m, 2h, or 0 for not at all', '10m')
    .option('--dry-run', 'say what would cross the link, by layer, and how long it would take; sends no content')
    .option('--rate <rate>', 'with --dry-run: the rate of the link, as 10mbit (default: as it was measured the last time)')
    .addHelpText(
      'after',
      '\nExamples:\n  lighterman ship shop:2 --to ws://10.0.0.2:7700\n  docker save shop:2 | lighterman ship - --to ws://10.0.0.2:7700 --as shop:2',
    )
    .action(async (sources: string[], flags: ShipFlags) => {
      status = await runCommand('lighterman', process, flags.json === true, (signal) => ship(sources, flags, environment, signal));
    });
  command('seed', 'read images into the pool, without any link: what a receiver holds of them can then serve as a base again').action(
    async (sources: string[], flags: ReadFlags) => {
      status = await runCommand('lighterman', process, flags.json === true, (signal) => seed(sources, flags, environment, signal));
    },
  );
  addActivation(program, environment, (exit) => void (status = exit));
  const openNamed = (address: string | undefined): Promise<ImageSource> =>
    openEngine(chooseEngineAddress(address, environment, existsSync));
  program
    .command('sync')
    .description('keep the images of a list in step with receivers: once, or by its schedule')
    .argument('<file>', 'sync.yaml: images, destinations, windows, budgets, schedule')
    .option('--once', 'run now, and end')
    .option('--check', 'look whether sources, names, schedule and destinations are there; ships nothing')
    .option('--dry-run', 'say what would cross to each destination, and how long it would take')
    .option('--engine <address>', 'the engine to save from (default: as the file says, then DOCKER_HOST, then the usual socket)')
    .option('--store <directory>', 'the pool of what was shipped', environment.pool)
    .option('--pool-quota <size>', POOL_QUOTA_HELP)
    .option('--status <address>', 'as a service: show last run, next run and results on HOST:PORT, as JSON and as /metrics')
    .option('--status-token-file <file>', 'with --status: who reads it has to bring this token; needed beyond the loopback')
    .option('--json', 'end each run with one line of JSON on stdout')
    .option('--quiet', 'no line for each image')
    .addHelpText('after', '\nExamples:\n  lighterman sync sync.yaml --check\n  lighterman sync sync.yaml --once')
    .action(async (file: string, flags: SyncFlags) => {
      const world = { openEngine: openNamed, token: environment.token, stdout: process.stdout, stderr: process.stderr };
      status = await runCommand('lighterman', process, flags.json === true, (signal) => sync(file, flags, world, signal));
    });
  const run = async (json: boolean, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    status = await runCommand('lighterman', process, json, work);
  };
  defineDoctor(program, 'ship', DOCTOR_OPTIONS).action((flags: DoctorFlags) =>
    run(flags.json === true, (signal) =>
      examine(senderChecks(flags, { environment, clock: systemClock, openEngine, signal }), flags.json === true, process.stdout, signal),
    ),
  );
  return runProgram(program, argv, { ...RULES, environment: process.env, terminal: process, run }, () => status);
}

/** Which receiver, and how the two know each other. */
function addReceiver(command: Command): Command {
  return command
    .requiredOption('--to <address>', 'the receiver, wss://HOST:PORT, or ws://HOST:PORT on the loopback')
    .option('--token-file <file>', 'who ships, as the receiver gave it (default: the environment variable LIGHTERMAN_TOKEN)')
    .option('--ca <file>', 'the authority of the certificate of a wss:// receiver (default: those of the system)')
    .option('--cert <file>', 'a certificate of your own, where the receiver wants one')
    .option('--key <file>', 'its key')
    .option('--insecure', 'plain ws:// also to other hosts: neither secret nor authenticated');
}

/** Commands that ship nothing: they say which image a name means over there. */
function addActivation(program: Command, { token }: SenderEnvironment, onStatus: (exit: number) => void): void {
  const world = { stdout: process.stdout, stderr: process.stderr, token };
  const command = (name: string, description: string): Command =>
    addReceiver(program.command(name).description(description))
      .option('--json', 'end stdout with one line of JSON')
      .option('--quiet', 'no progress');
  const run = async (flags: CommandFlags, work: (signal: AbortSignal) => Promise<void>): Promise<void> =>
    onStatus(await runCommand('lighterman', process, flags.json === true, work));
  command('activate', 'load, name and push what was staged: all of these names, or none')
    .argument('<name...>', 'names as they were staged')
    .addHelpText(
      'after',
      '\nExample:\n  lighterman ship shop:2 --as shop:live --stage --to ws://10.0.0.2:7700\n  lighterman activate shop:live --to ws://10.0.0.2:7700',
    )
    .action((names: string[], flags: CommandFlags) => run(flags, (signal) => activate(names, 'activate', flags, world, signal)));
  command('rollback', 'give names back to the images that they meant before: all of these names, or none')
    .argument('<name...>', 'names as they are over there')
    .action((names: string[], flags: CommandFlags) => run(flags, (signal) => activate(names, 'roll-back', flags, world, signal)));
  command('history', 'what a name came to mean: when, how, by whom')
    .argument('<name>', 'a name as it is over there')
    .addHelpText('after', '\nExample:\n  lighterman history shop:live --to ws://10.0.0.2:7700')
    .action((name: string, flags: CommandFlags) => run(flags, (signal) => history(name, flags, world, signal)));
}

async function ship(given: readonly string[], flags: ShipFlags, environment: SenderEnvironment, signal: AbortSignal): Promise<void> {
  const release = flags.composition === undefined ? undefined : await readComposition(flags.composition);
  if ((release === undefined) === (given.length === 0)) throw new TransferError('USAGE', 'name sources, or a --composition');
  const names = release?.images.map(({ source }) => source) ?? given;
  if (flags.as !== undefined) {
    parseReference(flags.as);
    if (release !== undefined || names.length > 1) throw new TransferError('USAGE', '--as names one image, but several sources are given');
  }
  if (flags.rate !== undefined) {
    parseRate(flags.rate);
    if (flags.dryRun !== true) throw new TransferError('USAGE', '--rate is for --dry-run');
  }
  const security = readSecurity(flags, environment.token);
  parseAddress(flags.to, security);
  const retryMs = parseDuration(flags.retry);
  const seeds = flags.seedPool ?? [];
  await withPool([...names, ...seeds], flags, environment, signal, async (sources, context, progress) => {
    const seeded = await seedPool(sources.slice(names.length), context);
    const bytesPerSecond = await recallRate(flags.store, flags.to);
    const estimate = flags.dryRun === true ? prepareEstimate(flags.effort, flags.rate, bytesPerSecond) : undefined;
    const effort = estimate?.effort ?? flags.effort;
    const result = await shipImages(
      {
        sources: sources.slice(0, names.length).map((source, i) => ({ ...source, as: release?.images[i]?.as })),
        as: flags.as,
        effort,
        bytesPerSecond,
        dryRun: estimate !== undefined,
        stage: flags.stage === true || release !== undefined,
        retryMs,
      },
      {
        ...context,
        connect: (abort) => connect(flags.to, abort, security),
        agent: `lighterman ${VERSION}`,
        clock: systemClock,
        random: Math.random,
        onNote: (text) => (flags.quiet === true ? process.stderr.write(`${text}\n`) : progress.note(text)),
      },
    );
    progress.stop();
    for (const image of seeded) process.stderr.write(`${seededLine(image)}\n`);
    // Only for the next dry run to know: that it cannot be written down must not make a ship fail that succeeded.
    if (result.bytesPerSecond !== undefined) await rememberRate(flags.store, flags.to, result.bytesPerSecond).catch(() => {});
    const { stdout, stderr } = process;
    const isActivated = release !== undefined && flags.stage !== true && estimate === undefined;
    const activated = isActivated ? await activateAll(result.images, flags, security, signal) : undefined;
    printResult({ ...result, ...activated }, { json: flags.json === true, explain: flags.explain === true, estimate, stdout, stderr });
    if (flags.wait === 'pushed' && estimate === undefined) demandPushed(activated?.images ?? result.images);
  });
}

/** A release has arrived, and waits under its names: they are given to it as a unit. */
async function activateAll(
  images: readonly ShippedImage[],
  { to }: ShipFlags,
  security: ConnectSecurity,
  signal: AbortSignal,
): Promise<{ images: ShippedImage[] }> {
  const { images: activated } = await activateNames(
    images.map(({ ref }) => ref),
    'activate',
    { agent: `lighterman ${VERSION}`, connect: () => connect(to, signal, security), onProgress: () => {} },
  );
  const found = (ref: string): ReceiptImage | undefined => activated.find(({ refs }) => refs.includes(ref));
  return {
    images: images.map((image) => ({
      ...image,
      imageId: found(image.ref)?.imageId ?? image.imageId,
      pushed: found(image.ref)?.pushed ?? [],
    })),
  };
}

/** @throws TransferError REGISTRY_REFUSED */
function demandPushed(images: readonly ShippedImage[]): void {
  const missing = images.find(({ pushed }) => pushed.length === 0);
  if (missing === undefined) return;
  throw new TransferError('REGISTRY_REFUSED', `${missing.ref} was delivered, but not pushed`, {
    hint: 'is the receiver started with --push, and may this sender push?',
  });
}

async function seed(names: readonly string[], flags: ReadFlags, environment: SenderEnvironment, signal: AbortSignal): Promise<void> {
  await withPool(names, flags, environment, signal, async (sources, context, progress) => {
    const images = await seedPool(sources, context);
    progress.stop();
    if (flags.json === true) process.stdout.write(`${JSON.stringify({ event: 'seeded', images })}\n`);
    else for (const image of images) process.stdout.write(`${seededLine(image)}\n`);
  });
}

/** Opens what the words on the command line name, and the pool, for as long as `work` takes. */
async function withPool(
  names: readonly string[],
  flags: ReadFlags,
  environment: SenderEnvironment,
  signal: AbortSignal,
  work: (sources: readonly Source[], context: SeedContext, progress: ProgressLine) => Promise<void>,
): Promise<void> {
  parsePoolQuota(flags.poolQuota);
  const progress = flags.quiet === true ? silentProgress : createProgressLine(process.stderr, systemClock);
  try {
    const engine = (): Promise<ImageSource> => openEngine(chooseEngineAddress(flags.engine, environment, existsSync));
    const sources = await resolveSources(names, engine, process.stdin, signal);
    await using pool = await openStore(flags.store);
    await work(
      sources,
      {
        pool,
        clock: systemClock,
        spoolDirectory: flags.store,
        signal,
        onProgress: (phase, done, total) => progress.update(phase, done, total),
      },
      progress,
    );
    await keepPoolQuota(pool, flags.poolQuota, signal, process.stderr);
  } finally {
    progress.stop();
  }
}

/** The engine client is large, and archives need none: it is loaded when an image of the engine is named. */
async function openEngine(address: EngineAddress): Promise<ImageSource> {
  const { createEngineSource } = await import('../image/engine-source.ts');
  return createEngineSource(address);
}
