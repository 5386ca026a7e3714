/**
 * The receiver's story, one conversation at a time: greet, answer what is offered with what the store holds, take recipes and
 * content in, and once an image is whole and proven, record it, deliver it and send the receipt.
 */
import type { Channel } from '../shared/channel/port.ts';
import type { Clock } from '../shared/clock.ts';
import { TransferError } from '../shared/errors.ts';
import type { Id } from '../shared/hash.ts';
import { loadRecipe, openStoredArchive } from '../shared/image/stored-archive.ts';
import { encodeRecipe } from '../shared/recipe/encode.ts';
import type { Store } from '../shared/store/port.ts';
import { decodeSegmentFrame, decodeStreamFrame } from '../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSION, type FrameName } from '../shared/wire/frames.ts';
import { BASES_MAX, decodeMessage, encodeMessage, PREFIX_BYTES, unexpectedFrame } from '../shared/wire/messages.ts';
import type { Catalog, ImageRecord } from './catalog.ts';
import type { DecodePool } from './decode-pool.ts';
import type { Deliver, DeliveredImage } from './deliver/port.ts';
import { createIncomingStreams } from './incoming.ts';
import { makeRecord, namesFor, withNames } from './record.ts';
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
    for await (const frame of conversation.idleTimed(channel.frames)) await conversation.take(frame);
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
  let refused = false;
  /** Content that cannot be decoded or stored ends the conversation; told once. */
  const refuse = (error: unknown): void => {
    if (refused) return;
    refused = true;
    const failure = TransferError.from(error);
    context.log.warn({ peer, code: failure.code }, failure.message);
    void channel
      .send(encodeMessage('error', [failure.code, failure.message, failure.hint]))
      .catch(() => {})
      .then(() => channel.close());
  };
  const refs = new Map<number, string>();
  const incoming = createIncomingStreams({
    store,
    decoders: context.decoders,
    heldBases: () => bases,
    loadRecipe: (id) => loadRecipe(store, id),
    verify: (recipe) => verifyStream(recipe, store, gone.signal),
    encodeRecipe,
  });
  const deliveries = createDeliveries(channel, peer, context, refs, gone.signal);
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
      const held =
        imageId.byteLength > 0 ? catalog.byImageId(imageId) : archiveId.byteLength > 0 ? catalog.byArchive(archiveId) : undefined;
      refs.set(image, ref);
      const layerPrefixes = Array.from({ length: prefixes.byteLength / PREFIX_BYTES }, (_, i) =>
        prefixes.subarray(i * PREFIX_BYTES, (i + 1) * PREFIX_BYTES),
      );
      let answered: readonly Id[] = [];
      if (held === undefined && bases.length === 0) {
        // The list is made once: later streams of the session are bases by their number.
        ({ streams: bases, complete } = catalog.bases(ref, layerPrefixes, BASES_MAX));
        answered = bases;
      }
      const prefixesHeld = Buffer.concat(answered.map((id) => id.subarray(0, PREFIX_BYTES)));
      await channel.send(encodeMessage('answer', [image, held === undefined ? 0 : 1, prefixesHeld, complete ? 1 : 0]));
      if (held !== undefined && deliver === 1) deliveries.next(image, () => Promise.resolve(held));
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
      storedSoFar
        .then(() => store.flush())
        .then(() => channel.send(encodeMessage('stored', [segment.segment, idle.percent()])))
        .catch(refuse);
    },
    commit(frame) {
      const [image, stream, ref] = decodeMessage('commit', frame);
      refs.set(image, ref);
      const recipe = incoming.finish(stream);
      recipe.catch(() => {});
      deliveries.next(image, async () => {
        return makeRecord(await openStoredArchive(await recipe, store), catalog, context.clock.now());
      });
      return Promise.resolve();
    },
  };

  return {
    idleTimed: (frames: AsyncIterable<Uint8Array>) => idle.watch(frames),
    async take(frame: Uint8Array): Promise<void> {
      const name = frameName(frame);
      const handler = name === undefined ? undefined : handlers[name];
      if (handler === undefined || greeted === (name === 'hello'))
        throw unexpectedFrame(name, greeted ? 'an offer, stream, segment or commit' : 'hello');
      await handler(frame);
    },
    finish: () => deliveries.finish(),
    abort: () => gone.abort(new TransferError('PEER_LOST', 'the sender has gone')),
  };
}

