/**
 * Real Docker engines for tests, each with its own data, socket and pid; they share nothing but the kernel.
 *
 * '20' is Engine 20.10 of Debian 12. '26' and '26c' are Engine 26 of Debian 13, unpacked beside the system, with the classic image
 * store (graph) and with containerd's.
 */
import { existsSync, readFileSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TransferError } from '../../shared/errors.ts';
import { runCommand } from './command.ts';
import { isRunning, startService, waitUntil } from './process.ts';

export type EngineKind = '20' | '26' | '26c';
export const ENGINE_KINDS: readonly EngineKind[] = ['20', '26', '26c'];

const REPOSITORY = resolve(import.meta.dirname, '../..');
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;

export interface Engine extends AsyncDisposable {
  readonly kind: EngineKind;
  /** Path of the unix socket. */
  readonly socket: string;
  /** `unix://` and the path. */
  readonly address: string;
  readonly dataRoot: string;
  /** What the daemon wrote so far. */
  log(): string;
  /** Ends the daemon as a crash would; the engine must still be disposed of. */
  kill(): Promise<void>;
}

export interface EngineOptions {
  readonly kind: EngineKind;
  /** Puts the engine's data on a disk of its own of this size. */
  readonly diskBytesMax?: number;
  /** Where the engine finds and leaves its data, which is then the caller's; otherwise it has data of its own, which go with it. */
  readonly dataRoot?: string;
}

async function cacheDirectory(): Promise<string> {
  const modules = join(REPOSITORY, 'node_modules');
  const base = await access(modules, constants.W_OK).then(
    () => join(modules, '.cache'),
    () => tmpdir(),
  );
  return join(base, 'lighterman');
}

/** The directory that holds the Docker Engine of a Debian suite, unpacked there at the first call and kept for later runs. */
export async function fetchEngine(suite: string): Promise<string> {
  const directory = join(await cacheDirectory(), `engine-${suite}`);
  await runCommand(join(REPOSITORY, '.ci/fetch-engine'), [suite, directory]);
  return directory;
}

/** Starts an engine without network; resolves when it answers. Dispose of it to stop it and to remove its data. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { kind } = options;
  const prefix = kind === '20' ? undefined : await fetchEngine('trixie');
  // A socket path has at most 107 bytes: the directory's name is short on purpose.
  const directory = await mkdtemp(join(tmpdir(), 'lme-'));
  const dataRoot = options.dataRoot ?? join(directory, 'data');
  const socket = join(directory, 's');
  const logPath = join(directory, 'log');
  await mkdir(dataRoot, { recursive: true });
  if (options.diskBytesMax !== undefined) {
    await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${options.diskBytesMax}`, 'tmpfs', dataRoot]);
  }
  const configuration = join(directory, 'daemon.json');
  await writeFile(configuration, JSON.stringify(kind === '26c' ? { features: { 'containerd-snapshotter': true } } : {}));
  const flags = ['--data-root', dataRoot, '--exec-root', join(directory, 'exec'), '--pidfile', join(directory, 'pid')];
  const remove = async (): Promise<void> => {
    await unmountIn(directory);
    await unmountIn(dataRoot);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const daemon = await startService({
      file: prefix === undefined ? '/usr/sbin/dockerd' : join(prefix, 'usr/sbin/dockerd'),
      args: [...flags, '-H', `unix://${socket}`, '--config-file', configuration, '--iptables=false', '--bridge=none'],
      env: { PATH: prefix === undefined ? SYSTEM_PATH : `${prefix}/usr/sbin:${prefix}/usr/bin:${SYSTEM_PATH}` },
      logPath,
      ready: () => answers(socket),
      readyTimeoutMs: START_TIMEOUT_MS,
    });
    const containerd = await containerdPid(directory);
    const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
      await daemon.stop(signal);
      await waitUntil(() => containerd === undefined || !isRunning(containerd), STOP_TIMEOUT_MS);
    };
    return {
      kind,
      socket,
      address: `unix://${socket}`,
      dataRoot,
      log: () => readFileSync(logPath, 'utf8'),
      kill: () => stop('SIGKILL'),
      [Symbol.asyncDispose]: async () => {
        // To end in order takes an engine a second, which only containers are worth, and data that stay.
        const isKilled = options.dataRoot === undefined && !(await hasContainers(directory));
        await stop(isKilled ? 'SIGKILL' : 'SIGTERM');
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function containerdPid(directory: string): Promise<number | undefined> {
  const text = await readFile(join(directory, 'exec/containerd/containerd.pid'), 'utf8').catch(() => '');
  return text === '' ? undefined : Number(text);
}

/** Whether one is running, or has not been cleaned up after. */
async function hasContainers(directory: string): Promise<boolean> {
  const tasks = join(directory, 'exec/containerd/daemon/io.containerd.runtime.v2.task/moby');
  return (await readdir(tasks).catch(() => [])).length > 0;
}

/** An engine leaves its data bind-mounted on itself, and layers of containers that did not end. */
async function unmountIn(directory: string): Promise<void> {
  const mounted = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .toReversed();
  for (const path of mounted) await runCommand('umount', ['-l', path]);
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolveWith) => {
    const ping = request({ socketPath: socket, path: '/_ping' }, (response) => {
      response.resume();
      resolveWith(response.statusCode === 200);
    });
    ping.once('error', () => resolveWith(false));
    ping.end();
  });
}

/**
 * Why the bench cannot run here, or undefined where it can: `describe.skipIf(requireEngine())`. The reason is printed.
 * @param others paths of programs that are needed as well.
 * @throws TransferError INTERNAL instead when CI=true, where the bench has to be there.
 */
export function requireEngine(...others: readonly string[]): string | undefined {
  const programs = ['/usr/sbin/dockerd', '/usr/bin/docker', '/usr/bin/docker-registry', '/bin/busybox', ...others];
  const missing = programs.filter((path) => !existsSync(path));
  let reason: string | undefined;
  if (process.getuid?.() !== 0) reason = 'engines need root';
  else if (missing.length > 0) reason = `${missing.join(', ')} missing: run .ci/prepare`;
  if (reason === undefined) return undefined;
  // oxlint-disable-next-line node/no-process-env -- the one place where tests ask for CI
  if (process.env['CI'] === 'true') throw new TransferError('INTERNAL', `no test engine: ${reason}`);
  process.stderr.write(`tests on real engines are skipped: ${reason}\n`);
  return reason;
}
