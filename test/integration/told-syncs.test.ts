/** A sync as a service, and what its receiver says of it: over a restart, when it stays away, and while it stays away. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runAgent, startReceiver, type Receiver } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { expectFailure } from '../support/failure.ts';
import { startService } from '../support/process.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const SENDER = resolve(import.meta.dirname, '../../sender/main.ts');

interface Told {
  readonly syncs: readonly { readonly name: string; readonly state: string; readonly nextRun: string | null }[];
}

const pageOf = async (receiver: Receiver, path: string): Promise<string> => {
  const [, address = ''] = /"status":"([^"]+)"/.exec(receiver.log()) ?? [];
  return (await fetch(address + path)).text();
};
const told = async (receiver: Receiver): Promise<Told['syncs']> => (JSON.parse(await pageOf(receiver, 'status.json')) as Told).syncs;

test('a receiver knows last run and next of a sync, and notices one that stays away', async () => {
  await using directory = await temporaryDirectory({ inMemory: true });
  const store = join(directory.path, 'store');
  const serve = (port = '0') => startReceiver(['--deliver', 'none', '--status', '127.0.0.1:0', '--listen', `127.0.0.1:${port}`], { store });
  await using first = await serve();
  await writeFile(join(directory.path, 'app-1.tar'), appVersion(1));
  const file = join(directory.path, 'nightly.yaml');
  const destination = `destinations: [{name: near, to: "${first.address}"}]`;
  await writeFile(file, `images: [{archives: "./*.tar"}]\n${destination}\nschedule: {cron: "* * * * * *"}\n`);
  const args = [SENDER, 'sync', file, '--quiet', '--store', join(directory.path, 'pool')];
  const service = await startService({
    file: process.execPath,
    args,
    logPath: join(directory.path, 'log'),
    ready: async () => (await told(first)).length > 0,
    readyTimeoutMs: 30_000,
  });
  await service.stop('SIGTERM');
  expect(await told(first)).toMatchObject([{ name: 'nightly', state: expect.stringMatching(/waiting|due/) as string, error: null }]);
  expect(await pageOf(first, 'metrics')).toContain('lightermand_sync_overdue{sync="nightly",from="127.0.0.1"} 0');

  // By hand, with an image that is not there: told as well, and what was announced stays.
  await writeFile(join(directory.path, 'app-1.tar'), 'no archive');
  expect((await runAgent('sender', [...args.slice(1), '--once'])).status).toBe(4);
  expect(await told(first)).toMatchObject([{ failed: 1, error: 'ARCHIVE_INVALID' }]);
  await first.stop();

  // Time passes while nobody is there.
  const known = JSON.parse(await readFile(join(store, 'syncs.json'), 'utf8')) as { syncs: object[] };
  await writeFile(
    join(store, 'syncs.json'),
    JSON.stringify({ ...known, syncs: known.syncs.map((sync) => ({ ...sync, next: 1_000_000 })) }),
  );
  await using second = await serve();
  expect(await told(second)).toMatchObject([{ state: 'overdue', nextRun: '1970-01-01T00:16:40.000Z' }]);
  expect(await pageOf(second, 'metrics')).toContain('lightermand_sync_overdue{sync="nightly",from="127.0.0.1"} 1');
  expect(await pageOf(second, '')).toMatch(/<title>1 overdue – .*Failures: 1.*sync nightly.*overdue/s);
});

test('what a sender serves beyond the loopback wants a token, and TLS or the word of the user', async () => {
  await using directory = await temporaryDirectory({ inMemory: true });
  const file = join(directory.path, 'f.yaml');
  const token = join(directory.path, 'token');
  await writeFile(file, 'images: [{repository: a}]\ndestinations: [{name: a, to: "ws://127.0.0.1:1"}]\nschedule: {cron: "0 2 * * *"}\n');
  await writeFile(token, 'a-token-of-some-length');
  const run = (command: string, ...flags: string[]) =>
    runAgent('sender', [command, file, '--store', join(directory.path, 'pool'), ...flags]);
  const open = '0.0.0.0:0';
  const [bare, clear, lone, alone, hooks, clearHooks] = await Promise.all([
    run('sync', '--status', open),
    run('sync', '--status', open, '--status-token-file', token),
    run('sync', '--status', open, '--status-token-file', token, '--status-tls-cert', 'c'),
    run('sync', '--status-insecure'),
    run('serve-hooks', '--listen', open),
    run('serve-hooks', '--listen', open, '--token-file', token),
  ]);
  expectFailure(bare, 'USAGE', /--status-token-file/);
  expectFailure(clear, 'USAGE', /--status-tls-cert and --status-tls-key.*--status-insecure/);
  expectFailure(lone, 'USAGE', /go together/);
  expectFailure(alone, 'USAGE', /go with --status/);
  expectFailure(hooks, 'USAGE', /have images shipped.*--token-file/s);
  expectFailure(clearHooks, 'USAGE', /--tls-cert and --tls-key.*--insecure/);
});
