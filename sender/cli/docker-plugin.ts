/**
 * `docker ship IMAGE...`: what the docker command asks of its plugins. It finds `docker-ship` in ~/.docker/cli-plugins, asks it for its
 * metadata, and calls it with its own words: `docker-ship [options of docker] ship IMAGE...`
 * (https://docs.docker.com/engine/extend/cli_plugins/).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { TransferError } from '../../shared/errors.ts';
import { failureText } from '../../shared/terminal/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { main } from './main.ts';

const METADATA = {
  SchemaVersion: '0.1.0',
  Vendor: 'Lighterman',
  Version: VERSION,
  ShortDescription: 'Ship images to another host: only what it lacks crosses the link',
};

/** Options of the docker command that a value follows. */
const VALUE_OPTIONS = /^(?:--config|-c|--context|-H|--host|-l|--log-level|--tlscacert|--tlscert|--tlskey)$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns the exit status. */
export async function dockerPlugin(words: readonly string[]): Promise<number> {
  if (words[0] === 'docker-cli-plugin-metadata') {
    process.stdout.write(`${JSON.stringify(METADATA)}\n`);
    return 0;
  }
  try {
    const { docker, own } = splitWords(words);
    const host = engineOf(docker, process.env);
    if (host !== undefined) process.env['DOCKER_HOST'] = host;
    endWithDocker(process.env['DOCKER_CLI_PLUGIN_SOCKET']);
    return await main([process.execPath, 'docker', 'ship', ...own]);
  } catch (error) {
    const failure = TransferError.from(error);
    process.stderr.write(failureText('docker ship', failure));
    return failure.exitCode;
  }
}

/** The docker command's own options, and what follows `ship`. */
export function splitWords(words: readonly string[]): { readonly docker: readonly string[]; readonly own: readonly string[] } {
  let at = 0;
  while (at < words.length && words[at] !== 'ship') at += VALUE_OPTIONS.test(words[at] as string) ? 2 : 1;
  return { docker: words.slice(0, at), own: words.slice(at + 1) };
}

/**
 * The engine that the docker command would speak to, in its order: --host, --context, DOCKER_HOST, DOCKER_CONTEXT, the context in use.
 * Undefined where that is the usual one.
 * @throws TransferError USAGE for a context that is not there.
 */
export function engineOf(docker: readonly string[], environment: Environment): string | undefined {
  const directory = valueOf(docker, '--config') ?? environment['DOCKER_CONFIG'] ?? join(environment['HOME'] ?? '/root', '.docker');
  const host = valueOf(docker, '--host', '-H');
  if (host !== undefined) return host;
  const named = valueOf(docker, '--context', '-c');
  if (named === undefined && (environment['DOCKER_HOST'] ?? '') !== '') return environment['DOCKER_HOST'];
  const context = [named, environment['DOCKER_CONTEXT'], currentContext(directory)].find((name) => name !== undefined && name !== '');
  return context === undefined || context === 'default' ? undefined : hostOfContext(directory, context);
}

function valueOf(words: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [i, word] of words.entries()) {
    if (names.includes(word)) return words[i + 1];
    const name = names.find((candidate) => word.startsWith(`${candidate}=`));
    if (name !== undefined) return word.slice(name.length + 1);
  }
  return undefined;
}

function currentContext(directory: string): string | undefined {
  const config = readJson(join(directory, 'config.json')) as { readonly currentContext?: unknown } | undefined;
  return typeof config?.currentContext === 'string' ? config.currentContext : undefined;
}

/** Contexts are files named by the digest of their names. */
function hostOfContext(directory: string, name: string): string {
  const digest = createHash('sha256').update(name).digest('hex');
  const meta = readJson(join(directory, 'contexts', 'meta', digest, 'meta.json')) as
    { readonly Endpoints?: { readonly docker?: { readonly Host?: unknown } } } | undefined;
  const host = meta?.Endpoints?.docker?.Host;
  if (typeof host === 'string' && host !== '') return host;
  throw new TransferError('USAGE', `docker knows no context ${name} with an engine`, { hint: 'see `docker context ls`' });
}

/** Undefined where there is no such file, or none that can be understood. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Later docker commands keep signals to themselves, and tell a plugin to end by closing a socket. */
function endWithDocker(address: string | undefined): void {
  if (address === undefined || address === '') return;
  let isInterrupted = false;
  process.once('SIGINT', () => (isInterrupted = true));
  // An `@` stands for the abstract namespace of Linux (unix(7)).
  const socket = connect({ path: address.replace(/^@/, '\0') });
  socket.on('error', () => {});
  socket.once('end', () => {
    if (!isInterrupted) process.kill(process.pid, 'SIGINT');
  });
  socket.resume();
  socket.unref();
}
