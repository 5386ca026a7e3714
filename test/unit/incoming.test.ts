/** Streams that a receiver gives up: what becomes of those who wait for them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { openAccess } from '../../receiver/access/access.ts';
import { createKnowledge } from '../../receiver/access/knowledge.ts';
import type { DecodePool } from '../../receiver/decode-pool.ts';
import { createIncomingStreams, type IncomingStreams } from '../../receiver/incoming.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import { TransferError } from '../../shared/errors.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import { encodeRecipe } from '../../shared/recipe/encode.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Run, StreamFrame } from '../../shared/wire/bulk.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';
import { SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';
import { createSession } from '../../sender/session.ts';
import { packTar } from '../support/archives.ts';
import { freshUnderWay } from '../support/fresh-under-way.ts';
import { ingest } from '../support/ingested.ts';

/** Content as it is. */
const decoders: DecodePool = {
  threads: 1,
  decode: ({ payload }) => Promise.resolve(payload.slice()),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const lost = new TransferError('INTEGRITY', 'a chunk is gone');
const content = Buffer.from('the one content');

describe('a stream that is void', async () => {
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
  const run: Run = { codec: 0, chunkCount: 1, base: { kind: 'none' }, payload: content };

  let store: Store;
  let streams: IncomingStreams;
  let voided: number[];
  let kept: number;
  beforeEach(async () => {
    store = createMemoryStore();
    voided = [];
    kept = 0;
    streams = createIncomingStreams({
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
      underWay: await freshUnderWay(),
      begun: () => [],
      knowsOthers: true,
    });
  });

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
      await streams.segment({ segment: 0, stream: 0, runs: [run, run, run] })
    ).stored;
    expect((await store.stats()).records).toEqual({ chunk: 0, recipe: 0, image: 0 });
    await streams.announce(frame(1));
    await (
      await streams.segment({ segment: 1, stream: 1, runs: [run] })
    ).stored;
    expect((await finished).id).toEqual(recipe.id);
    expect((await store.stats()).records).toEqual({ chunk: 1, recipe: 1, image: 0 });
    expect(kept).toBe(1);
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

describe('a sender that hears of a void stream', () => {
  it('refuses one that it did not announce', async () => {
    const [ours, theirs] = createMemoryChannelPair();
    const gone: number[] = [];
    const session = createSession(ours, 'test', {
      onProgress: () => {},
      onSent: () => {},
      onStored: () => {},
      window: () => SEGMENTS_IN_FLIGHT_MAX,
      onBaseGone: (stream) => void gone.push(stream),
    });
    const { answer } = session.offer({ ref: 'a:1', imageId: undefined, archiveId: undefined, diffIds: [], deliver: true });
    await theirs.send(encodeMessage('need', [0, 2, new Uint8Array(0)]));
    await expect(answer).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    expect(gone).toEqual([]);
  });
});
