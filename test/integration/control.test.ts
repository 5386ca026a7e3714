/** Commands for a store that a `serve` has open, and that none has: the same answers. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_TABLE } from '../../shared/errors.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { runAgent, ship, startReceiver, temporaryDirectory, type CommandResult, type Receiver } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';

describe('beside a serve', () => {
  let place: Awaited<ReturnType<typeof temporaryDirectory>>;
  let receiver: Receiver;
  const path = (name: string): string => join(place.path, name);
  const command = (...args: string[]): Promise<CommandResult> => runAgent('receiver', [...args, '--store', receiver.store]);
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { status, stdout, stderr } = await command(...args, '--json');
    expect([status, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const names = async (): Promise<string[]> =>
    (await command('images', '--json')).stdout
      .trimEnd()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { refs: string[] }).refs);
  const shipVersion = async (version: number): Promise<void> => {
    await writeFile(path(`${version}.tar`), appVersion(version));
    await ship([path(`${version}.tar`), '--to', receiver.address, '--store', path('pool')]);
  };

  beforeAll(async () => {
    place = await temporaryDirectory();
    receiver = await startReceiver(['--deliver', 'none']);
    for (const version of [1, 2, 3]) await shipVersion(version);
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  test('images, stats and check answer, from a socket that only the owner may use', async () => {
    expect(await names()).toEqual(['app:3', 'app:2', 'app:1']);
    expect(await json('stats')).toMatchObject({ images: 3 });
    expect(await json('check', '--read-all')).toMatchObject({ problems: [], images: [] });
    expect(((await stat(join(receiver.store, 'control.sock'))).mode & 0o777).toString(8)).toBe('600');
  });

  test('restore writes the archive to a file, to stdout, and to a directory', async () => {
    const expected = sha256Digest(appVersion(2));
    expect((await command('restore', 'app:2', '-o', path('out.tar'))).stdout).toMatch(/^app:2 sha256:/);
    expect(sha256Digest(await readFile(path('out.tar')))).toBe(expected);
    expect((await command('restore', 'app:2', '--deliver', `archive:${path('there')}`)).status).toBe(0);
    expect(sha256Digest(await readFile(path('there/app_2.tar')))).toBe(expected);
    const { status, stderr } = await command('restore', 'app:9', '-o', path('none.tar'));
    expect([status, stderr]).toEqual([ERROR_TABLE.IMAGE_NOT_FOUND.exit, expect.stringContaining('near names: app:3')]);
  });

  test('what a dry run says, gc does; what is pinned stays', async () => {
    expect((await command('pin', 'app:1')).status).toBe(0);
    const planned = await json('gc', '--keep-last', '1', '--dry-run');
    expect(planned).toMatchObject({ dryRun: true, images: ['app:2'] });
    expect(await json('gc', '--keep-last', '1')).toEqual({ ...planned, dryRun: false, diskBytes: expect.any(Number) as number });
    expect(await names()).toEqual(['app:3', 'app:1']);
  });

  test('forget --purge says what went and what remains because of whom; the next ship is right', async () => {
    const told = await json('forget', 'app:1', '--purge');
    expect(told).toMatchObject({ names: ['app:1'], purged: true, shared: { images: [{ image: 'app:3' }] }, left: [] });
    expect(await names()).toEqual(['app:3']);
    await shipVersion(1);
    expect(await json('check', '--read-all')).toMatchObject({ problems: [], images: [] });
  });

  test('wrong words end with their code, in the command or in the serve', async () => {
    expect((await command('gc', '--keep-last', 'x')).status).toBe(ERROR_TABLE.USAGE.exit);
    for (const request of ['{"command":"nothing"}', '{"command":"gc","flags":{}}', 'no JSON', '{}']) {
      expect(await ask(`${request}\n`)).toMatch(/USAGE|PROTOCOL_VIOLATION/);
    }
    expect(await ask('x'.repeat(100_000))).toMatch(/LIMIT_EXCEEDED/);
    expect(await names()).toEqual(['app:1', 'app:3']);
  });

  const ask = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(join(receiver.store, 'control.sock'));
      const parts: Buffer[] = [];
      socket.on('data', (part) => parts.push(part));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
      socket.write(text);
    });

  test('after the serve was killed, the commands open the store themselves', async () => {
    await receiver.stop('SIGKILL');
    expect(await names()).toEqual(['app:1', 'app:3']);
    expect(await json('gc', '--keep-last', '1')).toMatchObject({ images: ['app:3'] });
    expect(await json('check', '--read-all')).toMatchObject({ problems: [], images: [] });
  });
});

test('a serve with a quota lets the oldest go by itself', async () => {
  await using place = await temporaryDirectory();
  await using receiver = await startReceiver(['--deliver', 'none', '--quota', '760kB', '--low', '745kB', '--keep-unfinished', '1m']);
  for (const version of [1, 2, 3]) {
    await writeFile(join(place.path, 'a.tar'), appVersion(version));
    await ship([join(place.path, 'a.tar'), '--to', receiver.address, '--store', join(place.path, 'pool')]);
  }
  await expect.poll(() => receiver.log()).toMatch(/image gone from the store.*app:1/);
});
