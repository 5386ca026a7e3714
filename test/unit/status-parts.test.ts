import { array, assert, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAloneCounter } from '../../receiver/status/alone.ts';
import { createOwnerTable } from '../../receiver/status/owner-table.ts';
import { createTimeline } from '../../receiver/status/timeline.ts';
import { daysCharts } from '../../receiver/status/chart.ts';
import { createSyncStatus } from '../../sender/sync/status.ts';
import { hashBytes } from '../../shared/hash.ts';
import type { JournalEntry } from '../../shared/journal/journal.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import { TransferError } from '../../shared/errors.ts';
import { EXAMPLE_RECORD, EXAMPLE_TIME } from '../support/example-delivery.ts';
import { exampleEntry, manyImage, STATUS_CLOCK, statusWorld } from '../support/status-world.ts';

const chunk = (n: number) => hashBytes(new Uint8Array([n, n >> 8, n >> 16]));

const entry = (seq: number, event: string, name: string, more: object = {}): JournalEntry => exampleEntry(seq, event, name, 0, more);

const wire = (receivedBytes: number) => ({ wire: { sentBytes: 0, receivedBytes }, gzipBytes: 1000 });

const get = async (world: Awaited<ReturnType<typeof statusWorld>>, path: string, query = '') => {
  const { body } = await (await world.routes())[path]!.page(new URLSearchParams(query));
  return body;
};

describe('the table of owners', () => {
  it('counts what is one image alone, whatever comes in which order', () => {
    assert(
      property(
        array(record({ chunk: integer({ min: 0, max: 300 }), owner: integer({ min: 1, max: 5 }) }), { maxLength: 3000 }),
        (claims) => {
          const table = createOwnerTable(1e6);
          const owners = new Map<number, Set<number>>();
          for (const { chunk: number, owner } of claims) {
            if (table.claim(chunk(number), owner)) table.setBytes(chunk(number), number);
            owners.set(number, (owners.get(number) ?? new Set()).add(owner));
          }
          for (let owner = 1; owner <= 5; owner++) {
            const alone = [...owners].filter(([, of]) => of.size === 1 && of.has(owner));
            expect(table.bytesOf(owner)).toBe(alone.reduce((sum, [number]) => sum + number, 0));
          }
        },
      ),
    );
  });

  it('grows, and takes no more than it may', () => {
    const table = createOwnerTable(5000);
    for (let n = 0; n < 5000; n++) expect(table.claim(chunk(n), 1)).toBe(true);
    expect(table.isFull).toBe(false);
    expect(table.claim(chunk(5000), 1)).toBe(false);
    expect(table.isFull).toBe(true);
  });

  it('says that it does not know of images whose recipes are lost', async () => {
    await using world = await statusWorld();
    await world.catalog.save(manyImage(1));
    const alone = createAloneCounter(world.store, world.catalog);
    expect(alone.bytesOf(manyImage(1))).toBeUndefined();
    await alone.update(new AbortController().signal);
    expect([alone.state, alone.bytesOf(manyImage(1))]).toEqual(['counted', undefined]);
  });
});

describe('the timeline', () => {
  it('keeps what failed until it is delivered', () => {
    const timeline = createTimeline([entry(1, 'failed', 'a', { error: { code: 'NO_SPACE', message: 'full' } }), entry(2, 'failed', 'b')]);
    expect(timeline.failures().map(({ names }) => names)).toEqual([['b'], ['a']]);
    expect(timeline.last()).toBeUndefined();
    timeline.add(entry(3, 'delivered', 'a'));
    expect(timeline.failures().map(({ names }) => names)).toEqual([['b']]);
    expect(timeline.last()).toMatchObject({ seq: 3, from: 'token dc1 (10.0.0.5:40112)' });
    expect(timeline.newest().map(({ seq }) => seq)).toEqual([3, 2, 1]);
    timeline.add({ ...entry(4, 'delivered', 'c'), at: 7 } as unknown as JournalEntry);
    expect(timeline.newest()).toHaveLength(3);
  });

  it('counts the bytes of a conversation once, however many images it brought', () => {
    const timeline = createTimeline([
      entry(1, 'delivered', 'a', wire(100)),
      entry(2, 'unchanged', 'b', wire(130)),
      entry(3, 'delivered', 'c', wire(20)),
    ]);
    const days = timeline.days(EXAMPLE_TIME);
    expect(days).toHaveLength(30);
    expect(days.at(-1)).toEqual({ day: '2026-11-21', deliveries: 3, failures: 0, wireBytes: 150, gzipBytes: 3000 });
    expect(timeline.newest().map(({ wireBytes }) => wireBytes)).toEqual([20, 30, 100]);
    expect(daysCharts(days)).toMatch(/<svg[^>]* aria-label="[^"]+".*<rect class="gzip".*<rect class="own"/);
    expect(daysCharts(createTimeline([]).days(EXAMPLE_TIME))).not.toContain('svg');
  });
});

