/** What conversations of one receiver know of each other, part by part. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createClaims } from '../../receiver/conversation/claims.ts';
import { createJobs } from '../../receiver/conversation/jobs.ts';
import { createSlots } from '../../receiver/conversation/slots.ts';
import { createFreshIds } from '../../receiver/conversation/fresh-ids.ts';
import { createUnderWay, type BegunStream, type Participant, type UnderWay } from '../../receiver/conversation/under-way.ts';
import { openUnfinished } from '../../receiver/conversation/unfinished.ts';
import { smallFile } from '../../receiver/small-file.ts';
import type { Clock } from '../../shared/clock.ts';
import { asId, hex } from '../../shared/hash.ts';
import { BEGUN_BYTES_MAX, CLAIM_SILENCE_MS, CLAIM_WAIT_MS, UNFINISHED_MAX, UNFINISHED_MS } from '../../shared/limits.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { smallArchive } from '../support/archives.ts';
import { freshUnderWay } from '../support/fresh-under-way.ts';
import { shipArchives } from '../support/joined-agents.ts';
import { seededBytes } from '../support/random.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const id = (n: number) => asId(seededBytes(n, 32));

/** Time passes only in pauses. */
function pausingClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    async sleep(ms, signal) {
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

describe('streams that belong to no image', () => {
  it('are known after a restart, until they belong to one', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const file = smallFile(join(directory.path, 'unfinished.json'));
    const before = await openUnfinished(() => 1, file);
    expect(before.hasOthers(new Set())).toBe(false);
    await before.begin(id(1));
    await before.begin(id(2));
    before.whole(id(2));
    await before.begin(id(3));
    const after = await openUnfinished(() => 2, file);
    expect(after.hasOthers(new Set([id(1), id(3)].map((one) => hex(one))))).toBe(true);
    expect(after.wholeStreams().map((one) => hex(one))).toEqual([hex(id(2))]);
    after.finish([id(1), id(2), id(3)]);
    await after.begin(id(4));
    expect(JSON.parse(await readFile(join(directory.path, 'unfinished.json'), 'utf8'))).toEqual({
      version: 1,
      streams: { [hex(id(4))]: { whole: false, at: 2 } },
    });
  });

  it('are forgotten after a while, or when there are too many, and a list that makes no sense is none', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const path = join(directory.path, 'unfinished.json');
    await (await openUnfinished(() => 0, smallFile(path))).begin(id(1));
    expect((await openUnfinished(() => UNFINISHED_MS, smallFile(path))).hasOthers(new Set())).toBe(false);
    await writeFile(path, '{"version":1,"streams":{"x":1}}');
    expect((await openUnfinished(() => 0, smallFile(path))).hasOthers(new Set())).toBe(false);
    const many = await openUnfinished(() => 0);
    for (let n = 0; n <= UNFINISHED_MAX; n++) await many.begin(id(n));
    for (let n = 0; n <= UNFINISHED_MAX; n++) many.whole(id(n));
    expect(many.wholeStreams().map((one) => hex(one))).not.toContain(hex(id(0)));
  });
});

describe('claims', () => {
  const never = new AbortController().signal;
  const prefix = seededBytes(9, 8);

  it('make a question wait for who promised a chunk, or has the same stream on its way', async () => {
    const claims = createClaims(pausingClock());
    for (const [stream, asked] of [
      [id(1), []],
      [id(2), [prefix]],
    ] as const) {
      const first = claims.begin(id(1), {});
      first.add([prefix]);
      const waiting = claims.begin(stream, {}).waitForOthers(asked, never);
      first.end();
      expect(await waiting).toBe(true);
    }
    expect(await claims.begin(id(3), {}).waitForOthers([seededBytes(8, 8)], never)).toBe(false);
  });

  it('wait for nobody of the same conversation, nor for who began later', async () => {
    const claims = createClaims(pausingClock());
    const owner = {};
    const first = claims.begin(id(1), owner);
    claims.begin(id(1), {});
    expect(await first.waitForOthers([], never)).toBe(false);
    expect(await claims.begin(id(2), owner).waitForOthers([], never)).toBe(false);
  });

  it('do not wait for who is silent, nor for ever', async () => {
    const clock = pausingClock();
    const claims = createClaims(clock);
    claims.begin(id(1), {});
    await claims.begin(id(1), {}).waitForOthers([], never);
    expect(clock.monotonic()).toBe(CLAIM_SILENCE_MS);
    // One that brings something all the time is waited for, but not for ever.
    const steady = createClaims({ ...clock, sleep: (ms, signal) => (other.touch(), clock.sleep(ms / 2, signal)) });
    const other = steady.begin(id(1), {});
    const began = clock.monotonic();
    await steady.begin(id(1), {}).waitForOthers([], never);
    expect(clock.monotonic() - began).toBe(CLAIM_WAIT_MS);
  });

  it('end with the conversation', async () => {
    const claims = createClaims(pausingClock());
    claims.begin(id(1), {});
    expect(await claims.begin(id(1), {}).waitForOthers([], AbortSignal.abort())).toBe(false);
  });
});

