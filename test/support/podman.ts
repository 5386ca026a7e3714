/** Debian's podman, buildah and skopeo, unpacked beside the system, each set with storage of its own. */
import { readFileSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runCommand } from './command.ts';
import { startService } from './process.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 60_000;

export interface PodmanTools extends AsyncDisposable {
  /** Runs one of them and gives what it printed. */
  run(tool: 'podman' | 'buildah' | 'skopeo', ...args: readonly string[]): Promise<string>;
  /** Starts podman's Docker-compatible service; it ends with the tools. */
  serve(): Promise<PodmanService>;
}

export interface PodmanService {
  readonly socket: string;
  /** `unix://` and the path. */
  readonly address: string;
  log(): string;
}

async function cachedTools(): Promise<string> {
  const modules = join(REPOSITORY, 'node_modules');
  const base = await access(modules, constants.W_OK).then(
    () => join(modules, '.cache'),
    () => tmpdir(),
  );
  const directory = join(base, 'lighterman/podman-bookworm');
  await runCommand(join(REPOSITORY, '.ci/fetch-podman'), [directory]);
  return directory;
}

/** @param registry `HOST:PORT` of a registry without TLS. */
export async function openPodmanTools(registry = '127.0.0.1:1'): Promise<PodmanTools> {
  const prefix = await cachedTools();
  // A socket path has at most 107 bytes: the directory's name is short on purpose.
  const directory = await mkdtemp(join(tmpdir(), 'lmp-'));
  const path = (name: string): string => join(directory, name);
  await mkdir(path('.config/containers'), { recursive: true });
  await mkdir(path('x'));
  const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${path('graph')}"\nrunroot = "${path('run')}"\n`;
  const engine = `[engine]\nconmon_path = ["${prefix}/usr/bin/conmon"]\nruntime = "runc"\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\nstatic_dir = "${path('libpod')}"\ntmp_dir = "${path('tmp')}"\n[network]\nnetwork_config_dir = "${path('net')}"\n`; // prettier-ignore
  await writeFile(path('storage.conf'), storage);
  await writeFile(path('containers.conf'), engine);
  await writeFile(path('registries.conf'), `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`);
  await writeFile(path('.config/containers/policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  const env = {
    HOME: directory,
    XDG_RUNTIME_DIR: path('x'),
    LD_LIBRARY_PATH: join(prefix, 'usr/lib/x86_64-linux-gnu'),
    CONTAINERS_STORAGE_CONF: path('storage.conf'),
    CONTAINERS_CONF: path('containers.conf'),
    CONTAINERS_REGISTRIES_CONF: path('registries.conf'),
  };
  const stack = new AsyncDisposableStack();
  return {
    run: async (tool, ...args) => (await runCommand(join(prefix, 'usr/bin', tool), args, { env, cwd: directory })).toString().trimEnd(),
    async serve() {
      const socket = path('s');
      const service = await startService({
        file: join(prefix, 'usr/bin/podman'),
        args: ['system', 'service', '--time', '0', `unix://${socket}`],
        env,
        logPath: path('log'),
        ready: () => answers(socket),
        readyTimeoutMs: START_TIMEOUT_MS,
      });
      stack.defer(() => service.stop('SIGTERM'));
      return { socket, address: `unix://${socket}`, log: () => readFileSync(path('log'), 'utf8') };
    },
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
      await rm(directory, { recursive: true, force: true });
    },
  };
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
