/** The command line of `lightermand`. */
import { Command, CommanderError, Option } from 'commander';
import { TransferError } from '../../shared/errors.ts';
import { exitCodeHelp, runCommand } from '../../shared/terminal/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { readReceiverEnvironment } from '../config.ts';
import { createLog, type LogFormat } from '../log.ts';
import { checkStore, listImages, restoreImage, showStats } from './inspect.ts';
import { serve, type ServeFlags } from './serve.ts';
import { addToken, listTokens, revokeToken, type TokenAddFlags } from './token.ts';
import { systemClock } from '../../shared/clock.ts';

interface DeliveryFlags {
  readonly store: string;
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

  engineOptions(command('serve', 'wait for senders and deliver what they ship').requiredOption('--listen <address>', 'HOST:PORT'))
    .requiredOption('--deliver <where>', 'engine (docker load), archive:DIR (write NAME_TAG.tar), or none (only store)')
    .option(
      '--tls-cert <file>',
      'serve wss:// with this certificate (PEM, then those that lead to its authority); read again when it changes',
    )
    .option('--tls-key <file>', 'its key')
    .option('--client-ca <file>', 'let in certificates of senders that this authority signed, as `token add --certificate` grants')
    .option('--insecure', 'plain ws:// also beyond the loopback: neither secret nor authenticated')
    .option('--anonymous', 'ask nobody who they are, also beyond the loopback')
    .addOption(new Option('--log <format>', 'log lines for people or machines').choices(['text', 'json']).default('text'))
    .action((flags: ServeFlags & { log: LogFormat }) => run(false, (signal) => serve(flags, environment, createLog(flags.log), signal)));
  command('images', 'list the images in the store')
    .option('--json', 'one line of JSON an image')
    .action((flags: { store: string; json?: boolean }) =>
      run(flags.json === true, () => listImages(flags.store, flags.json === true, process.stdout)),
    );
  engineOptions(
    command('restore', 'bring back an image that was delivered once, without the link').argument(
      '<ref>',
      'name, or the beginning of an image id',
    ),
  )
    .option('-o, --output <file>', 'write the archive to this file, or to stdout for -')
    .option('--deliver <where>', 'engine, or archive:DIR')
    .option('--json', 'end stdout with one line of JSON')
    .action((ref: string, flags: DeliveryFlags & { output?: string; json?: boolean }) =>
      run(flags.json === true, (signal) => restoreImage(ref, flags, environment, signal)),
    );
  command('stats', 'what the store holds')
    .option('--json', 'as JSON')
    .action((flags: { store: string; json?: boolean }) =>
      run(flags.json === true, () => showStats(flags.store, flags.json === true, process.stdout)),
    );
  command('check', 'look for damage in the store')
    .option('--read-all', 'read and verify every record')
    .option('--json', 'as JSON')
    .action((flags: { store: string; readAll?: boolean; json?: boolean }) =>
      run(flags.json === true, (signal) => checkStore(flags, process.stdout, signal)),
    );
  tokenCommands(program, run);
  try {
    await program.parseAsync(argv);
    return status;
  } catch (error) {
    // Commander has printed its one line already; help and --version end here too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : new TransferError('USAGE', error.message).exitCode;
    throw error;
  }
}

type Run = (json: boolean, command: (signal: AbortSignal) => Promise<void>) => Promise<void>;

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
