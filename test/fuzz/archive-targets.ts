/** Whole things from outside: tars and archives that a sender reads, and what a sender says to a receiver. */
import { openAccess } from '../../receiver/access/access.ts';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import type { DecodePool } from '../../receiver/conversation/decode-pool.ts';
import { deliverNowhere } from '../../receiver/deliver/none.ts';
import { receiveImages } from '../../receiver/receive-image.ts';
import { createUses } from '../../receiver/catalog/uses.ts';
import { concatBytes, equalBytes, utf8Text } from '../../shared/bytes.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import { systemClock } from '../../shared/clock.ts';
import { decodeContent } from '../../shared/delta/content.ts';
import { archiveFileName, parseReference, tryParseReference } from '../../shared/image/reference.ts';
import { openStoredArchive } from '../../shared/image/stored-archive.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { plainOf, wrappingOf } from '../../shared/recipe/wrapped.ts';
import { isProvenBySkeleton, skeletonDigest } from '../../shared/recipe/skeleton-digest.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { encodeSegmentFrame, encodeStreamFrame, NO_BASE } from '../../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSION } from '../../shared/wire/frames.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';
import { createByteReader, createByteWriter } from '../../shared/wire/varint.ts';
import { freshUnderWay } from '../support/fresh-under-way.ts';
import { gzipArchive, smallArchive } from '../support/archives.ts';
import { layers } from '../support/craft-archive.ts';
import { inPieces, ingest, loadRecipe, restore } from '../support/ingested.ts';
import type { Target } from './target.ts';

const NOTHING = new Uint8Array(0);

/** Whatever is read comes back as it was. */
const tar: Target = {
  name: 'tar',
  bytesMax: 48 * 1024,
  seeds: () => Promise.resolve(Object.values(layers).map((layer) => layer.slice(0, 12 * 1024))),
  async run(input) {
    const { store, result } = await ingest(inPieces(input, [700, 512, 5000]));
    if (!equalBytes(await restore(store, result.archive.id), input)) throw new TypeError('what was read does not come back');
  },
};

const archive: Target = {
  name: 'archive',
  bytesMax: 48 * 1024,
  seeds: () =>
    Promise.all([
      smallArchive({ seed: 1, layerBytes: [3000, 200] }),
      smallArchive({ seed: 2, layerBytes: [2000], layout: 'oci' }),
      gzipArchive(4),
      smallArchive({ seed: 3, layerBytes: [100], tag: 'registry.example:5000/a/b:c' }),
    ]),
  async run(input) {
    const { store, result } = await ingest(input);
    const opened = await openStoredArchive(result.archive.recipe, store);
    for (const image of opened.index.images) {
      for (const name of image.refs) {
        const file = archiveFileName(name);
        if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*\.tar$/.test(file)) throw new TypeError(`a file called ${file}`);
        if (tryParseReference(name) !== undefined) parseReference(name);
      }
      for (const { member } of image.layers) for await (const piece of opened.open(member)) if (piece.byteLength === 0) break;
    }
  },
};

const reference: Target = {
  name: 'reference',
  bytesMax: 600,
  seeds: () =>
    Promise.resolve(
      ['shop:2', 'registry.example:5000/a/b-c__d.e:tag', 'docker.io/library/x', '[::1]:5000/a'].map((text) => Buffer.from(text)),
    ),
  run(input) {
    const text = utf8Text(input);
    const parsed = tryParseReference(text);
    if (parsed !== undefined && !/^[\w.:[\]/-]+$/.test(text)) throw new TypeError(`${JSON.stringify(text)} passes for a name`);
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*\.tar$/.test(archiveFileName(text))) throw new TypeError(`a file called ${archiveFileName(text)}`);
  },
};