describe('jobs', () => {
  it('of one key are done once at a time, and all hear of it', async () => {
    const jobs = createJobs<number>();
    const { promise, resolve } = Promise.withResolvers<number>();
    let begun = 0;
    const told: string[] = [];
    const run = (who: string, signal = new AbortController().signal): Promise<number> =>
      jobs.run('key', signal, (phase) => void told.push(`${who} ${phase}`), async (_signal, report) => {
        begun++;
        const result = await promise;
        report('done', 1, 1);
        return result;
      }); // prettier-ignore
    const leaving = new AbortController();
    const leaver = run('c', leaving.signal);
    const both = Promise.all([run('a'), run('b')]);
    leaving.abort(new Error('gone'));
    await expect(leaver).rejects.toThrow('gone');
    resolve(7);
    expect(await both).toEqual([7, 7]);
    expect([begun, told]).toEqual([1, ['a done', 'b done']]);
    await run('d');
    expect(begun).toBe(2);
  });

  it('that nobody wants any more are broken off, and cleaned up before they begin again', async () => {
    const jobs = createJobs<string>();
    const steps: string[] = [];
    const work = async (signal: AbortSignal): Promise<string> => {
      steps.push('begin');
      await new Promise((resolve) => setTimeout(resolve, 20));
      steps.push(signal.aborted ? 'cleaned up' : 'done');
      signal.throwIfAborted();
      return 'done';
    };
    const leaving = new AbortController();
    const first = jobs.run('key', leaving.signal, () => {}, work);
    leaving.abort(new Error('gone'));
    const second = jobs.run('key', new AbortController().signal, () => {}, work);
    await expect(first).rejects.toThrow('gone');
    expect(await second).toBe('done');
    expect(steps).toEqual(['begin', 'cleaned up', 'begin', 'done']);
  });
});

it('slots are given in the order of asking', async () => {
  const slots = createSlots(1);
  const order: number[] = [];
  await slots.take();
  const waiting = [1, 2, 3].map((n) => slots.take().then(() => order.push(n)));
  for (let n = 0; n < 3; n++) slots.give();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2, 3]);
});

const participant = (): Participant & { ended: boolean } => ({
  ended: false,
  end() {
    this.ended = true;
  },
  settled: Promise.resolve(),
});
const begun = (n: number, bytes = 10): BegunStream => ({
  isKept: false,
  id: id(n),
  recipe: new Uint8Array(bytes),
  bases: [],
  nestable: [],
  ids: createFreshIds(0),
});
const open = async () => createUnderWay(await openUnfinished(() => 0), pausingClock(), 1);

describe('a shipment', () => {
  it('that goes on ends its earlier conversation and finds what was begun there, once', async () => {
    const underWay = await open();
    const [first, second] = [participant(), participant()];
    expect(await underWay.enter('a', first)).toEqual([]);
    expect([underWay.hasOthers(first), underWay.hasOthers(second)]).toEqual([false, true]);
    await underWay.enter('a', second);
    expect(first.ended).toBe(true);
    underWay.leave('a', first, []);
    expect(underWay.hasOthers(first)).toBe(true);
    underWay.leave('a', second, [begun(1)]);
    expect(underWay.hasOthers(first)).toBe(false);
    expect((await underWay.enter('a', first)).map((stream) => stream.id)).toEqual([id(1)]);
    expect(await underWay.enter('a', second)).toEqual([]);
  });

  it('is forgotten where others begin more', async () => {
    const underWay = await open();
    for (const name of ['a', 'b', 'c']) underWay.leave(name, participant(), [begun(1, BEGUN_BYTES_MAX / 2 - 2000)]);
    expect(await underWay.enter('a', participant())).toEqual([]);
    expect(await underWay.enter('c', participant())).toHaveLength(1);
  });
});

it('of a conversation that ends in order nothing is remembered for another connection', async () => {
  await using directory = await temporaryDirectory({ inMemory: true });
  const underWay = await freshUnderWay();
  const left: number[] = [];
  const watched: UnderWay = {
    ...underWay,
    leave(shipment, self, streams) {
      left.push(streams.length);
      underWay.leave(shipment, self, streams);
    },
  };
  const agents = { pool: createMemoryStore(), store: createMemoryStore(), delivered: directory.path, underWay: watched };
  await shipArchives(agents, [await smallArchive({ seed: 1, layerBytes: [1000], tag: 'x:1' })]);
  expect(left).toEqual([0]);
});
