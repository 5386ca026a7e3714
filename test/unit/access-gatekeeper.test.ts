import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGatekeeper, type Gatekeeper } from '../../receiver/access/gatekeeper.ts';
import { openGrantFiles, type GrantFiles } from '../../receiver/access/grant-files.ts';
import { hashToken, type Grant } from '../../receiver/access/grant.ts';
import { GRANT_BYTES_MAX, GRANTS_MAX } from '../../shared/limits.ts';
import { temporaryDirectory } from '../support/agents.ts';

const TOKEN = 'lmt_the-token-of-the-test';
const DAY = 86_400_000;

describe('the gatekeeper', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let files: GrantFiles;
  let now: number;
  let warnings: string[];
  beforeEach(async () => {
    directory = await temporaryDirectory();
    files = openGrantFiles(directory.path);
    now = Date.now();
    warnings = [];
  });
  afterEach(() => directory[Symbol.asyncDispose]());
  const grant = (more: Partial<Grant> = {}): Grant => ({
    version: 1,
    name: 'dc1',
    token: hashToken(TOKEN),
    allow: ['shop/*'],
    push: false,
    createdAt: new Date(now).toISOString(),
    ...more,
  });
  const open = (mustAsk = false): Promise<Gatekeeper> =>
    createGatekeeper({
      files,
      mustAsk,
      clock: { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() },
      log: { warn: (_fields, message) => void warnings.push(message) },
    });

  it('lets in everybody while no grant was ever made, unless it has to ask', async () => {
    const gatekeeper = await open();
    expect(gatekeeper.asks).toBe(false);
    expect(await gatekeeper.admit({})).toMatchObject({ who: 'anyone', isLimited: false, mayPush: true });
    await expect((await open(true)).admit({})).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('gives a token what its grant says, and refuses every other', async () => {
    await files.add(grant());
    const gatekeeper = await open();
    const access = await gatekeeper.admit({ token: TOKEN });
    expect(access).toMatchObject({ who: 'token dc1', isLimited: true, mayPush: false });
    expect([access.allows('shop/web:1'), access.allows('other:1'), access.allows('')]).toEqual([true, false, false]);
    for (const token of [undefined, '', 'x', `${TOKEN}x`, TOKEN.slice(1), hashToken(TOKEN)])
      await expect(gatekeeper.admit({ token })).rejects.toMatchObject({
        code: 'UNAUTHORIZED',
        message: expect.not.stringContaining('lmt_'),
      });
  });

  it('a grant for everything is not limited', async () => {
    await files.add(grant({ allow: ['shop/*', '*'], push: true }));
    expect(await (await open()).admit({ token: TOKEN })).toMatchObject({ isLimited: false, mayPush: true });
  });

  it('knows certificates by any of their names, and only those that have a grant', async () => {
    await files.add(grant({ token: undefined, certificate: 'dc1.example' }));
    const gatekeeper = await open();
    expect(await gatekeeper.admit({ certificateNames: ['dc1', 'dc1.example'] })).toMatchObject({ who: 'certificate dc1' });
    await expect(gatekeeper.admit({ certificateNames: ['dc1'] })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(gatekeeper.admit({ token: 'dc1.example' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('sees grants that are made and revoked, and ends what was let in by them', async () => {
    const gatekeeper = await open();
    await files.add(grant());
    const access = await gatekeeper.admit({ token: TOKEN });
    await files.add(grant({ name: 'dc2', token: hashToken(`${TOKEN}2`) }));
    const other = await gatekeeper.admit({ token: `${TOKEN}2` });
    await files.remove('dc1');
    await gatekeeper.refresh();
    expect([access.ended.aborted, other.ended.aborted]).toEqual([true, false]);
    expect(access.ended.reason).toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(gatekeeper.admit({ token: TOKEN })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('stays shut when the last grant is revoked, and when all of them are removed by hand', async () => {
    await files.add(grant());
    const gatekeeper = await open();
    await files.remove('dc1');
    await expect(gatekeeper.admit({})).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect((await open()).admit({})).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await rm(files.directory, { recursive: true });
    await gatekeeper.refresh(true);
    await expect(gatekeeper.admit({})).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('a grant that takes the place of a revoked one of the same name is another', async () => {
    await files.add(grant());
    const gatekeeper = await open();
    const access = await gatekeeper.admit({ token: TOKEN });
    await files.remove('dc1');
    await files.add(grant({ allow: ['*'] }));
    await gatekeeper.refresh();
    expect(access.ended.aborted).toBe(true);
  });

  it('ends a grant when its time is over', async () => {
    await files.add(grant({ expiresAt: new Date(now + DAY).toISOString() }));
    const gatekeeper = await open();
    const access = await gatekeeper.admit({ token: TOKEN });
    now += DAY;
    await gatekeeper.refresh();
    expect(access.ended.aborted).toBe(true);
    await expect(gatekeeper.admit({ token: TOKEN })).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: /expired/ });
  });

  it('lets nobody in by a file that is no grant, and says so once', async () => {
    await files.add(grant());
    const place = (name: string): string => join(files.directory, name);
    const good = await readFile(place('dc1.json'), 'utf8');
    const damaged = [
      '{',
      'null',
      '[]',
      '{}',
      good,
      good.replace('dc1', 'a').replace('"version": 1', '"version": 2'),
      good.replace('sha256:', ''),
    ];
    for (const [i, text] of damaged.entries()) await writeFile(place(`a${i}.json`), text);
    await writeFile(place('big.json'), ' '.repeat(GRANT_BYTES_MAX) + good.replace('dc1', 'big'));
    await mkdir(place('folder.json'));
    const gatekeeper = await open();
    await gatekeeper.refresh(true);
    expect(warnings).toEqual([expect.stringContaining('no tokens')]);
    expect(await gatekeeper.admit({ token: TOKEN })).toMatchObject({ who: 'token dc1' });
  });
});

describe('grant files', () => {
  it('are for their owner alone, hold no token, and cannot be made twice', async () => {
    await using directory = await temporaryDirectory();
    const files = openGrantFiles(join(directory.path, 'store'));
    const grant: Grant = {
      version: 1,
      name: 'dc1',
      token: hashToken(TOKEN),
      allow: ['*'],
      push: true,
      createdAt: new Date(0).toISOString(),
    };
    const made = await Promise.allSettled([files.add(grant), files.add(grant), files.add(grant)]);
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(files.directory)).toEqual(['dc1.json']);
    expect(await readFile(join(files.directory, 'dc1.json'), 'utf8')).not.toContain(TOKEN);
    expect([(await stat(files.directory)).mode & 0o777, (await stat(join(files.directory, 'dc1.json'))).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
    await expect(files.remove('dc2')).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each(['', '.', '..', '../dc1', 'a/b', 'a\0b', '-a', 'A', 'a'.repeat(64), 'a\n'])('take no name that is a path: %j', async (name) => {
    await using directory = await temporaryDirectory();
    const files = openGrantFiles(directory.path);
    await expect(
      files.add({ version: 1, name, token: hashToken(TOKEN), allow: ['*'], push: false, createdAt: new Date(0).toISOString() }),
    ).rejects.toMatchObject({ code: 'USAGE' });
    await expect(files.remove(name)).rejects.toMatchObject({ code: 'USAGE' });
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('are no more than the limit', async () => {
    await using directory = await temporaryDirectory();
    const files = openGrantFiles(directory.path);
    await mkdir(files.directory);
    for (let i = 0; i < GRANTS_MAX; i++) await writeFile(join(files.directory, `t${i}.json`), '{}');
    await expect(
      files.add({ version: 1, name: 'more', token: hashToken(TOKEN), allow: ['*'], push: false, createdAt: new Date(0).toISOString() }),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
