/** A list of images kept in step with several receivers. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseSyncConfig } from '../../sender/sync/config.ts';
import { runSync, type SyncContext, type SyncResult } from '../../sender/sync/run.ts';
import type { SelectedImage } from '../../sender/sync/selection.ts';
import { openState } from '../../sender/sync/state.ts';
import { TransferError } from '../../shared/errors.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { runAgent, startReceiver } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { expectFailure } from '../support/failure.ts';
import { inPieces } from '../support/ingested.ts';
import { memoryReceiver, type MemoryReceiver } from '../support/memory-receiver.ts';
import { startService } from '../support/process.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const SENDER = resolve(import.meta.dirname, '../../sender/main.ts');
const ARCHIVES = new Map<string, Uint8Array>([1, 2].map((number) => [`app:${number}`, appVersion(number)]));
const IMAGES: SelectedImage[] = [...ARCHIVES.keys()].map((source) => ({ source, as: undefined, to: undefined }));

/** Sleeps pass at once. */
const CLOCK: Clock = { ...systemClock, sleep: () => Promise.resolve() };

async function world(directory: string, destinations: string, receivers: Readonly<Record<string, Pick<MemoryReceiver, 'connect'>>>) {
  const reads: string[] = [];
  const pool = createMemoryStore();
  const config = parseSyncConfig(`time-zone: UTC\nimages: [{repository: app}]\ndestinations: [${destinations}]`, 'sync.yaml');
  const run = async (overrides: Partial<SyncContext> = {}, images = IMAGES): Promise<SyncResult[]> =>
    runSync(config, images, await openState(directory, 'sync.yaml'), {
      pool,
      clock: CLOCK,
      random: () => 0.5,
      signal: new AbortController().signal,
      agent: 'test sender',
      resolve: ({ source }) =>
        Promise.resolve({
          name: source,
          inspection: undefined,
          bytes: undefined,
          read: () => {
            reads.push(source);
            return inPieces(ARCHIVES.get(source)!);
          },
        }),
      connect: ({ name }) => receivers[name]?.connect() ?? Promise.reject(new TransferError('PEER_UNREACHABLE', 'nobody there')),
      recallRate: () => Promise.resolve(undefined),
      rememberRate: () => Promise.resolve(),
      onResult: () => {},
      onNote: () => {},
      dryRun: false,
      ...overrides,
    });
  return { reads, run };
}

const told = (results: readonly SyncResult[]): string[] =>
  results.map(({ image, destination, state, error }) => [image, destination, error?.code ?? state].join(' '));

