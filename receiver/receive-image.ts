/**
 * The receiver's story, one conversation at a time: greet, answer what is offered with what the store holds, take recipes and
 * content in, and once an image is whole and proven, record it, deliver it and send the receipt.
 */
import { splitBytes } from '../shared/bytes.ts';
import type { Channel } from '../shared/channel/port.ts';
import type { Clock } from '../shared/clock.ts';
import { TransferError } from '../shared/errors.ts';
import { hex, type Id } from '../shared/hash.ts';
import { openStoredArchive } from '../shared/image/stored-archive.ts';
import { encodeRecipe } from '../shared/recipe/encode.ts';
import type { Store } from '../shared/store/port.ts';
import { decodeSegmentFrame, decodeStreamFrame } from '../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSION, type FrameName } from '../shared/wire/frames.ts';
import { BASES_MAX, decodeMessage, encodeMessage, PREFIX_BYTES, unexpectedFrame } from '../shared/wire/messages.ts';
import type { Catalog, ImageRecord } from './catalog.ts';
import type { DecodePool } from './decode-pool.ts';
import type { Deliver } from './deliver/port.ts';
import { createDeliveries } from './deliveries.ts';
import { createIdleTimer } from './idle-timer.ts';
import { createIncomingStreams } from './incoming.ts';
import { createLostContent } from './lost-content.ts';
import { hasDamage } from './readable.ts';
import { makeRecord } from './record.ts';
import { verifyStream } from './verify.ts';

