/** Streams on their way in: what becomes of those that are kept, and of who waits for those that are given up. */
import { beforeEach, describe, expect, it, test } from 'vitest';
import { openAccess } from '../../receiver/access/access.ts';
import { createKnowledge } from '../../receiver/access/knowledge.ts';
import type { DecodePool } from '../../receiver/conversation/decode-pool.ts';
import type { IncomingOptions } from '../../receiver/conversation/incoming-stream.ts';
import { createIncomingStreams, type IncomingStreams } from '../../receiver/conversation/incoming.ts';
import type { BegunStream } from '../../receiver/conversation/under-way.ts';
import { utf8, utf8Text } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { hex } from '../../shared/hash.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import { encodeRecipe } from '../../shared/recipe/encode.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { NO_BASE, OWN_STREAM, type Run, type StreamFrame } from '../../shared/wire/bulk.ts';
import { packTar } from '../support/archives.ts';
import { freshUnderWay } from '../support/fresh-under-way.ts';
import { ingest } from '../support/ingested.ts';
import { seededBytes } from '../support/random.ts';

/** Content as it is. */
const decoders: DecodePool = {
  threads: 1,
  decode: ({ payload }) => Promise.resolve(payload.slice()),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const lost = new TransferError('INTEGRITY', 'a chunk is gone');
const content = Buffer.from('the one content');

describe('a stream', async () => {
  const { result } = await ingest(await packTar({ file: content }));
  const { recipe } = result.archive;
  const frame = (stream: number): StreamFrame => ({
    stream,
    image: 0,
    id: recipe.id,
    skeleton: undefined,
    bases: [],
    askBytes: 0,
    asked: new Uint8Array(0),
    recipe: encodeDifference(recipe, [], stream === 0 ? [] : [recipe.id]).bytes,
  });
  const whole: Run = { codec: 0, chunkCount: 1, base: NO_BASE, payload: content };

  let store: Store;
  let options: IncomingOptions;
  let streams: IncomingStreams;
  let voided: number[];
  let kept: number;
  let amounts: number[][];
  let begun: readonly BegunStream[];
  const bring = async (stream: number): Promise<void> => {
    await streams.announce(frame(stream));
    const { stored } = await streams.segment({ segment: stream, stream, runs: [whole] });
    await stored;
  };
  beforeEach(async () => {
    store = createMemoryStore();
    voided = [];
    kept = 0;
    amounts = [];
    begun = [];
    options = {
      store,
      knowledge: createKnowledge(
        openAccess,
        () => [],
        (id) => loadRecipe(store, id),
      ),
      decoders,
      heldBases: () => [],
      loadRecipe: (id) => loadRecipe(store, id),
      verify: () => Promise.resolve(),
      encodeRecipe,
      onKept: () => void kept++,
      onVoid: (stream) => void voided.push(stream),
      onContent: (image, arrived, expected) => void amounts.push([image, arrived, expected]),
      underWay: await freshUnderWay(),
      begun: () => begun,
      knowsOthers: true,
    };
    streams = createIncomingStreams(options);
  });

  describe('that is kept', () => {
    it('is read from the store again, and takes nothing more', async () => {
      await bring(0);
      const first = await streams.finish(0);
      const again = await streams.finish(0);
      expect([first.id, again.id]).toEqual([recipe.id, recipe.id]);
      await expect(streams.segment({ segment: 1, stream: 0, runs: [whole] })).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
      // What leans on it finds it, too.
      await streams.announce({ ...frame(1), bases: [{ kind: 'sent', stream: 0 }], recipe: encodeDifference(recipe, [recipe]).bytes });
      expect((await streams.finish(1)).bytes).toBe(recipe.bytes);
    });

    it('can be given up all the same', async () => {
      await bring(0);
      await streams.finish(0);
      expect(streams.giveUp(0, lost)).toBe(true);
      await bring(1);
      expect((await streams.finish(0)).id).toEqual(recipe.id);
      expect([voided, kept]).toEqual([[0], 2]);
    });

    it('is held for the next connection, without its recipe or ids in memory', async () => {
      await bring(0);
      await streams.finish(0);
      streams.end();
      await streams.settled();
      begun = streams.begun();
      expect(begun).toMatchObject([{ isKept: true, recipe: new Uint8Array(0), ids: { length: 0 } }]);
      const next = createIncomingStreams({ ...options, underWay: await freshUnderWay() });
      expect(await next.announce({ ...frame(0), recipe: new Uint8Array(0) })).toBe('held');
      expect(hex((await next.finish(0)).id)).toBe(hex(recipe.id));
    });
  });

  describe('that is void', () => {
    it('is told of once, for a loss and nothing else', async () => {
      await streams.announce(frame(0));
      expect(streams.giveUp(0, new TransferError('PROTOCOL_VIOLATION', 'nonsense'))).toBe(false);
      expect(streams.giveUp(0, lost)).toBe(true);
      expect(streams.giveUp(0, lost)).toBe(true);
      expect(voided).toEqual([0]);
    });

    it('takes no content, and is finished as the stream that comes in its place', async () => {
      await streams.announce(frame(0));
      streams.giveUp(0, lost);
      const finished = streams.finish(0);
      await (
        await streams.segment({ segment: 0, stream: 0, runs: [whole, whole, whole] })
      ).stored;
      expect((await store.stats()).records).toEqual({ chunk: 0, recipe: 0, image: 0 });
      await streams.announce(frame(1));
      await (
        await streams.segment({ segment: 1, stream: 1, runs: [whole] })
      ).stored;
      expect((await finished).id).toEqual(recipe.id);
      expect((await store.stats()).records).toEqual({ chunk: 1, recipe: 1, image: 0 });
      expect(kept).toBe(1);
      // Of the stream that came in place of the other: first what is to come, then that it came.
      const bytes = content.byteLength;
      expect(amounts.map(([, arrived, expected]) => [arrived, expected])).toEqual([[0, bytes], [bytes, 0]]); // prettier-ignore
    });

    it('is given up only once: what comes in its place fails for good', async () => {
      await streams.announce(frame(0));
      streams.giveUp(0, lost);
      await streams.announce(frame(1));
      expect(streams.giveUp(1, lost)).toBe(false);
      expect(voided).toEqual([0]);
    });

    it('is waited for no longer than the sender is there', async () => {
      await streams.announce(frame(0));
      streams.giveUp(0, lost);
      const finished = streams.finish(0);
      streams.end();
      await expect(finished).rejects.toMatchObject({ code: 'PEER_LOST' });
      await expect(streams.finish(0)).rejects.toMatchObject({ code: 'PEER_LOST' });
    });
  });
});

function run(text: string, firstChunk?: number, chunkCount = 1): Run {
  const ranges = firstChunk === undefined ? [] : [{ base: OWN_STREAM, row: 0, firstChunk, chunkCount }];
  return { codec: 0, chunkCount: 1, base: { rows: false, ranges }, payload: Buffer.from(text) };
}

/** Files as a stream, and what receives runs of it; of each run what it leaned on, once it was decoded. */
async function receiverOf(files: readonly Uint8Array[]) {
  const { result } = await ingest(await packTar(Object.fromEntries(files.map((file, i) => [`file${i}`, Buffer.from(file)]))));
  const { recipe } = result.archive;
  async function receive(runs: readonly Run[]): Promise<Buffer[]> {
    const store = createMemoryStore();
    const bases: Buffer[] = [];
    const streams = createIncomingStreams({
      store,
      knowledge: createKnowledge(
        openAccess,
        () => [],
        (id) => loadRecipe(store, id),
      ),
      decoders: {
        threads: 4,
        async decode({ payload }, unread) {
          // The first takes longest.
          if (unread === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
          const base = await unread?.read();
          expect(base?.byteLength).toBe(unread?.bytes);
          bases.push(Buffer.from(base ?? []));
          return payload.slice();
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      },
      heldBases: () => [],
      loadRecipe: (id) => loadRecipe(store, id),
      verify: () => Promise.resolve(),
      encodeRecipe,
      onKept: () => {},
      onVoid: () => {},
      underWay: await freshUnderWay(),
      begun: () => [],
      knowsOthers: true,
    });
    const common = { image: 0, id: recipe.id, skeleton: undefined, bases: [], askBytes: 0, asked: new Uint8Array(0) };
    await streams.announce({ ...common, stream: 0, recipe: encodeDifference(recipe, []).bytes });
    await (
      await streams.segment({ segment: 0, stream: 0, runs })
    ).stored;
    expect((await streams.finish(0)).id).toEqual(recipe.id);
    return bases;
  }
  return { recipe, receive };
}

describe('a run that leans on its own stream', async () => {
  const texts = ['the first content', 'the next content', 'the last content'];
  const { receive: receiveRuns } = await receiverOf(texts.map(utf8));
  const receive = async (runs: readonly Run[]): Promise<string[]> => (await receiveRuns(runs)).map(utf8Text);
  const [first, next, last] = texts as [string, string, string];

  it('waits for what came before', async () => {
    expect(await receive([run(first), run(next, 0), run(last, 0, 2)])).toEqual(['', first, first + next]);
  });

  it.each([
    ['itself', 1, 1],
    ['what is still to come', 2, 1],
    ['more than there is', 0, 2 ** 40],
  ])('is refused where it leans on %s', async (_, firstChunk, chunkCount) => {
    await expect(receive([run(first), run(next, firstChunk, chunkCount), run(last)])).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
  });
});

test('content that is more than is read and stored at once comes, and is leaned on, in its order', async () => {
  const files = [seededBytes(1, 5_000_000), seededBytes(2, 3_000_000)];
  const { recipe, receive } = await receiverOf(files);
  const counts = files.map((_, row) => recipe.row(row).chunks.length);
  const [first = 0, next = 0] = counts;
  const noBase: Run = { codec: 0, chunkCount: first, base: NO_BASE, payload: files[0] as Uint8Array };
  const ranges = [{ base: OWN_STREAM, row: 0, firstChunk: 0, chunkCount: first }];
  const leaning: Run = { codec: 0, chunkCount: next, base: { rows: false, ranges }, payload: files[1] as Uint8Array };
  const [nothing, base] = await receive([noBase, leaning]);
  expect(nothing?.byteLength).toBe(0);
  expect(Buffer.compare(base as Buffer, files[0] as Uint8Array)).toBe(0);
});
