/** From a push to the source's registry to live traffic at the far side, with a real engine, registries, etcd and nginx. */
import { readdir, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAgent, ship, startReceiver, temporaryDirectory } from '../support/agents.ts';
import { dockerCli } from '../support/docker-cli.ts';
import { requireEngine, startEngine, type Engine } from '../support/engine.ts';
import { buildImage } from '../support/images.ts';
import { freePort, startRegistry } from '../support/registry.ts';
import { startEtcd, startNginx } from '../support/switchboard.ts';

const TOKEN = 'a-token-of-the-registry';
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Asks until it is told to end. @returns every answer that was none, and the different answers in their order. */
function keepAsking(url: string) {
  const end = new AbortController();
  const failures: string[] = [];
  const seen: string[] = [];
  const asking = (async () => {
    while (!end.signal.aborted) {
      try {
        const answer = await fetch(url);
        const text = (await answer.text()).trim();
        if (!answer.ok) failures.push(`${answer.status} ${text}`);
        else if (seen.at(-1) !== text) seen.push(text);
      } catch (error) {
        failures.push(String(error));
      }
      await sleep(10);
    }
  })();
  return {
    seen,
    failures,
    async end() {
      end.abort();
      await asking;
    },
  };
}

describe.skipIf(requireEngine('/usr/bin/etcd', '/usr/sbin/nginx'))('promotion', () => {
  let engine: Engine;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    engine = await startEngine({ kind: '20' });
    directory = await temporaryDirectory();
    for (const version of ['1', '2'])
      await buildImage(engine.socket, { tag: `web:${version}`, layers: [{ 'srv/index.html': utf8(`web ${version}`) }] });
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test('an activated image takes over the traffic, and gives it back, while no request fails', async () => {
    await using far = await startEngine({ kind: '20' });
    await using etcd = await startEtcd();
    const hooks = join(directory.path, 'hooks.yaml');
    await writeFile(
      hooks,
      `hooks: [{on: [delivered, activated, rolled-back], names: ["web:live"], etcd: "${etcd.url}", key: "/live/{repository}", value: "{image}"}]`,
    );
    await using receiver = await startReceiver(['--deliver', 'engine', '--engine', far.address, '--hooks', hooks]);
    const to = ['--to', receiver.address, '--quiet'];
    const send = (...args: string[]) =>
      ship([...args, '--engine', engine.address, '--store', join(directory.path, 'pool'), '--to', receiver.address]);
    const containers: string[] = [];
    /** What confd or consul-template do: follow the key, start what it names, switch when that answers. */
    const follow = async (last: string): Promise<readonly [image: string, port: number]> => {
      let image = last;
      while (image === last) {
        image = (await etcd.get('/live/web')) ?? last;
        await sleep(20);
      }
      const port = await freePort();
      const run = ['run', '-d', '--network', 'host', image, 'busybox', 'httpd', '-f', '-p', `127.0.0.1:${port}`, '-h', '/srv'];
      containers.push(await dockerCli(far.socket, ...run));
      while (!(await fetch(`http://127.0.0.1:${port}/`).then(({ ok }) => ok, () => false))) await sleep(20); // prettier-ignore
      return [image, port];
    };

    try {
      await send('web:1', '--as', 'web:live');
      const [first, port] = await follow('');
      await using nginx = await startNginx(port);
      const traffic = keepAsking(nginx.url);
      await send('web:2', '--as', 'web:live', '--stage');
      expect(await etcd.get('/live/web')).toBe(first);
      let live = first;
      for (const [i, command] of ['activate', 'rollback'].entries()) {
        expect(await runAgent('sender', [command, 'web:live', ...to])).toMatchObject({ status: 0 });
        const [image, next] = await follow(live);
        live = image;
        await nginx.switchTo(next);
        await expect.poll(() => traffic.seen).toHaveLength(i + 2);
      }
      await traffic.end();
      expect([live, traffic.failures, traffic.seen]).toEqual([first, [], ['web 1', 'web 2', 'web 1']]);
    } finally {
      for (const container of containers) await dockerCli(far.socket, 'rm', '-f', container);
    }
  });

  test('what is pushed to the registry of the source is shipped by the rules of the list', async () => {
    const port = await freePort();
    await using registry = await startRegistry({ notify: { url: `http://127.0.0.1:${port}/`, token: TOKEN } });
    const out = join(directory.path, 'out');
    await using receiver = await startReceiver(['--deliver', `archive:${out}`]);
    const list = join(directory.path, 'list.yaml');
    const token = join(directory.path, 'token');
    await writeFile(token, `${TOKEN}\n`);
    await writeFile(
      list,
      `images: [{repository: team/web, tags: ["2*"], name: mirror/web}]\ndestinations: [{name: far, to: "${receiver.address}"}]\n`,
    );
    const flags = [
      '--listen',
      `127.0.0.1:${port}`,
      '--token-file',
      token,
      '--engine',
      engine.address,
      '--store',
      join(directory.path, 'pool'),
    ];
    const serving = spawn(process.execPath, [resolve(import.meta.dirname, '../../sender/main.ts'), 'serve-hooks', list, ...flags], {
      stdio: 'ignore',
    });
    try {
      while ((await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) === undefined) await sleep(50);
      for (const tag of ['1', '2']) {
        await dockerCli(engine.socket, 'tag', `web:${tag}`, `${registry.host}/team/web:${tag}`);
        await dockerCli(engine.socket, 'push', `${registry.host}/team/web:${tag}`);
        // What was pushed need not be in this engine.
        await dockerCli(engine.socket, 'rmi', `${registry.host}/team/web:${tag}`);
      }
      const shipped = async (): Promise<string[]> => readdir(out).catch(() => []);
      while ((await shipped()).every((name) => name.startsWith('.'))) await sleep(100);
      expect(await shipped()).toEqual(['mirror_web_2.tar']);
    } finally {
      serving.kill('SIGTERM');
      await new Promise((settle) => serving.once('exit', settle));
    }
  });
});
