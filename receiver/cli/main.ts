/** The command line of `lightermand`. */
import { Command, Option } from 'commander';
import { runProgram } from '../../shared/commands/common.ts';
import { defineDoctor, examine } from '../../shared/commands/doctor.ts';
import { TransferError } from '../../shared/errors.ts';
import { exitCodeHelp, runCommand } from '../../shared/terminal/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { readReceiverEnvironment } from '../config.ts';
import { createLog, type LogFormat } from '../log.ts';
import { keepOptions, toCollectFlags, type KeepOptions } from './collect-flags.ts';
import { DOCTOR_OPTIONS, receiverChecks, type DoctorFlags } from './doctor.ts';
import { RULES } from './rules.ts';
import { absoluteTarget, runAdmin, type AdminRun } from './run-admin.ts';
import { showReceipts, type ReceiptsFlags } from './receipts.ts';
import { serve, type ServeFlags } from './serve.ts';
import { addToken, listTokens, revokeToken, type TokenAddFlags } from './token.ts';
import { systemClock } from '../../shared/clock.ts';

interface StoreFlags {
  readonly store: string;
  readonly json?: boolean;
}

interface DeliveryFlags {
  readonly deliver?: string;
  readonly engine?: string;
  readonly push?: string;
}

/** @returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const environment = readReceiverEnvironment(process.env);
  let status = 0;
  const run = async (json: boolean, command: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    status = await runCommand('lightermand', process, json, command);
  };
  const program = new Command('lightermand')
    .description('Receives Docker images, keeps every one it was ever sent, and delivers them.')
    .version(VERSION)
    .exitOverride()
    .addHelpText('after', exitCodeHelp());
  const command = (name: string, description: string): Command =>
    program.command(name).description(description).requiredOption('--store <directory>', 'the chunk store');

  const at = ({ store }: StoreFlags, signal: AbortSignal, output?: string): AdminRun => ({ directory: store, environment, signal, output });

  keepOptions(
    engineOptions(command('serve', 'wait for senders and deliver what they ship').requiredOption('--listen <address>', 'HOST:PORT'))
      .requiredOption('--deliver <where>', 'engine (docker load), archive:DIR (write NAME_TAG.tar), or none (only store)')
      .option(
        '--tls-cert <file>',
        'serve wss:// with this certificate (PEM, then those that lead to its authority); read again when it changes',
      )
      .option('--tls-key <file>', 'its key')
      .option('--client-ca <file>', 'let in certificates of senders that this authority signed, as `token add --certificate` grants')
      .option('--insecure', 'plain ws:// also beyond the loopback: neither secret nor authenticated')
      .option('--hooks <file>', 'what is to happen when an image has come: receiver/hooks/HOOKS.md')
      .option('--anonymous', 'ask nobody who they are, also beyond the loopback')
      .option('--status <address>', 'show the state of this receiver on HOST:PORT: a page, /status.json, /metrics, /healthz, /readyz')
      .option('--status-token-file <file>', 'with --status: who reads it has to bring this token; needed beyond the loopback')
      .addOption(new Option('--log <format>', 'log lines for people or machines').choices(['text', 'json']).default('text')),
  )
    .option('--gc-every <time>', 'how often the --keep options are applied', '1d')
    .option('--quota <size>', 'when the store takes more, as 50GB, the oldest unpinned images go until it takes --low')
    .option('--low <size>', 'default: four fifths of --quota')
    .option('--keep-as-asked', 'senders may say which images of the repositories that they ship are kept: `keep` in sync.yaml')
    .action((flags: ServeFlags & { log: LogFormat }) => run(false, (signal) => serve(flags, environment, createLog(flags.log), signal)));
  command('images', 'list the images in the store')
    .option('--json', 'one line of JSON an image')
    .action((flags: StoreFlags) => run(flags.json === true, (signal) => runAdmin('images', { json: flags.json }, at(flags, signal))));
  engineOptions(
    command('restore', 'bring back an image that was delivered once, without the link').argument(
      '<ref>',
      'name, or the beginning of an image id',
    ),
  )
    .option('-o, --output <file>', 'write the archive to this file, or to stdout for -')
    .option('--deliver <where>', 'engine, or archive:DIR')
    .option('--json', 'end stdout with one line of JSON')
    .action((name: string, flags: DeliveryFlags & StoreFlags & { output?: string }) =>
      run(flags.json === true, async (signal) => {
        const { output, deliver, engine, push, json } = flags;
        if ((output === undefined) === (deliver === undefined))
          throw new TransferError('USAGE', 'restore wants either -o FILE or --deliver');
        const target = deliver === undefined ? undefined : absoluteTarget(deliver);
        await runAdmin('restore', { name, deliver: target, engine, push, quiet: output === '-', json }, at(flags, signal, output));
      }),
    );
  command('stats', 'what the store holds')
    .option('--json', 'as JSON')
    .action((flags: StoreFlags) => run(flags.json === true, (signal) => runAdmin('stats', { json: flags.json }, at(flags, signal))));
  command('check', 'look for damage in the store, and name the images that it touches')
    .option('--read-all', 'read and verify every record')
    .option('--json', 'as JSON')
    .action((flags: StoreFlags & { readAll?: boolean }) =>
      run(flags.json === true, (signal) => runAdmin('check', { readAll: flags.readAll, json: flags.json }, at(flags, signal))),
    );
  keepingCommands(command, run, at);
  command('receipts', 'what was delivered, failed or was brought back: chained by hash, signed with the key of the store')
    .option('--json', 'the entries as they are, one line of JSON each')
    .option('--verify', 'check chain and signatures')
    .option('--public-key', 'print the key that receipts are verified with, for the senders')
    .action((flags: ReceiptsFlags) => run(flags.json === true && flags.verify === true, () => showReceipts(flags, process.stdout)));
  tokenCommands(program, run);
  defineDoctor(program, 'serve', DOCTOR_OPTIONS).action((flags: DoctorFlags) =>
    run(flags.json === true, (signal) =>
      examine(receiverChecks(flags, { environment, clock: systemClock, signal }), flags.json === true, process.stdout, signal),
    ),
  );
  return runProgram(program, argv, { ...RULES, environment: process.env, terminal: process, run }, () => status);
}

type Run = (json: boolean, command: (signal: AbortSignal) => Promise<void>) => Promise<void>;

/** What stays in a store, and what goes. */
function keepingCommands(
  command: (name: string, description: string) => Command,
  run: Run,
  at: (flags: StoreFlags, signal: AbortSignal) => AdminRun,
): void {
  command('repair', 'remove what is damaged, so that the next shipment of an image brings what it lacks, and only that')
    .option('--json', 'as JSON')
    .action((flags: StoreFlags) => run(flags.json === true, (signal) => runAdmin('repair', { json: flags.json }, at(flags, signal))));
  keepOptions(command('gc', 'remove images by the --keep options, and give back the room of what nobody needs'))
    .option('--quota <size>', 'the oldest unpinned images go, too, until the store takes no more than this, as 40GB')
    .option('--dry-run', 'say what would go and how much that would free; change nothing')
    .option('--json', 'as JSON')
    .action((flags: StoreFlags & KeepOptions & { dryRun?: boolean }) =>
      run(flags.json === true, async (signal) =>
        runAdmin('gc', toCollectFlags(flags, flags.dryRun === true, flags.json), at(flags, signal)),
      ),
    );
  imageCommand(command('forget', 'remove an image with all its names, and what only it had'))
    .option('--purge', 'its content is also overwritten on the disk, at once')
    .option('--json', 'as JSON')
    .action((name: string, flags: StoreFlags & { purge?: boolean }) =>
      run(flags.json === true, (signal) => runAdmin('forget', { name, purge: flags.purge === true, json: flags.json }, at(flags, signal))),
    );
  imageCommand(command('pin', 'keep an image, whatever the --keep options and the quota say')).action((name: string, flags: StoreFlags) =>
    run(false, (signal) => runAdmin('pin', { name, pinned: true }, at(flags, signal))),
  );
  imageCommand(command('unpin', 'no longer keep it')).action((name: string, flags: StoreFlags) =>
    run(false, (signal) => runAdmin('pin', { name, pinned: false }, at(flags, signal))),
  );
}