describe('the page and its JSON', () => {
  it('page and search through ten thousand images on the server', async () => {
    await using world = await statusWorld(50_000_000);
    for (let n = 0; n < 10_000; n++) await world.catalog.save(manyImage(n));
    const images = async (query: string) =>
      (
        JSON.parse(await get(world, '/status.json', query)) as {
          images: { matching: number; page: number; pages: number; rows: { names: string[] }[] };
        }
      ).images;
    expect(await images('')).toMatchObject({ matching: 10_000, page: 1, pages: 200 });
    expect((await images('page=200')).rows).toHaveLength(50);
    expect(await images('page=9999')).toMatchObject({ page: 200 });
    expect(await images('page=x')).toMatchObject({ page: 1 });
    expect(await images('q=TEAM-7/ :9007')).toMatchObject({ matching: 1, rows: [{ names: ['team-7/shop:9007'] }] });
    expect(await images(`q=${manyImage(42).images[0]!.configDigest}`)).toMatchObject({ matching: 1 });
    expect(await images('q=nothing')).toMatchObject({ matching: 0, pages: 1, rows: [] });
    expect((await get(world, '/')).length).toBeLessThan(100_000);
  });

  it('show what comes from outside as text', async () => {
    await using world = await statusWorld();
    const evil = '"><script>alert(1)</script>';
    const conversation = world.live.begin(createMemoryChannelPair()[0], evil, evil);
    conversation.greeted(evil, 'ab12');
    conversation.offered(0, evil, 3, '');
    conversation.progress(0, evil, 1, 2);
    const other = world.live.begin(createMemoryChannelPair()[0], evil, evil);
    other.offered(0, evil, 0, '');
    await other.failed(0, new TransferError('ENGINE_FAILED', evil));
    const page = await get(world, '/', `q=${encodeURIComponent(evil)}`);
    expect(page.match(/<script>/g)).toHaveLength(1);
    expect(page).not.toContain('alert(1)</script>');
    expect(page).toContain('value="50"');
    expect(page).toContain('1 failed');
  });

  it('count what happens', async () => {
    await using world = await statusWorld();
    const routes = await world.routes();
    const conversation = world.live.begin(createMemoryChannelPair()[0], 'p', 'anyone');
    conversation.recorded(0, { record: EXAMPLE_RECORD, names: [['shop:2']], wasKnown: false });
    await conversation.delivered(0, { record: EXAMPLE_RECORD, images: [], notes: [] });
    await conversation.failed(1, new TransferError('NO_SPACE', 'full'));
    const { body } = await routes['/metrics']!.page(new URLSearchParams());
    for (const line of [
      'lightermand_deliveries_total{event="delivered"} 1',
      'lightermand_failures_total{code="NO_SPACE"} 1',
      'lightermand_conversations 1',
      'lightermand_gzip_bytes_total 4200000',
      'lightermand_delivery_seconds_count 1',
      'lightermand_failed_images 1',
    ])
      expect(body.split('\n')).toContain(line);
    conversation.ended(new TransferError('PEER_LOST', 'gone'));
    expect((await routes['/metrics']!.page(new URLSearchParams())).body).toContain('lightermand_conversations_total{code="PEER_LOST"} 1');
    expect(await routes['/readyz']!.page(new URLSearchParams())).toMatchObject({ status: 200 });
  });
});

describe('the status of a sync service', () => {
  it('tells of runs', async () => {
    const status = createSyncStatus(STATUS_CLOCK, undefined);
    const page = async (path: string) => status.routes[path]!.page(new URLSearchParams());
    expect(await page('/readyz')).toMatchObject({ status: 503 });
    status.waiting(EXAMPLE_TIME + 1000);
    expect(await page('/readyz')).toMatchObject({ status: 200 });
    status.began();
    const result = { image: 'shop:2', destination: 'dc2', wireBytes: 7, seconds: 1, refs: [], imageIds: [], pushed: [] };
    status.result({ ...result, state: 'delivered' });
    status.ended(false);
    status.began();
    status.result({ ...result, state: 'failed' });
    status.ended(false);
    const { body } = await page('/metrics');
    expect(body).toContain('lighterman_sync_runs_total{result="done"} 1');
    expect(body).toContain('lighterman_sync_runs_total{result="failed"} 1');
    expect(body).toContain('lighterman_sync_wire_bytes_total{destination="dc2"} 14');
    expect(body).not.toMatch(/^lighterman_sync_next_run_timestamp_seconds \d/m);
    expect(JSON.parse((await page('/status.json')).body)).toMatchObject({
      isRunning: false,
      nextRun: null,
      results: [{ state: 'failed' }],
    });
  });
});
