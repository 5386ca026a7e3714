import { describe, expect, it } from 'vitest';
import { activate, type Action } from '../../receiver/deliver/activations.ts';
import { openCatalog, type Catalog, type ImageRecord } from '../../receiver/catalog/catalog.ts';
import type { Deliver } from '../../receiver/deliver/port.ts';
import { storedImages } from '../../receiver/deliver/none.ts';
import { historyOf, meaningsOf, stagedUnder, withMeanings, withStaged } from '../../receiver/catalog/meanings.ts';
import { TransferError } from '../../shared/errors.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';

/** An archive of `images` images, told apart by a letter. */
function recordOf(letter: string, images = 1): ImageRecord {
  const digest = (i: number): string => `sha256:${letter}${i}`;
  return {
    version: 1,
    archive: letter.repeat(64),
    archiveBytes: 1,
    streams: [],
    images: Array.from({ length: images }, (_, i) => ({ archiveRefs: [], names: {}, configDigest: digest(i), layers: [] })),
    storedAt: 0,
    deliveredAt: 0,
    verified: [],
  };
}

async function receiver(failAt?: string) {
  let now = 0;
  const catalog = await openCatalog(createMemoryStore());
  const calls: string[] = [];
  const deliver: Deliver = (record, { names, isRehearsal }) => {
    const told = `${isRehearsal === true ? 'load' : 'name'} ${record.archive[0]} ${names.flatMap((ofImage) => ofImage ?? []).join(' ')}`;
    calls.push(told);
    if (told === failAt) return Promise.reject(new TransferError('ENGINE_FAILED', 'no'));
    return Promise.resolve({ record, images: isRehearsal === true ? [] : storedImages(record, names), notes: [] });
  };
  const save = (record: ImageRecord): Promise<void> => catalog.save(record);
  const ship = (letter: string, name: string): Promise<void> =>
    save(withMeanings(known(catalog, letter), [[name]], { at: ++now, how: 'delivered', by: 'x' }));
  const stage = (letter: string, ...names: string[]): Promise<void> =>
    save(withStaged(known(catalog, letter, names.length), names.map((name) => [name]), ++now)); // prettier-ignore
  const run = (names: readonly string[], action: Action = 'activate') =>
    activate(names, action, 'token a', { catalog, deliver, flush: () => Promise.resolve(), now: () => ++now }, {});
  const means = (name: string): string => meaningsOf(catalog.records(), name).current?.record.archive[0] ?? '-';
  return { catalog, calls, ship, stage, run, means };
}

function known(catalog: Catalog, letter: string, images = 1): ImageRecord {
  return catalog.records().find(({ archive }) => archive.startsWith(letter)) ?? recordOf(letter, images);
}

describe('activating', () => {
  it('gives the name to what was staged last, and to nothing before that', async () => {
    const { catalog, calls, ship, stage, run, means } = await receiver();
    await ship('a', 'shop:live');
    await stage('b', 'shop:live');
    await stage('c', 'shop:live');
    expect([means('shop:live'), stagedUnder(catalog.records(), 'shop:live')?.record.archive[0]]).toEqual(['a', 'c']);
    expect(await run(['shop:live'])).toMatchObject({ isNew: true, images: [{ refs: ['shop:live'], imageId: 'sha256:c0' }] });
    expect([means('shop:live'), calls]).toEqual(['c', ['load c shop:live', 'name c shop:live']]);
    expect(catalog.find('shop:live').archive[0]).toBe('c');
    expect(historyOf(catalog.records(), 'shop:live').map(({ how, by }) => [how, by])).toEqual([['delivered', 'x'], ['activated', 'token a']]); // prettier-ignore
    // The other one still waits.
    expect((await run(['shop:live'])).images[0]?.imageId).toBe('sha256:b0');
    expect(await run(['shop:live'])).toMatchObject({ isNew: false });
    await expect(run(['shop:other'])).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });

  it('of several names is one step: all is there before the first is named', async () => {
    const { calls, stage, run, means } = await receiver();
    await stage('a', 'web:1', 'db:1');
    await stage('b', 'jobs:1');
    const { images } = await run(['web:1', 'jobs:1', 'db:1']);
    expect(calls).toEqual(['load a web:1 db:1', 'load b jobs:1', 'name a web:1 db:1', 'name b jobs:1']);
    expect(images.map(({ refs }) => refs[0])).toEqual(['web:1', 'db:1', 'jobs:1']);
    expect(['web:1', 'db:1', 'jobs:1'].map(means)).toEqual(['a', 'a', 'b']);
  });

  it('goes back where one of several fails', async () => {
    const early = await receiver('load d jobs:live');
    await early.stage('c', 'web:live');
    await early.stage('d', 'jobs:live');
    await expect(early.run(['web:live', 'jobs:live'])).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    expect([early.means('web:live'), early.calls]).toEqual(['-', ['load c web:live', 'load d jobs:live']]);

    const late = await receiver('name d jobs:live');
    await late.ship('a', 'web:live');
    await late.ship('b', 'jobs:live');
    await late.stage('c', 'web:live');
    await late.stage('d', 'jobs:live');
    await expect(late.run(['web:live', 'jobs:live'])).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    expect(late.calls.slice(-3)).toEqual(['name d jobs:live', 'name a web:live', 'name b jobs:live']);
    expect(['web:live', 'jobs:live'].map(late.means)).toEqual(['a', 'b']);
  });
});

describe('rolling back', () => {
  it('goes to what the name meant before, step by step', async () => {
    const { ship, run, means } = await receiver();
    await ship('a', 'shop:live');
    await ship('b', 'shop:live');
    await ship('b', 'shop:live');
    await ship('c', 'shop:live');
    for (const letter of ['b', 'a']) {
      await run(['shop:live'], 'roll-back');
      expect(means('shop:live')).toBe(letter);
    }
    await expect(run(['shop:live'], 'roll-back')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    await ship('d', 'shop:live');
    await run(['shop:live'], 'roll-back');
    expect(means('shop:live')).toBe('a');
  });
});
