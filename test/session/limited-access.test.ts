/** Two tokens at one receiver: neither learns from it what only the other has shipped. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAccess, type Access } from '../../receiver/access/access.ts';
import { matchesPattern } from '../../shared/image/name-pattern.ts';
import { createSentChunks } from '../../receiver/access/sent-chunks.ts';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import { createDecodePool, type DecodePool } from '../../receiver/conversation/decode-pool.ts';
import { deliverNowhere } from '../../receiver/deliver/none.ts';
import { createUses } from '../../receiver/catalog/uses.ts';
import { receiveImages } from '../../receiver/receive-image.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { skeletonDigest } from '../../shared/recipe/skeleton-digest.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { encodeSegmentFrame, encodeStreamFrame, NO_BASE } from '../../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSION } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage, type Message } from '../../shared/wire/messages.ts';
import { smallArchive } from '../support/archives.ts';
import { freshUnderWay } from '../support/fresh-under-way.ts';
import { ingest } from '../support/ingested.ts';
import { shipArchives, type Crossing } from '../support/joined-agents.ts';

const LAYER_BYTES = [400_000, 150_000];
const CONTENT_BYTES = 550_000;

describe('limited access', () => {
  let directory: string;
  let store: Store;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lml-'));
    store = createMemoryStore();
  });
  afterEach(() => rm(directory, { recursive: true }));
  const token = (who: string, allow: string, more: Partial<Access> = {}): Access => ({
    ...openAccess,
    who,
    isLimited: true,
    allows: (name) => matchesPattern(allow, name),
    sent: createSentChunks(join(directory, `${who}.sent`)),
    ...more,
  });
  /** Each ship from an empty pool: all that is saved is what the receiver told. */
  const ship = async (access: Access | undefined, seed: number, tag: string): Promise<Crossing> =>
    shipArchives({ pool: createMemoryStore(), store, delivered: join(directory, 'delivered'), ...(access !== undefined && { access }) }, [
      await smallArchive({ seed, layerBytes: LAYER_BYTES, tag }),
    ]);

  test('what one token has shipped is sent again by another, and delivered', async () => {
    expect((await ship(token('a', 'a/*'), 1, 'a/shop:1')).wire.sentBytes).toBeGreaterThan(CONTENT_BYTES);
    expect((await ship(token('b', 'b/*'), 1, 'b/shop:1')).wire.sentBytes).toBeGreaterThan(CONTENT_BYTES);
    expect((await readdir(join(directory, 'delivered'))).toSorted()).toEqual(['a_shop_1.tar', 'b_shop_1.tar']);
  });

  test('what a token has shipped itself is not, nor what somebody else has under a name that it may read', async () => {
    await ship(token('a', 'a/*'), 1, 'a/shop:1');
    for (const access of [token('a', 'a/*'), token('other', 'a/*'), openAccess])
      expect((await ship(access, 1, 'a/again:1')).wire.sentBytes).toBeLessThan(5_000);
    expect((await ship(token('b', '*b/*'), 1, 'b/shop:1')).wire.sentBytes).toBeGreaterThan(CONTENT_BYTES);
    expect((await ship(token('b', '*b/*'), 1, 'b/shop:2')).wire.sentBytes).toBeLessThan(5_000);
  });

  test('chunks that were sent and never became an image are known to who sent them, and to nobody else', async () => {
    await ingest(await smallArchive({ seed: 2, layerBytes: LAYER_BYTES, tag: 'x:1' }), store);
    const a = token('a', 'a/*');
    a.sent.add(await Array.fromAsync(store.keys('chunk')));
    expect((await ship(a, 2, 'a/shop:1')).wire.sentBytes).toBeLessThan(5_000);
    store = createMemoryStore();
    await ingest(await smallArchive({ seed: 2, layerBytes: LAYER_BYTES, tag: 'x:1' }), store);
    expect((await ship(token('b', 'b/*'), 2, 'b/shop:1')).wire.sentBytes).toBeGreaterThan(CONTENT_BYTES);
  });

  test('a name that is not allowed is refused: in the offer, in the archive, and where there is none', async () => {
    const refused = async (archive: string, as?: string): Promise<unknown> => {
      const bytes = await smallArchive({ seed: 3, layerBytes: [1000], tag: archive });
      return shipArchives({ pool: createMemoryStore(), store, delivered: directory, access: token('a', 'a/*') }, [bytes], 'auto', as).then(
        () => 'delivered',
        (error: unknown) => TransferError.from(error).code,
      );
    };
    expect(await refused('b/shop:1')).toBe('FORBIDDEN');
    expect(await refused('a/shop:1', 'b/shop:1')).toBe('FORBIDDEN');
    expect(await refused('b/shop:1', 'a/shop:1')).toBe('delivered');
    // That archive calls itself b/shop:1, and is a's all the same.
    const [record] = (await openCatalog(store)).records();
    expect(record?.images.map(({ names }) => Object.keys(names))).toEqual([['a/shop:1']]);
  });

  describe('by hand', () => {
    let decoders: DecodePool;
    let victim: { readonly recipe: Recipe; readonly layers: readonly Recipe[] };
    beforeEach(async () => {
      decoders = createDecodePool(1);
      const bytes = await smallArchive({ seed: 1, layerBytes: LAYER_BYTES, tag: 'a/shop:1' });
      const { result, streams } = await ingest(bytes);
      const layers = streams.filter(({ path }) => path !== '').map(({ recipe }) => recipe);
      victim = { recipe: result.archive.recipe, layers };
      await ship(token('a', 'a/*'), 1, 'a/shop:1');
    });
    afterEach(() => decoders[Symbol.asyncDispose]());

    /** Says what a sender with a token for b/* has to say, and gives what it hears. */
    const converse = async (
      say: (channel: Channel) => Promise<void>,
      answers: number,
      access = token('b', 'b/*'),
    ): Promise<Uint8Array[]> => {
      const [near, far] = createMemoryChannelPair();
      const catalog = await openCatalog(store);
      const context = {
        store,
        decoders,
        catalog,
        deliver: deliverNowhere,
        uses: createUses(),
        clock: systemClock,
        agent: 'receiver',
        underWay: await freshUnderWay(),
        log: { info: () => {}, warn: () => {} },
      };
      const receiving = receiveImages(far, 'memory', context, access);
      const heard: Uint8Array[] = [];
      const listening = (async () => {
        for await (const frame of near.frames) if (heard.push(frame) > answers) break;
      })();
      await near.send(encodeMessage('hello', [[PROTOCOL_VERSION], 'sender']));
      await say(near);
      await listening;
      await near.close();
      await receiving;
      return heard.slice(1);
    };
    const nothing = new Uint8Array(0);
    const offer = (more: { imageId?: Uint8Array; archiveId?: Uint8Array; prefixes?: Uint8Array }): Message<'offer'> => [
      0, 'b/x:1', more.imageId ?? nothing, more.archiveId ?? nothing, more.prefixes ?? nothing, 1,
    ]; // prettier-ignore

    test('asked for an image by its id, it is not held, and nothing is named', async () => {
      const record = (await openCatalog(store)).records()[0];
      const imageId = Buffer.from(record?.images[0]?.configDigest.slice('sha256:'.length) ?? '', 'hex');
      const prefixes = Buffer.concat(
        record?.images[0]?.layers.map(({ diffId }) => Buffer.from(diffId.slice('sha256:'.length), 'hex').subarray(0, 8)) ?? [],
      );
      for (const asked of [offer({ imageId }), offer({ archiveId: victim.recipe.id }), offer({ prefixes })]) {
        const [answer] = await converse((channel) => channel.send(encodeMessage('offer', asked)), 1);
        expect(decodeMessage('answer', answer as Uint8Array)).toEqual([0, 0, nothing, 1]);
        const [toOwner] = await converse(
          (channel) => channel.send(encodeMessage('offer', asked.with(1, 'a/y:1') as typeof asked)),
          1,
          token('a', 'a/*'),
        );
        expect(decodeMessage('answer', toOwner as Uint8Array)).not.toEqual([0, 0, nothing, 1]);
      }
    });

    test('asked for chunks by their ids, all are needed', async () => {
      const [layer] = victim.layers;
      if (layer === undefined) throw new TypeError('no layer');
      const { bytes, fresh } = encodeDifference(layer, [], []);
      const asked = Buffer.concat(Array.from(fresh, ({ id }) => id));
      const frame = encodeStreamFrame({
        stream: 0,
        image: 0,
        id: layer.id,
        skeleton: undefined,
        bases: [],
        askBytes: 32,
        asked,
        recipe: bytes,
      });
      const probe = async (access?: Access): Promise<unknown> => {
        const [, need] = await converse(
          async (channel) => {
            await channel.send(encodeMessage('offer', offer({}).with(1, access === undefined ? 'b/x:1' : 'a/x:1') as Message<'offer'>));
            await channel.send(frame);
          },
          2,
          access,
        );
        return decodeMessage('need', need as Uint8Array);
      };
      const all = Buffer.alloc(Math.ceil(fresh.length / 8));
      for (let i = 0; i < fresh.length; i++) all[i >> 3] = (all[i >> 3] as number) | (1 << (i & 7));
      expect(await probe()).toEqual([0, 0, new Uint8Array(all)]);
      expect(await probe(token('a', 'a/*'))).toEqual([0, 0, new Uint8Array(all.byteLength)]);
    });

    test('an archive that nests a layer of somebody else is answered as if the layer were not there', async () => {
      const { recipe } = victim;
      const { bytes, fresh } = encodeDifference(recipe, [], []);
      const content = Buffer.concat(await store.getMany('chunk', Array.from(fresh, ({ id }) => id))); // prettier-ignore
      const say = async (channel: Channel): Promise<void> => {
        await channel.send(encodeMessage('offer', offer({})));
        const announced = {
          stream: 0,
          image: 0,
          id: recipe.id,
          skeleton: skeletonDigest(recipe),
          bases: [],
          askBytes: 0,
          asked: nothing,
          recipe: bytes,
        };
        await channel.send(encodeStreamFrame(announced));
        await channel.send(
          encodeSegmentFrame({
            segment: 0,
            stream: 0,
            runs: [{ codec: 0, chunkCount: fresh.length, base: NO_BASE, payload: content }],
          }),
        );
        await channel.send(encodeMessage('commit', [0, 0, 'b/x:1']));
      };
      const heard = await converse(say, 3);
      const need = heard.find((frame) => frameName(frame) === 'need');
      expect(decodeMessage('need', need as Uint8Array)).toEqual([0, 2, nothing]);
      expect((await openCatalog(store)).records().flatMap(({ images }) => images.flatMap(({ names }) => Object.keys(names)))).toEqual([
        'a/shop:1',
      ]);
    });

    test('when the access ends, the conversation ends with what it was told', async () => {
      const end = new AbortController();
      const heard = await converse(
        async (channel) => {
          await channel.send(encodeMessage('offer', offer({})));
          setTimeout(() => end.abort(new TransferError('UNAUTHORIZED', 'revoked')), 50);
        },
        2,
        token('b', 'b/*', { ended: end.signal }),
      );
      expect(heard.map((frame) => frameName(frame))).toEqual(['answer', 'error']);
      expect(decodeMessage('error', heard[1] as Uint8Array)[0]).toBe('UNAUTHORIZED');
    });
  });
});