describe('one run of a sync', () => {
  test('ships each image to all, reads it once, and is held up by nobody', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await using a = memoryReceiver(createMemoryStore(), join(directory.path, 'a'));
    await using b = memoryReceiver(createMemoryStore(), join(directory.path, 'b'));
    const { reads, run } = await world(directory.path, '{name: a, to: "ws://a"}, {name: b, to: "ws://b"}, {name: dead, to: "ws://dead", retries: 1}', { a, b }); // prettier-ignore
    const results = await run();
    expect(told(results)).toEqual(['app:1 a delivered', 'app:1 b delivered', 'app:1 dead PEER_UNREACHABLE', 'app:2 a delivered', 'app:2 b delivered', 'app:2 dead PEER_UNREACHABLE']); // prettier-ignore
    expect(reads).toEqual(['app:1', 'app:2']);
    for (const name of ['a', 'b'])
      for (const [ref, archive] of ARCHIVES)
        expect(sha256Digest(await readFile(join(directory.path, name, `${ref.replace(':', '_')}.tar`)))).toBe(sha256Digest(archive));
    const second = results.find(({ image, destination }) => image === 'app:2' && destination === 'a');
    expect(second?.wireBytes).toBeLessThan(3000);
    expect(told(await run())).toEqual(told(results).map((line) => line.replace('delivered', 'unchanged')));
  });

  test('stops when a budget is used up, and goes on in the next period', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await using a = memoryReceiver(createMemoryStore(), join(directory.path, 'a'));
    const { run } = await world(directory.path, '{name: a, to: "ws://a", budget: {bytes: 300kB, per: day}}', { a });
    const first = await run();
    expect(told(first)).toEqual(['app:1 a PAUSED', 'app:2 a PAUSED']);
    expect(await readdir(directory.path)).not.toContain('a');
    const bytes = [first[0]?.wireBytes ?? 0];
    // Another day each time: what crossed before is not sent again.
    for (let day = 1; bytes.length < 10; day++) {
      const results = await run({ clock: { ...CLOCK, now: () => systemClock.now() + day * 86_400_000 } });
      bytes.push(results[0]?.wireBytes ?? 0);
      if (results[0]?.state === 'delivered') break;
    }
    const sum = bytes.reduce((total, each) => total + each, 0);
    expect(bytes.length).toBeGreaterThan(1);
    expect(Math.max(...bytes)).toBeLessThan(300_000 + 2 * 256 * 1024);
    expect(sum).toBeLessThan(1.1 * 700_000);
    expect(sha256Digest(await readFile(join(directory.path, 'a', 'app_1.tar')))).toBe(sha256Digest(appVersion(1)));
  });

  test('in a dry run says what would cross, and delivers nothing', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const store = createMemoryStore();
    await using a = memoryReceiver(store, join(directory.path, 'a'));
    const { run } = await world(directory.path, '{name: a, to: "ws://a", rate: 8mbit, effort: low}', { a });
    const [estimated] = await run({ dryRun: true }, IMAGES.slice(0, 1));
    expect(estimated).toMatchObject({ state: 'estimated', estimatedSeconds: expect.closeTo(0.7, 1) as number });
    expect((await store.stats()).records.image).toBe(0);
    const [shipped] = await run({}, IMAGES.slice(0, 1));
    expect(shipped?.state).toBe('delivered');
    expect(Math.abs((shipped?.wireBytes ?? 0) - (estimated?.wireBytes ?? 0))).toBeLessThan(400);
  });

  test('goes on where an entry means nothing, and looks again at what failed in passing', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await using a = memoryReceiver(createMemoryStore(), join(directory.path, 'a'));
    const { run, reads } = await world(directory.path, '{name: a, to: "ws://a"}', { a });
    const missing = new TransferError('ENGINE_UNREACHABLE', 'no engine');
    let tries = 0;
    const results = await run(
      {
        resolve: async ({ source }) => {
          if (++tries < 3) throw new TransferError('ENGINE_UNREACHABLE', 'not yet');
          await Promise.resolve();
          const read = () => (reads.push(source), inPieces(ARCHIVES.get(source)!));
          return { name: source, inspection: undefined, bytes: undefined, read };
        },
      },
      [{ source: 'gone', as: undefined, to: undefined, missing }, ...IMAGES.slice(0, 1)],
    );
    expect(told(results)).toEqual(['gone a ENGINE_UNREACHABLE', 'app:1 a delivered']);
    expect([tries, reads]).toEqual([3, ['app:1']]);
  });

  test('only to those that an image is for, and tries again after what may pass', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await using a = memoryReceiver(createMemoryStore(), join(directory.path, 'a'));
    let tries = 0;
    const b = { connect: () => (++tries < 3 ? Promise.reject(new TransferError('PEER_LOST', 'gone')) : a.connect()) };
    const { run } = await world(directory.path, '{name: a, to: "ws://a"}, {name: b, to: "ws://b"}', { a, b });
    expect(told(await run({}, [{ source: 'app:1', as: 'moved/app:x', to: ['b'] }]))).toEqual(['moved/app:x b delivered']);
    expect([tries, await readdir(join(directory.path, 'a'))]).toEqual([3, ['moved_app_x.tar']]);
  });
});