export interface ReceiverContext {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly deliver: Deliver;
  readonly decoders: DecodePool;
  readonly clock: Clock;
  /** Name and version for the peer's log. */
  readonly agent: string;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Holds one conversation to its end. Never rejects: what goes wrong is told to the peer and logged. */
export async function receiveImages(channel: Channel, peer: string, context: ReceiverContext): Promise<void> {
  const conversation = createConversation(channel, peer, context);
  try {
    for await (const frame of channel.frames) await conversation.take(frame);
    conversation.end();
    await conversation.finish();
    context.log.info({ peer, ...channel.counters }, 'conversation ended');
  } catch (error) {
    const failure = TransferError.from(error);
    context.log.warn({ peer, code: failure.code }, failure.message);
    if (failure.code !== 'PEER_LOST')
      await channel.send(encodeMessage('error', [failure.code, failure.message, failure.hint])).catch(() => {});
  } finally {
    conversation.abort();
    await channel.close().catch(() => {});
    // A delivery that was broken off still has to clean up, and its store must be open until then.
    await conversation.finish();
  }
}

function createConversation(channel: Channel, peer: string, context: ReceiverContext) {
  const { store, catalog } = context;
  const gone = new AbortController();
  const idle = createIdleTimer(context.clock);
  let greeted = false;
  let bases: readonly Id[] = [];
  let complete = true;
  let storedSoFar: Promise<void> = Promise.resolve();
  const refs = new Map<number, string>();
  const refuse = createRefusal(channel, peer, context);
  const lost = createLostContent(channel, peer, context);
  /** SHA-256 digests of the streams of this conversation, by their ids in hex. */
  const proven = new Map<string, string>();
  const incoming = createIncomingStreams({
    store,
    decoders: context.decoders,
    heldBases: () => bases,
    loadRecipe: lost.loadRecipe,
    verify: async (recipe) => void proven.set(hex(recipe.id), await verifyStream(recipe, store, gone.signal)),
    encodeRecipe,
    onKept: (id) => catalog.trust(id),
    onVoid: lost.askAgain,
  });
  const deliveries = createDeliveries(channel, peer, context, refs, lost, gone.signal);
  /** True where an image could not be delivered because the store had lost something of it, which is asked for again. */
  const canMend = async (stream: number, error: unknown): Promise<boolean> =>
    TransferError.from(error).code === 'INTEGRITY' &&
    (await hasDamage(await incoming.finish(stream), store, gone.signal)) &&
    incoming.giveUp(stream, error);
  const handlers: Partial<Record<FrameName, (frame: Uint8Array) => Promise<void>>> = {
    async hello(frame) {
      const [versions, agent] = decodeMessage('hello', frame);
      if (!versions.includes(PROTOCOL_VERSION)) {
        throw new TransferError(
          'PROTOCOL_VERSION',
          `the sender (${agent}) speaks protocol ${versions.join(', ')}, this receiver ${PROTOCOL_VERSION}`,
        );
      }
      greeted = true;
      context.log.info({ peer, agent }, 'conversation begins');
      await channel.send(encodeMessage('welcome', [PROTOCOL_VERSION, context.agent, store.storeId.subarray(0, PREFIX_BYTES)]));
    },
    async offer(frame) {
      const [image, ref, imageId, archiveId, prefixes, deliver] = decodeMessage('offer', frame);
      const held = heldImage(catalog, imageId, archiveId);
      refs.set(image, ref);
      let answered: readonly Id[] = [];
      if (held === undefined && bases.length === 0) {
        // The list is made once: later streams of the session are bases by their number.
        ({ streams: bases, complete } = catalog.bases(ref, splitBytes(prefixes, PREFIX_BYTES), BASES_MAX));
        answered = bases;
      }
      const prefixesHeld = Buffer.concat(answered.map((id) => id.subarray(0, PREFIX_BYTES)));
      await channel.send(encodeMessage('answer', [image, held === undefined ? 0 : 1, prefixesHeld, complete ? 1 : 0]));
      if (held !== undefined && deliver === 1) {
        const doubt = (error: unknown): Promise<false> => lost.doubtImage(held, error, gone.signal);
        deliveries.next(image, () => Promise.resolve(held), doubt);
      }
    },
    async stream(frame) {
      const announced = decodeStreamFrame(frame);
      const needed = await incoming.announce(announced);
      if (needed !== undefined) await channel.send(encodeMessage('need', [announced.stream, 0, packBits(needed)]));
    },
    async segment(frame) {
      const segment = decodeSegmentFrame(frame);
      const { stored } = await incoming.segment(segment);
      // In their order: an acknowledgement speaks for all segments before it.
      storedSoFar = storedSoFar.then(() => stored);
      idle
        .during(storedSoFar.then(() => store.flush()))
        .then(() => channel.send(encodeMessage('stored', [segment.segment, idle.percent()])))
        .catch(refuse);
    },
    commit(frame) {
      const [image, stream, ref] = decodeMessage('commit', frame);
      refs.set(image, ref);
      // Proven from now on, while earlier images are being delivered.
      incoming.finish(stream).catch(() => {});
      deliveries.next(
        image,
        async () => makeRecord(await openStoredArchive(await incoming.finish(stream), store), store, catalog, proven, context.clock.now()),
        (error) => canMend(stream, error),
      );
      return Promise.resolve();
    },
  };

  return {
    async take(frame: Uint8Array): Promise<void> {
      const name = frameName(frame);
      const handler = name === undefined ? undefined : handlers[name];
      if (handler === undefined || greeted === (name === 'hello'))
        throw unexpectedFrame(name, greeted ? 'an offer, stream, segment or commit' : 'hello');
      await idle.during(handler(frame));
    },
    finish: () => deliveries.finish(),
    end: () => incoming.end(),
    abort() {
      incoming.end();
      gone.abort(new TransferError('PEER_LOST', 'the sender has gone'));
    },
  };
}

/** Content that cannot be decoded or stored ends the conversation; told once. */
function createRefusal(channel: Channel, peer: string, { log }: ReceiverContext): (error: unknown) => void {
  let refused = false;
  return (error) => {
    if (refused) return;
    refused = true;
    const failure = TransferError.from(error);
    log.warn({ peer, code: failure.code }, failure.message);
    void channel
      .send(encodeMessage('error', [failure.code, failure.message, failure.hint]))
      .catch(() => {})
      .then(() => channel.close());
  };
}

function heldImage(catalog: Catalog, imageId: Uint8Array, archiveId: Uint8Array): ImageRecord | undefined {
  const known = imageId.byteLength > 0 ? catalog.byImageId(imageId) : archiveId.byteLength > 0 ? catalog.byArchive(archiveId) : undefined;
  return known !== undefined && catalog.isTrusted(known) ? known : undefined;
}

/** One bit each, the first in the lowest bit of the first byte. */
function packBits(flags: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (const [i, flag] of flags.entries()) if (flag) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  return bits;
}
