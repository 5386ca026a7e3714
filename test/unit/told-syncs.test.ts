/** What a receiver keeps of the syncs that it was told of, and what a sync tells. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, constantFrom, integer, asyncProperty, record, array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallFile } from '../../receiver/small-file.ts';
import { openSyncs, senderOf, type ShownSync } from '../../receiver/witness/syncs.ts';
import { parseSyncConfig } from '../../sender/sync/config.ts';
import { createGovernor } from '../../sender/sync/governor.ts';
import { nextAdmitted } from '../../sender/sync/service.ts';
import { openState, syncName } from '../../sender/sync/state.ts';
import { SYNC_BUSY_MS, SYNC_LATE_MS, SYNCS_MAX, SYNCS_MS, SYNCS_PER_SENDER_MAX } from '../../shared/limits.ts';
import { decodeMessage, encodeMessage, type Message } from '../../shared/wire/messages.ts';
import { expectCode } from '../support/failure.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const ran = (name: string, next: number, failed = 0): Message<'ran'> => [
  name,
  next,
  2,
  7,
  0,
  failed,
  1000,
  60,
  failed > 0 ? 'NO_SPACE' : '',
];
const NOBODY = new Set<string>();
const states = (syncs: readonly ShownSync[]): string[] => syncs.map(({ name, from, state }) => `${name} ${from} ${state}`);

const rank = ({ state, failed }: ShownSync): number => (state === 'overdue' ? 0 : failed > 0 ? 1 : 2);
const config = (extra: string, schedule = '{cron: "0 2 * * *", random-delay: 10m}') =>
  parseSyncConfig(
    `time-zone: UTC\nimages: [{repository: a}]\ndestinations: [{name: a, to: "ws://a:1"${extra}}]\nschedule: ${schedule}`,
    'f',
  );
const at = (iso: string): number => Date.parse(iso);
const iso = (time: number | undefined): string | undefined => (time === undefined ? undefined : new Date(time).toISOString());

describe('syncs that a receiver was told of', () => {
  it('are overdue where the next run stays away, unless their sender is there', async () => {
    let now = 1_000_000;
    const syncs = await openSyncs(() => now);
    syncs.told('token dc1', ran('nightly', 600));
    syncs.told('token dc2', ran('nightly', 0));
    const state = (connected = NOBODY): string | undefined => syncs.list(connected).find(({ from }) => from === 'token dc1')?.state;
    expect(state()).toBe('waiting');
    now += 600_000 + 1;
    expect(state()).toBe('due');
    now += SYNC_LATE_MS;
    expect([state(), state(new Set(['token dc1']))]).toEqual(['overdue', 'due']);
    expect(states(syncs.list(NOBODY))).toEqual(['nightly token dc1 overdue', 'nightly token dc2 unknown']);
    syncs.seen('token dc1');
    expect(state()).toBe('due');
    now += SYNC_BUSY_MS;
    expect(state(new Set(['token dc1']))).toBe('overdue');
    syncs.told('token dc1', ran('nightly', 0));
    expect(state()).toBe('unknown');
  });

  it('keep what was announced when a run by hand comes between, and when a run last went well', async () => {
    let now = 1_000_000;
    const syncs = await openSyncs(() => now);
    syncs.told('a', ran('nightly', 600));
    now += 5000;
    syncs.told('a', ran('nightly', 0, 1));
    expect(syncs.list(NOBODY)).toMatchObject([{ next: 1_600_000, at: 1_005_000, succeededAt: 1_000_000, failed: 1, code: 'NO_SPACE' }]);
  });

  it('are known over a restart, and forgotten after their time', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const path = join(directory.path, 'syncs.json');
    let now = 1_000_000;
    const syncs = await openSyncs(() => now, smallFile(path));
    syncs.told('token dc1', ran('nightly', 600, 3));
    await expect.poll(async () => readFile(path, 'utf8').catch(() => '')).toContain('nightly');
    now += 10_000_000;
    expect(states((await openSyncs(() => now, smallFile(path))).list(NOBODY))).toEqual(['nightly token dc1 overdue']);
    now += SYNCS_MS;
    expect((await openSyncs(() => now, smallFile(path))).list(NOBODY)).toEqual([]);
    for (const text of ['', '{', '{"version":1,"syncs":[{"name":3}]}', '{"version":2,"syncs":[]}']) {
      await writeFile(path, text);
      expect((await openSyncs(() => now, smallFile(path))).list(NOBODY)).toEqual([]);
    }
  });

  it('are bounded for each sender and for all, the newest stay', async () => {
    let now = 0;
    const syncs = await openSyncs(() => now++);
    syncs.told('other', ran('kept', 0));
    for (let i = 0; i < SYNCS_PER_SENDER_MAX + 5; i++) syncs.told('greedy', ran(`sync-${i}`, 0));
    const own = syncs.list(NOBODY).filter(({ from }) => from === 'greedy');
    expect(own).toHaveLength(SYNCS_PER_SENDER_MAX);
    expect(own.map(({ name }) => name)).toContain(`sync-${SYNCS_PER_SENDER_MAX + 4}`);
    expect(syncs.list(NOBODY).map(({ from }) => from)).toContain('other');
    for (let i = 0; i < SYNCS_MAX + 5; i++) syncs.told(`sender ${i}`, ran('s', 0));
    expect(syncs.list(NOBODY)).toHaveLength(SYNCS_MAX);
  });

  it('stand in their order: overdue, failed, others', () => {
    const told = record({ sender: constantFrom('a', 'b', 'c'), name: constantFrom('x', 'y'), next: integer({ min: 0, max: 900 }), failed: integer({ min: 0, max: 1 }) }); // prettier-ignore
    return assert(
      asyncProperty(array(told, { maxLength: 12 }), async (all) => {
        const syncs = await openSyncs(() => 0);
        for (const { sender, name, next, failed } of all) syncs.told(sender, ran(name, next, failed));
        const ranks = syncs.list(NOBODY).map(rank);
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      }),
    );
  });

  it('are of a token or certificate, or of an address', () => {
    expect([senderOf('token dc1', '10.0.0.5:40118'), senderOf('anyone', '10.0.0.5:40118'), senderOf('anyone', '::1:40118')]).toEqual(['token dc1', '10.0.0.5', '::1']); // prettier-ignore
  });
});

describe('what a sync tells', () => {
  it('is when the next run begins at the latest that the destination lets through', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const state = await openState(directory.path, 'f.yaml');
    const began = at('2026-11-20T02:03:00Z'); // a Friday
    const now = at('2026-11-20T03:00:00Z');
    const clock = { now: () => now, monotonic: () => 0, sleep: () => Promise.resolve() };
    const next = (extra: string, schedule?: string, time = now) => {
      const parsed = config(extra, schedule);
      return iso(nextAdmitted(parsed, began, time, createGovernor(parsed.destinations[0]!, 'UTC', state, clock).admitsAt));
    };
    expect(next('')).toBe('2026-11-21T02:10:00.000Z');
    expect(next(', windows: [{from: "01:00", until: "04:00", days: [mon]}]')).toBe('2026-11-23T02:10:00.000Z');
    expect(next(', windows: [{from: "01:00", until: "02:05"}]')).toBeUndefined();
    expect(next(', budget: {bytes: 1MB, per: month}')).toBe('2026-11-21T02:10:00.000Z');
    state.state.spent['a'] = { period: '2026-11', bytes: 1_000_000 };
    expect(next(', budget: {bytes: 1MB, per: month}')).toBe('2026-12-01T02:10:00.000Z');
    // A run that took longer than a day: the next follows at once.
    expect(next('', undefined, at('2026-11-22T05:00:00Z'))).toBe('2026-11-22T05:10:00.000Z');
    expect(next('', '{cron: "2026-11-20T02:03:00"}')).toBeUndefined();
  });

  it('is called as its file, in characters that everybody can show', () => {
    expect(['/etc/nightly.yaml', 'a b\u00e9.yml', '.yaml', `${'x'.repeat(99)}.yaml`].map(syncName)).toEqual([
      'nightly',
      'a_b_',
      'sync',
      'x'.repeat(64),
    ]);
    for (const name of ['', 'a b', 'x'.repeat(65), '\u202e']) expectCode(() => decodeMessage('ran', encodeMessage('ran', ran(name, 0))), 'PROTOCOL_VIOLATION'); // prettier-ignore
    expectCode(() => decodeMessage('ran', encodeMessage('ran', ran('a', 1e9 + 1))), 'PROTOCOL_VIOLATION');
  });
});