function tokenCommands(program: Command, run: Run): void {
  const token = program.command('token').description('who may ship what');
  const command = (name: string, description: string): Command =>
    token.command(name).description(description).requiredOption('--store <directory>', 'the chunk store, served or not');
  command('add', 'make a token, and print it: it is kept nowhere else')
    .requiredOption('--name <name>', 'what to call it here and in the log')
    .requiredOption('--allow <pattern...>', "image names that may be shipped and asked about: 'shop/*', 'shop/web:release-*', '*'")
    .option('--push', 'what is delivered may also be pushed, where the receiver pushes')
    .option('--expires <span>', 'valid for so long, as 90d (default: until it is revoked)')
    .option('--certificate <name>', 'no token, but client certificates with this name: common name, DNS name, URI or mail address')
    .action((flags: TokenAddFlags) => run(false, () => addToken(flags, systemClock, process.stdout, process.stderr)));
  command('list', 'the tokens there are')
    .option('--json', 'one line of JSON a token')
    .action((flags: { store: string; json?: boolean }) =>
      run(flags.json === true, () => listTokens(flags.store, flags.json === true, systemClock, process.stdout, process.stderr)),
    );
  command('revoke', 'end a token, and the conversations that are held with it')
    .argument('<name>', 'as `token list` shows it')
    .action((name: string, flags: { store: string }) => run(false, () => revokeToken(flags.store, name)));
}

function engineOptions(target: Command): Command {
  return target
    .option('--engine <address>', 'the engine to load into: unix:///path or tcp://HOST:PORT (default: DOCKER_HOST, then the usual socket)')
    .option('--push <registry>', 'after the load tag and push there: REGISTRY[/PREFIX]');
}

function imageCommand(target: Command): Command {
  return target.argument('<ref>', 'name, or the beginning of an image id');
}
