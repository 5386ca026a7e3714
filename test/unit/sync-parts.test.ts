import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListedImage } from '../../sender/image/port.ts';
import type { TransferWindow } from '../../sender/sync/config.ts';
import { parseSyncConfig } from '../../sender/sync/config.ts';
import { createGovernor } from '../../sender/sync/governor.ts';
import { selectFromEngine, selectImages } from '../../sender/sync/selection.ts';
import { nextTime, serveSchedule } from '../../sender/sync/service.ts';
import { openState } from '../../sender/sync/state.ts';
import { openWindow, windowText } from '../../sender/sync/window.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import type { Clock } from '../../shared/clock.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

/** A clock that stands still but for sleeping. */
function stoppedClock(iso: string): Clock & { ms: number } {
  const clock = {
    ms: Date.parse(iso),
    now: () => clock.ms,
    monotonic: () => clock.ms,
    sleep: (ms: number) => ((clock.ms += ms), Promise.resolve()),
  };
  return clock;
}

const LISTED: ListedImage[] = [
  'shop:1.0',
  'shop:v1.2.3',
  'shop:1.10.0',
  'shop:2.0.0-rc.1',
  'shop:latest',
  'team/shop:1.2',
  'reg:5000/shop:9',
].map((ref, i) => ({ ref, createdAt: i }));
const select = (entry: object): string[] =>
  selectFromEngine({ repository: 'shop', ...entry }, LISTED).map(({ source, as }) => (as === undefined ? source : `${source}>${as}`));

/** What entries mean: source, destinations, and why there is none. */
const selected = async (...entries: string[]): Promise<string[]> => {
  const config = parseSyncConfig(`images: [${entries.join()}]\ndestinations: [{name: a, to: "ws://a:1"}, {name: b, to: "ws://b:1"}]`, 'f');
  const images = await selectImages(config, {
    list: () => Promise.resolve([...LISTED, { ref: 'team/shop:1.0', createdAt: 9 }]),
    directory: '/',
  });
  return images.map(({ source, to, missing }) => [source, ...(to ?? []), missing?.code ?? ''].join(' ').trim());
};

describe('selecting images', () => {
  it('takes all tags of the very repository, newest first', () => {
    expect(select({})).toEqual(['shop:latest', 'shop:2.0.0-rc.1', 'shop:1.10.0', 'shop:v1.2.3', 'shop:1.0']);
    expect(selectFromEngine({ repository: 'reg:5000/shop' }, LISTED)).toHaveLength(1);
  });

  it('by patterns, by a range of versions, and the newest of them', () => {
    expect(select({ tags: ['1.*', 'lat*'] })).toEqual(['shop:latest', 'shop:1.10.0', 'shop:1.0']);
    expect(select({ semver: '>=1' })).toEqual(['shop:1.10.0', 'shop:v1.2.3', 'shop:1.0']);
    expect(select({ semver: '>=1', newest: 2, name: 'mirror/shop' })).toEqual([
      'shop:1.10.0>mirror/shop:1.10.0',
      'shop:v1.2.3>mirror/shop:v1.2.3',
    ]);
  });

  it('takes what two entries mean once, and lets no two images have one name', async () => {
    const latest = '{repository: shop, tags: latest}';
    expect(await selected(latest, '{repository: shop, tags: l*}')).toEqual(['shop:latest']);
    expect(await selected(latest.replace('}', ', to: a}'), latest.replace('}', ', to: [a, b]}'))).toEqual([
      'shop:latest a',
      'shop:latest a b',
    ]);
    expect(await selected(latest.replace('}', ', to: [a, b]}'), latest.replace('}', ', to: a}'))).toEqual(['shop:latest a b']);
    expect(await selected('{repository: shop, tags: "1.0", name: x}', '{repository: shop, tags: "1.0", name: y}')).toHaveLength(2);
    const [one, two] = ['{repository: shop, tags: "1.0", name: x}', '{repository: team/shop, tags: "1.0", name: x}'];
    expect(await selected(one, two)).toEqual(['shop:1.0', 'team/shop:1.0 USAGE']);
    expect(await selected(one.replace('}', ', to: a}'), two.replace('}', ', to: b}'))).toEqual(['shop:1.0 a', 'team/shop:1.0 b']);
  });

  it('says when that means nothing', async () => {
    expect(() => select({ tags: ['9.*'] })).toThrow(/no image shop/);
    await using directory = await temporaryDirectory({ inMemory: true });
    const config = parseSyncConfig('images: [{archives: "*.tar"}]\ndestinations: [{name: a, to: "ws://a:1"}]', 'f');
    const sources = { list: () => Promise.resolve([]), directory: directory.path };
    expect(await selectImages(config, sources)).toMatchObject([{ source: '*.tar', missing: { code: 'IMAGE_NOT_FOUND' } }]);
    for (const name of ['b.tar', 'a.tar', 'c.txt']) await writeFile(join(directory.path, name), '');
    expect((await selectImages(config, sources)).map(({ source }) => source)).toEqual(
      ['a.tar', 'b.tar'].map((name) => join(directory.path, name)),
    );
  });
});

