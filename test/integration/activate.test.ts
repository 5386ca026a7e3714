/** Staged, activated, rolled back: with the agents as processes. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { runAgent, ship, startReceiver } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { expectFailure } from '../support/failure.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const VERSIONS = [1, 2, 3].map((number) => appVersion(number));

describe('a receiver of archives', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  const file = (number: number): string => join(directory.path, `${number}.tar`);
  beforeAll(async () => {
    directory = await temporaryDirectory({ inMemory: true });
    for (const [i, archive] of VERSIONS.entries()) await writeFile(file(i + 1), archive);
    return () => directory[Symbol.asyncDispose]();
  });

  test('stages, activates in a moment, and goes back step by step', async () => {
    const out = join(directory.path, 'out');
    const hooks = join(directory.path, 'hooks.yaml');
    const told = join(directory.path, 'told');
    await writeFile(
      hooks,
      `hooks: [{on: [delivered, staged, activated, rolled-back, failed], run: [sh, -c, 'echo {event} {ref} >> ${told}']}]`,
    );
    await using receiver = await startReceiver(['--deliver', `archive:${out}`, '--hooks', hooks]);
    const pool = ['--to', receiver.address, '--store', join(directory.path, 'pool')];
    const look = async (): Promise<number> => {
      const digest = sha256Digest(await readFile(join(out, 'shop_live.tar')));
      return VERSIONS.findIndex((archive) => sha256Digest(archive) === digest) + 1;
    };
    const ask = (command: string, ...args: string[]) =>
      runAgent('sender', [command, ...args, '--to', receiver.address, '--quiet', '--json']);

    await ship([file(1), '--as', 'shop:live', ...pool]);
    const staged = await ship([file(2), '--as', 'shop:live', '--stage', ...pool]);
    expect([staged.images[0]?.ref, await look()]).toEqual(['shop:live', 1]);
    await ship([file(3), '--as', 'shop:other', '--stage', ...pool]);
    expect(await readdir(out)).toEqual(['shop_live.tar']);

    const activated = await ask('activate', 'shop:live');
    expect([activated.status, JSON.parse(activated.stdout), await look()]).toMatchObject([
      0,
      { event: 'activated', images: [{ refs: ['shop:live'] }] },
      2,
    ]);
    // What the receiver holds already is staged without its content crossing again.
    const again = await ship([file(3), '--as', 'shop:live', '--stage', ...pool]);
    expect(again.wire.sentBytes).toBeLessThan(1000);
    expect((await ask('activate', 'shop:live')).status).toBe(0);
    expect(await look()).toBe(3);
    for (const version of [2, 1]) {
      expect((await ask('rollback', 'shop:live')).status).toBe(0);
      expect(await look()).toBe(version);
    }
    expectFailure(
      await runAgent('sender', ['rollback', 'shop:live', '--to', receiver.address, '--quiet']),
      'IMAGE_NOT_FOUND',
      /meant nothing before/,
    );
    expectFailure(
      await runAgent('sender', ['activate', 'shop:none', '--to', receiver.address, '--quiet']),
      'IMAGE_NOT_FOUND',
      /nothing was staged/,
    );

    const { entries } = JSON.parse((await ask('history', 'shop:live')).stdout) as { entries: { how: string; by: string }[] };
    expect(entries.map(({ how }) => how)).toEqual(['delivered', 'activated', 'activated', 'rolled-back', 'rolled-back']);
    await receiver.stop();
    expect((await readFile(told, 'utf8')).trim().split('\n')).toEqual([
      'delivered shop:live',
      'staged shop:live',
      'staged shop:other',
      'activated shop:live',
      'staged shop:live',
      'activated shop:live',
      'rolled-back shop:live',
      'rolled-back shop:live',
      'failed shop:live',
      'failed shop:none',
    ]);
  });

  test('gives the images of a release their names at once, or not at all', async () => {
    const out = join(directory.path, 'release');
    await using receiver = await startReceiver(['--deliver', `archive:${out}`]);
    const release = join(directory.path, 'release.yaml');
    await writeFile(release, 'name: r1\nimages: [./1.tar, {source: ./2.tar, as: "worker:live"}]\n');
    const args = ['ship', '--composition', release, '--to', receiver.address, '--store', join(directory.path, 'pool2'), '--quiet'];
    const shipped = await runAgent('sender', [...args, '--json']);
    expect([shipped.status, JSON.parse(shipped.stdout)]).toMatchObject([0, { images: [{ ref: 'app:1' }, { ref: 'worker:live' }] }]);
    expect((await readdir(out)).toSorted()).toEqual(['app_1.tar', 'worker_live.tar']);
    // An image that cannot be read: what came before it has no name yet.
    await writeFile(release, 'name: r2\nimages: [{source: ./3.tar, as: "worker:live"}, ./none.tar]\n');
    expectFailure(await runAgent('sender', args), 'IMAGE_NOT_FOUND', /none\.tar/);
    expect(sha256Digest(await readFile(join(out, 'worker_live.tar')))).toBe(sha256Digest(VERSIONS[1] as Uint8Array));
    await writeFile(release, 'name: r3\nimages: [{sauce: ./3.tar}]\n');
    expectFailure(await runAgent('sender', args), 'USAGE', /release\.yaml:2:\d+: images\.0/);
    await writeFile(release, 'name: r4\nimages: [{source: ./2.tar, as: worker}, {source: ./3.tar, as: "worker:latest"}]\n');
    expectFailure(await runAgent('sender', args), 'USAGE', /release\.yaml:2:\d+: images\.1: two images would be called worker:latest/);
    expectFailure(await runAgent('sender', ['ship', file(1), '--to', receiver.address, '--stage', '--wait', 'pushed']), 'USAGE', /do not go together/); // prettier-ignore
    expectFailure(await runAgent('sender', ['ship', '--to', receiver.address]), 'USAGE', /name sources/);
    expectFailure(await runAgent('sender', ['ship', file(1), '--to', receiver.address, '--store', join(directory.path, 'pool2'), '--quiet', '--wait', 'pushed']), 'REGISTRY_REFUSED', /not pushed/); // prettier-ignore
  });
});
