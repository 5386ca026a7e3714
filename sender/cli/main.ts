/** The command line of `lighterman`. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { runProgram } from '../../shared/commands/common.ts';
import { defineDoctor, examine } from '../../shared/commands/doctor.ts';
import { EFFORTS } from '../../shared/delta/content.ts';
import { chooseEngineAddress } from '../../shared/engine/address.ts';
import { exitCodeHelp, runCommand } from '../../shared/terminal/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { readSenderEnvironment, type SenderEnvironment } from '../config.ts';
import type { ImageSource } from '../image/port.ts';
import { activate, history, type CommandFlags } from './activate.ts';
import { DOCTOR_OPTIONS, senderChecks, type DoctorFlags } from './doctor.ts';
import { openEngine } from './engine.ts';
import { POOL_QUOTA_HELP } from './pool.ts';
import { showReceipts, type ReceiptsFlags } from './receipts.ts';
import { RULES } from './rules.ts';
import { seed, ship, type ReadFlags, type ShipFlags } from './ship.ts';
import { serveHooks, type ServeHooksFlags } from './serve-hooks.ts';
import { sync, type SyncCommandFlags } from './sync.ts';

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
  const world = { openEngine: openNamed, token: environment.token, stdout: process.stdout, stderr: process.stderr };
  const listCommand = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('<file>', 'sync.yaml: images, destinations, windows, budgets, schedule')
      .option('--engine <address>', 'the engine to save from (default: as the file says, then DOCKER_HOST, then the usual socket)')
      .option('--store <directory>', 'the pool of what was shipped', environment.pool)
      .option('--pool-quota <size>', POOL_QUOTA_HELP)
      .option('--json', 'end each run with one line of JSON on stdout')
      .option('--quiet', 'no line for each image');
  listCommand('sync', 'keep the images of a list in step with receivers: once, or by its schedule')
    .option('--once', 'run now, and end')
    .option('--check', 'look whether sources, names, schedule and destinations are there; ships nothing')
    .option('--dry-run', 'say what would cross to each destination, and how long it would take')
    .option('--status <address>', 'as a service: show last run, next run and results on HOST:PORT, as JSON and as /metrics')
    .option('--status-token-file <file>', 'with --status: who reads it has to bring this token; needed beyond the loopback')
    .option('--status-tls-cert <file>', 'with --status: serve it over TLS with this certificate, read again when it changes, and at SIGHUP')
    .option('--status-tls-key <file>', 'its key')
    .option('--status-insecure', 'with --status: beyond the loopback also without TLS, the token crosses in the clear')
    .addHelpText('after', '\nExamples:\n  lighterman sync sync.yaml --check\n  lighterman sync sync.yaml --once')
    .action(async (file: string, flags: SyncCommandFlags) => {
      status = await runCommand('lighterman', process, flags.json === true, (signal) => sync(file, flags, world, signal));
    });
  listCommand('serve-hooks', 'ship what a registry says was pushed to it, by the rules of the list')
    .requiredOption('--listen <address>', 'where the registry sends its notifications: HOST:PORT')
    .option('--token-file <file>', 'what it has to send as `Authorization: Bearer TOKEN`; needed beyond the loopback')
    .option('--tls-cert <file>', 'take them over TLS with this certificate, read again when it changes, and at SIGHUP')
    .option('--tls-key <file>', 'its key')
    .option('--insecure', 'beyond the loopback also without TLS: the token crosses in the clear')
    .addHelpText('after', '\nExample:\n  lighterman serve-hooks sync.yaml --listen 127.0.0.1:7790')
    .action(async (file: string, flags: ServeHooksFlags) => {
      status = await runCommand('lighterman', process, flags.json === true, (signal) => serveHooks(file, flags, world, signal));
    });
  addReceipts(program, environment, (exit) => void (status = exit));
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

function addReceipts(program: Command, environment: SenderEnvironment, onExit: (status: number) => void): void {
  program
    .command('receipts')
    .description("what was shipped from this pool, with the receivers' word for it")
    .option('--store <directory>', 'the pool of what was shipped', environment.pool)
    .option('--json', 'the entries as they are, one line of JSON each')
    .option('--verify', 'check that no entry was changed or is missing')
    .option('--key <file>', 'with --verify: check what receivers signed, too, with what `lightermand receipts --public-key` printed there')
    .addHelpText('after', '\nExamples:\n  lighterman receipts --json\n  lighterman receipts --verify --key far-host.pem')
    .action(async (flags: ReceiptsFlags) => {
      const isJson = flags.json === true && flags.verify === true;
      onExit(await runCommand('lighterman', process, isJson, () => showReceipts(flags, process.stdout)));
    });
}