describe('transfer windows', () => {
  const night: TransferWindow = { from: 22 * 60, until: 5 * 60, days: ['fri'] };
  const at = (iso: string, window = night): boolean => openWindow([window], Date.parse(iso), 'Europe/Berlin') !== undefined;

  it('go past midnight, and belong to the day on which they begin', () => {
    // 2026-11-20 is a Friday; Berlin is an hour ahead of UTC.
    expect(['2026-11-20T20:59Z', '2026-11-20T21:00Z', '2026-11-21T03:59Z', '2026-11-21T04:00Z', '2026-11-21T21:30Z'].map((time) => at(time))).toEqual([false, true, true, false, false]); // prettier-ignore
    expect(windowText(night)).toBe('22:00-05:00 fri');
  });

  it('of one day, and all day', () => {
    expect(at('2026-11-20T12:00Z', { from: 12 * 60, until: 13 * 60 })).toBe(false);
    expect(at('2026-11-20T11:00Z', { from: 12 * 60, until: 13 * 60 })).toBe(true);
    expect(at('2026-11-20T23:30Z', { from: 0, until: 0 })).toBe(true);
  });
});

const destination = (extra: string) =>
  parseSyncConfig(`images: [{repository: a}]\ndestinations: [{name: a, to: "ws://a:1", ${extra}}]`, 'f').destinations[0]!;

describe('the governor of a destination', () => {
  const segment = new Uint8Array(1000);
  segment[0] = 7;

  it('stops before the segment that finds the budget used up, and begins anew with the next period', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const clock = stoppedClock('2026-11-30T22:59:00Z');
    const file = await openState(directory.path, 'nightly.yaml');
    const governor = createGovernor(destination('budget: {bytes: 2kB, per: month}'), 'Europe/Berlin', file, clock);
    const [near] = createMemoryChannelPair();
    const channel = governor.govern(near);
    await channel.send(segment);
    await channel.send(segment);
    await expect(channel.send(segment)).rejects.toMatchObject({
      code: 'PAUSED',
      message: expect.stringMatching(/budget of 2\.00 kB a month/) as string,
    });
    // What is no segment may still be said.
    await channel.send(encodeMessage('error', ['PAUSED', '', '']));
    expect(() => governor.admit()).toThrow(/used up/);
    await file.save();
    const again = createGovernor(
      destination('budget: {bytes: 2kB, per: month}'),
      'Europe/Berlin',
      await openState(directory.path, 'nightly.yaml'),
      clock,
    );
    expect(() => again.admit()).toThrow(/used up/);
    clock.ms += 60_000;
    again.admit();
  });

  it('stops where the window closes, and keeps to the rate that the window allows', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const clock = stoppedClock('2026-11-21T04:59:59Z');
    const file = await openState(directory.path, 'nightly.yaml');
    const windows = 'rate: 1mbit, windows: [{from: "02:00", until: "05:00", rate: 8kbit}]';
    const governor = createGovernor(destination(windows), 'UTC', file, clock);
    expect(governor.bytesPerSecond()).toBe(1000);
    const channel = governor.govern(createMemoryChannelPair()[0]);
    await channel.send(segment);
    expect(clock.ms).toBe(Date.parse('2026-11-21T05:00:00Z'));
    await expect(channel.send(segment)).rejects.toMatchObject({ code: 'PAUSED', message: expect.stringMatching(/02:00-05:00/) as string });
  });

  it('takes a state that is damaged for none', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const file = await openState(directory.path, '/etc/nightly.yaml');
    file.state.lastRun = 5;
    await Promise.all([file.save(), file.save()]);
    const path = join(directory.path, 'sync-nightly.json');
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ lastRun: 5 });
    for (const text of ['', '{', '{"spent": 3}']) {
      await writeFile(path, text);
      expect((await openState(directory.path, 'nightly.yaml')).state).toEqual({ spent: {} });
    }
  });
});

describe('the schedule', () => {
  it('is a cron expression in a time zone', () => {
    expect(nextTime('0 2 * * *', 'Europe/Berlin', Date.parse('2026-11-21T00:59:00Z'))).toBe(Date.parse('2026-11-21T01:00:00Z'));
    expect(() => nextTime('often', 'UTC', 0)).toThrow(/not a cron expression/);
  });

  it('runs once for what was missed, never two at a time, and waits for the random delay', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const clock = stoppedClock('2026-11-21T12:00:00Z');
    const file = await openState(directory.path, 'f.yaml');
    file.state.lastRun = Date.parse('2026-11-18T02:00:00Z');
    const config = parseSyncConfig(
      'time-zone: UTC\nimages: [{repository: a}]\ndestinations: [{name: a, to: "ws://a:1"}]\nschedule: {cron: "0 2 * * *", random-delay: 10m}',
      'f',
    );
    const runs: string[] = [];
    const end = new AbortController();
    const serving = serveSchedule(config, file, {
      clock,
      random: () => 0.5,
      signal: end.signal,
      onWaiting: () => {},
      run: async () => {
        runs.push(new Date(clock.now()).toISOString());
        // The second run lasts over two nights: one more follows at once, not two.
        if (runs.length === 2) await clock.sleep(48 * 3600_000);
        if (runs.length === 4) end.abort(new Error('enough'));
      },
    });
    await expect(serving).rejects.toThrow('enough');
    expect(runs).toEqual(['2026-11-21T12:05:00.000Z', '2026-11-22T02:05:00.000Z', '2026-11-24T02:10:00.000Z', '2026-11-25T02:05:00.000Z']);
  });
});