interface Deliveries {
  /** Queues the delivery of an image whose record `work` makes. */
  next(image: number, work: () => Promise<ImageRecord>): void;
  finish(): Promise<void>;
}

/** One image after the other, in the order of the commits; one that fails does not stop the next. */
function createDeliveries(
  channel: Channel,
  peer: string,
  context: ReceiverContext,
  refs: ReadonlyMap<number, string>,
  signal: AbortSignal,
): Deliveries {
  const { store, catalog, clock } = context;
  let queue: Promise<void> = Promise.resolve();
  const deliver = async (image: number, work: () => Promise<ImageRecord>): Promise<void> => {
    const record = await work();
    const names = namesFor(record, refs.get(image) ?? '');
    // Recorded before it is delivered: what an engine or registry refuses stays in the store, to be restored.
    await catalog.save(withNames(record, names, clock.now()));
    await store.flush();
    const report = quarters(
      (phase, done, total) => void channel.send(encodeMessage('progress', [image, phase, done, total])).catch(() => {}),
    );
    const delivered = await context.deliver(record, { names, signal, onProgress: report });
    await catalog.save(withNames(delivered.record, names, clock.now()));
    await store.flush();
    await channel.send(encodeMessage('receipt', [image, delivered.images.map(receiptEntry), [...delivered.notes]]));
    context.log.info({ peer, image: refs.get(image), archive: record.archive }, 'image delivered');
  };
  return {
    next(image, work) {
      queue = queue.then(async () => {
        try {
          await deliver(image, work);
        } catch (error) {
          const failure = TransferError.from(error);
          context.log.warn({ peer, image: refs.get(image), code: failure.code }, failure.message);
          await channel.send(encodeMessage('failed', [image, failure.code, failure.message, failure.hint])).catch(() => {});
        }
      });
    },
    finish: () => queue,
  };
}

function receiptEntry(image: DeliveredImage): [string[], string, string, string[]] {
  return [[...image.refs], image.configDigest, image.imageId, [...image.pushed]];
}

/** One bit each, the first in the lowest bit of the first byte. */
function packBits(flags: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (const [i, flag] of flags.entries()) if (flag) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  return bits;
}

/** Below this a phase is over before anybody would read of it. */
const PROGRESS_BYTES_MIN = 64 * 1024 * 1024;

/**
 * Lets through one report for each quarter of a phase. By amount, not by time: the same shipment costs the same bytes on the wire whenever
 * it is made.
 */
function quarters(report: (phase: string, done: number, total: number) => void): (phase: string, done: number, total: number) => void {
  let last = '';
  return (phase, done, total) => {
    if (total < PROGRESS_BYTES_MIN) return;
    const quarter = `${phase} ${Math.floor((4 * done) / total)}`;
    if (quarter === last) return;
    last = quarter;
    report(phase, done, total);
  };
}

/** How much of the time, since it was last asked, the conversation waited for the next frame. */
function createIdleTimer(clock: Clock): { watch(frames: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>; percent(): number } {
  let since = clock.monotonic();
  let waitedMs = 0;
  return {
    async *watch(frames) {
      let begin = clock.monotonic();
      for await (const frame of frames) {
        waitedMs += clock.monotonic() - begin;
        yield frame;
        begin = clock.monotonic();
      }
    },
    percent() {
      const now = clock.monotonic();
      const percent = Math.min(100, Math.round((100 * waitedMs) / Math.max(now - since, 0.1)));
      since = now;
      waitedMs = 0;
      return percent;
    },
  };
}