const decoders: DecodePool = {
  threads: 1,
  decode: async ({ codec, payload, targetBytes }, base) => decodeContent(codec, payload, await base?.read(), targetBytes),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** What a sender without a pool says to ship an archive: every stream without bases, and its content as it is. */
async function said(bytes: Uint8Array): Promise<Uint8Array> {
  const { streams, store } = await ingest(bytes);
  const writer = createByteWriter();
  const say = (frame: Uint8Array): void => {
    writer.varint(frame.byteLength);
    writer.bytes(frame);
  };
  say(encodeMessage('hello', [[PROTOCOL_VERSION], 'fuzzer']));
  say(encodeMessage('offer', [0, 'fuzz:1', NOTHING, NOTHING, NOTHING, 1]));
  const recipes: Recipe[] = [];
  let segments = 0;
  for (const { recipe } of streams) {
    // The plain stream of a wrapped one comes first.
    const plain = plainOf(recipe);
    if (plain !== undefined) recipes.push(await loadRecipe(store, plain.id));
    recipes.push(recipe);
  }
  for (const [stream, recipe] of recipes.entries()) {
    const { bytes: difference, fresh } = encodeDifference(
      recipe,
      [],
      recipes.slice(0, stream).map((before) => before.id),
    );
    const skeleton = isProvenBySkeleton(recipe) ? skeletonDigest(recipe) : undefined;
    const wrapping = wrappingOf(recipe);
    say(
      encodeStreamFrame({
        stream,
        image: 0,
        id: recipe.id,
        skeleton,
        wrapping,
        bases: [],
        askBytes: 0,
        asked: NOTHING,
        recipe: difference,
      }),
    );
    const ids = Array.from(fresh, (chunk) => chunk.id);
    const payload = concatBytes(await store.getMany('chunk', ids));
    if (ids.length === 0) continue;
    say(encodeSegmentFrame({ segment: segments++, stream, runs: [{ codec: 0, chunkCount: ids.length, base: NO_BASE, payload }] }));
  }
  say(encodeMessage('commit', [0, recipes.length - 1, 'fuzz:1']));
  return writer.finish().slice();
}

const TURNS_MAX = 40;
const ENDING: ReadonlySet<string | undefined> = new Set(['receipt', 'failed', 'error']);

/** Frames, each behind its length, as a receiver hears them. It has to come to an end, and to refuse or deliver. */
const conversation: Target = {
  name: 'conversation',
  bytesMax: 48 * 1024,
  seeds: async () => {
    const archives = [smallArchive({ seed: 7, layerBytes: [2000] }), smallArchive({ seed: 7, layerBytes: [900, 500] }), gzipArchive(8)];
    return Promise.all(archives.map(async (bytes) => said(await bytes)));
  },
  async run(input) {
    const [near, far] = createMemoryChannelPair();
    const store = createMemoryStore();
    let bug: string | undefined;
    const answers: Uint8Array[] = [];
    const context = {
      store,
      decoders,
      catalog: await openCatalog(store),
      uses: createUses(),
      deliver: deliverNowhere,
      clock: systemClock,
      agent: 'fuzzed',
      underWay: await freshUnderWay(),
      log: {
        info: () => {},
        warn: (fields: object, message: string) => {
          if ('code' in fields && fields.code === 'INTERNAL') bug = message;
        },
      },
    };
    const receiving = receiveImages(far, 'fuzzer', context, openAccess);
    const listening = (async () => {
      for await (const frame of near.frames) if (ENDING.has(frameName(frame))) answers.push(frame);
    })().catch(() => {});
    const reader = createByteReader(input);
    try {
      while (reader.remaining > 0) await near.send(reader.bytes(reader.varint('length', reader.remaining), 'frame').slice());
    } catch {
      // The input ends, or the receiver has closed.
    }
    // Everything is in memory: what is to be answered is answered within some turns of the event loop.
    for (let turn = 0; turn < TURNS_MAX && answers.length === 0; turn++) await new Promise((resolve) => setImmediate(resolve));
    await near.close();
    await Promise.all([receiving, listening]);
    if (bug !== undefined) throw new TypeError(bug);
  },
};

export const ARCHIVE_TARGETS: readonly Target[] = [tar, archive, reference, conversation];