describe('keep rules of the list', () => {
  test('are applied after success, by receivers that take them', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    for (const [ref, archive] of ARCHIVES) await writeFile(join(directory.path, `${ref.replace(':', '-')}.tar`), archive);
    const file = join(directory.path, 'keep.yaml');
    const sync = async (flags: readonly string[]): Promise<[stderr: string, images: string[]]> => {
      await using receiver = await startReceiver(['--deliver', 'none', ...flags]);
      await writeFile(file, `images: [{archives: "./*.tar"}]\ndestinations: [{name: near, to: "${receiver.address}", keep: {last: 1}}]\n`);
      const { status, stderr } = await runAgent('sender', ['sync', file, '--once', '--quiet', '--store', join(directory.path, 'pool')]);
      expect(status).toBe(0);
      const { stdout } = await runAgent('receiver', ['images', '--store', receiver.store, '--json']);
      return [stderr, stdout.trim().split('\n').flatMap((line) => (JSON.parse(line) as { refs: string[] }).refs)]; // prettier-ignore
    };
    const [refused, all] = await sync([]);
    expect([refused, all.toSorted()]).toEqual([expect.stringMatching(/keep rules were not applied/) as string, ['app:1', 'app:2']]);
    expect(await sync(['--keep-as-asked'])).toEqual([expect.stringMatching(/1 images let go/) as string, ['app:2']]);
  });
});

describe('lighterman sync', () => {
  test('checks, runs, and ends with the status of what failed', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await using receiver = await startReceiver(['--deliver', `archive:${directory.path}/out`]);
    for (const [ref, archive] of ARCHIVES) await writeFile(join(directory.path, `${ref.replace(':', '-')}.tar`), archive);
    const file = join(directory.path, 'nightly.yaml');
    const sync = (...flags: string[]) => runAgent('sender', ['sync', file, '--store', join(directory.path, 'pool'), ...flags]);
    await writeFile(file, `images: [{archives: "./*.tar"}]\ndestinations: [{name: near, to: "${receiver.address}"}]\n`);
    const checked = await sync('--check');
    expect([checked.status, checked.stdout]).toEqual([
      0,
      expect.stringMatching(/^ok .*app-1\.tar.*app-2\.tar\nok {4}near: ws:.* answers\n$/) as string,
    ]);
    const once = await sync('--once', '--json', '--quiet');
    expect([once.status, JSON.parse(once.stdout)]).toMatchObject([0, { event: 'synced', delivered: 2, failed: 0 }]);
    expect((await readdir(join(directory.path, 'out'))).toSorted()).toEqual(['app_1.tar', 'app_2.tar']);
    expectFailure(await sync(), 'USAGE', /no schedule/);

    await writeFile(file, `images: [{archives: "./*.tar"}]\ndestinations: [{name: near, to: "${receiver.address}"}, {name: far, to: "ws://127.0.0.1:1", retries: 0}]\n`); // prettier-ignore
    const half = await sync('--once');
    expect([half.status, half.stdout]).toEqual([8, expect.stringMatching(/near +│ unchanged(?:.|\n)*far +│ PEER_UNREACHABLE/) as string]);
    await writeFile(file, 'images: [{archives: "./*.zip"}]\ndestinations: [{name: near, to: "ftp://x"}]\n');
    expectFailure(await sync('--once'), 'USAGE', /nightly\.yaml:2:33: destinations\.0\.to: /);
    expectFailure(await runAgent('sender', ['sync', join(directory.path, 'none.yaml'), '--once']), 'USAGE', /none\.yaml/);
  });

  test('waits as a service for a pool that another process has', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await using receiver = await startReceiver(['--deliver', 'none']);
    await writeFile(join(directory.path, 'app-1.tar'), appVersion(1));
    const [file, pool, logPath] = ['f.yaml', 'pool', 'log'].map((name) => join(directory.path, name)) as [string, string, string];
    await writeFile(
      file,
      `images: [{archives: "./*.tar"}]\ndestinations: [{name: near, to: "${receiver.address}"}]\nschedule: {cron: "* * * * * *"}\n`,
    );
    const log = async (): Promise<string> => readFile(logPath, 'utf8');
    const held = await openStore(pool);
    const service = await startService({
      file: process.execPath,
      args: [SENDER, 'sync', file, '--store', pool],
      logPath,
      ready: async () => (await log()).includes('waiting for it'),
      readyTimeoutMs: 20_000,
    });
    await held[Symbol.asyncDispose]();
    await expect.poll(log, { timeout: 20_000 }).toContain('app-1.tar to near: delivered');
    await service.stop('SIGTERM');
    expect((await log()).match(/waiting for it/g)).toHaveLength(1);
  });
});
