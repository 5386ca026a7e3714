/**
 * The receiver's story, one conversation at a time: greet, answer what is offered with what the store holds, take recipes and
 * content in, and once an image is whole and proven, record it, deliver it and send the receipt.
 */
import type { Channel } from '../shared/channel/port.ts';
import type { Clock } from '../shared/clock.ts';
import { isErrorCode, TransferError } from '../shared/errors.ts';
import { hex } from '../shared/hash.ts';
import { openStoredArchive } from '../shared/image/stored-archive.ts';
import { encodeRecipe } from '../shared/recipe/encode.ts';
import type { Store } from '../shared/store/port.ts';
import { transferId } from '../shared/transfer-id.ts';
import { decodeSegmentFrame, decodeStreamFrame } from '../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSIONS } from '../shared/wire/frames.ts';
import { decodeMessage, encodeMessage, PREFIX_BYTES, unexpectedFrame, type Message } from '../shared/wire/messages.ts';
import { openAccess, type Access } from './access/access.ts';
import { createKnowledge } from './access/knowledge.ts';
import { createAnswers } from './conversation/answer.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { DecodePool } from './conversation/decode-pool.ts';
import type { Deliver } from './deliver/port.ts';
import { createDeliveries, type Deliveries, type Wish } from './deliver/deliveries.ts';
import { createFrameOrder } from './conversation/frame-order.ts';
import { createIdleTimer } from './conversation/idle-timer.ts';
import { createIncomingStreams, type IncomingStreams } from './conversation/incoming.ts';
import { createLostContent } from './conversation/lost-content.ts';
import { meaningHandlers, type Handlers } from './conversation/meaning-frames.ts';
import { createRefusal } from './conversation/refusal.ts';
import type { KeepAsAsked } from './catalog/keep-as-asked.ts';
import { hasDamage, orDamaged } from './catalog/readable.ts';
import { encodeNeed } from './conversation/need.ts';
import { createParticipation, type Participation } from './conversation/participation.ts';
import { makeRecord } from './catalog/record.ts';
import type { Uses } from './catalog/uses.ts';
import type { UnderWay } from './conversation/under-way.ts';
import { verifyStream } from './catalog/verify.ts';
import { noWitness } from './witness/witness.ts';
import type { ConversationWitness, Witness } from './witness/witness.ts';

export interface ReceiverContext {
  readonly store: Store;
  readonly catalog: Catalog;
  /** What is under way here stays while images are collected beside it. */
  readonly uses: Uses;
  readonly deliver: Deliver;
  readonly decoders: DecodePool;
  readonly clock: Clock;
  /** Name and version for the peer's log. */
  readonly agent: string;
  /** Told of all that happens; by default nobody is. */
  readonly witness?: Witness;
  /** What conversations know of each other. */
  readonly underWay: UnderWay;
  /** Keep rules of senders; by default they have no say. */
  readonly keepAsAsked?: KeepAsAsked | undefined;
  /** Aborts when the receiver is to stop: deliveries are broken off. */
  readonly signal?: AbortSignal;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/**
 * Holds one conversation to its end. Never rejects: what goes wrong is told to the peer and logged.
 * @param access what the sender may do; where that ends, so does the conversation.
 */
export async function receiveImages(channel: Channel, peer: string, context: ReceiverContext, access = openAccess): Promise<void> {
  const witness = (context.witness ?? noWitness).begin(channel, peer, access.who);
  const transfer = { id: transferId(channel.name) };
  const log = logOf(transfer, context.log);
  let ending: TransferError | undefined;
  const use = context.uses.begin(context.store, context.catalog);
  const own = { ...context, log, transfer, store: use.store, catalog: use.catalog };
  const conversation = createConversation(channel, peer, own, access, witness);
  const expel = (): void => {
    conversation.abort(access.ended.reason);
    conversation.refuse(access.ended.reason);
  };
  const stop = (): void => conversation.abort(new TransferError('PEER_LOST', 'the receiver stops'));
  access.ended.addEventListener('abort', expel, { once: true });
  context.signal?.addEventListener('abort', stop, { once: true });
  if (access.ended.aborted) expel();
  let endedInOrder = false;
  try {
    for await (const frame of channel.frames) await conversation.take(frame);
    endedInOrder = true;
  } catch (error) {
    const failure = (ending = TransferError.from(error));
    // What came before a link broke is kept and what was committed is delivered: the sender comes back for it.
    if (failure.code === 'PEER_LOST') log.warn({ peer, code: failure.code }, failure.message);
    else {
      conversation.abort(new TransferError('PEER_LOST', 'the sender has gone'));
      conversation.refuse(failure);
    }
  } finally {
    access.ended.removeEventListener('abort', expel);
    const closed = channel.close().catch(() => {});
    await conversation.end(endedInOrder);
    // The store must be open until deliveries have ended, those that are broken off too: they clean up.
    await conversation.finish();
    use.end();
    await closed;
    witness.ended(ending);
    context.signal?.removeEventListener('abort', stop);
    if (endedInOrder) {
      access.done();
      log.info({ peer, ...channel.counters }, 'conversation ended');
    }
  }
}

interface ConversationContext extends ReceiverContext {
  /** Id of the transfer, as far as it is known. */
  readonly transfer: { id: string };
}

function createConversation(channel: Channel, peer: string, context: ConversationContext, access: Access, witness: ConversationWitness) {
  const { store, catalog, underWay } = context;
  const gone = new AbortController();
  const idle = createIdleTimer(context.clock);
  const participation = createParticipation(channel, access, store, underWay);
  let greeted = false;
  let storedSoFar: Promise<void> = Promise.resolve();
  const wishes = new Map<number, Wish>();
  const answers = createAnswers(catalog, access, participation);
  const order = createFrameOrder();
  const refuse = createRefusal(channel, peer, context);
  const lost = createLostContent(channel, peer, context);
  const sha256OfStreams = new Map<string, string>();
  const incoming = createIncomingStreams({
    store,
    knowledge: createKnowledge(access, answers.bases, lost.loadRecipe),
    decoders: context.decoders,
    heldBases: answers.bases,
    loadRecipe: lost.loadRecipe,
    verify: async (recipe) => void sha256OfStreams.set(hex(recipe.id), await verifyStream(recipe, store, gone.signal)),
    encodeRecipe,
    onKept: (id) => catalog.trust(id),
    onVoid: lost.askAgain,
    onContent: followContent(witness, wishes),
    knowsOthers: !access.isLimited,
    underWay,
    begun: () => participation.begun(),
  });
  const deliveries = createDeliveries(channel, peer, context, access, witness, wishes, lost, gone.signal);
  const handlers: Handlers = {
    async hello(frame) {
      const [versions, agent, former] = decodeMessage('hello', frame);
      const version = chooseVersion(versions, agent);
      greeted = true;
      context.transfer.id = transferId(former ?? channel.name);
      witness.greeted(agent, context.transfer.id);
      context.log.info({ peer, agent, ...(former !== undefined && { goesOn: true }) }, 'conversation begins');
      await participation.enter(former);
      await channel.send(encodeMessage('welcome', [version, context.agent, store.storeId.subarray(0, PREFIX_BYTES)]));
    },
    async offer(frame) {
      const offer = decodeMessage('offer', frame);
      const [image, ref, imageId, archiveId, prefixes, deliver] = offer;
      order.offer(image);
      // Of what was committed or came on a connection that broke, more may be known in a moment.
      await underWay.settled();
      const { held, frame: answer } = await answers.to(offer);
      wishes.set(image, { ref, stage: deliver === 2 });
      if (deliver !== 0) witness.offered(image, ref, prefixes.byteLength / PREFIX_BYTES, askedBy(imageId, archiveId));
      await channel.send(answer);
      if (held !== undefined && deliver !== 0) {
        order.deliver(image);
        deliveries.next(image, () => Promise.resolve(held), (error) => lost.doubtImage(held, error, gone.signal)); // prettier-ignore
      }
    },
    stream(frame) {
      order.stream(frame.byteLength);
      const announced = decodeStreamFrame(frame);
      participation.add(announced.id);
      // Other frames go on meanwhile: the answer may have to wait for what others send.
      incoming
        .announce(announced)
        .then((needed) => needed && channel.send(encodeNeed(announced.stream, needed)))
        .catch(refuse);
      return Promise.resolve();
    },
    async segment(frame) {
      const segment = decodeSegmentFrame(frame);
      order.segment(segment.segment);
      const { stored } = await incoming.segment(segment);
      // In their order: an acknowledgement speaks for all segments before it.
      storedSoFar = storedSoFar.then(() => stored);
      const acknowledge = () => channel.send(encodeMessage('stored', [segment.segment, idle.percent()]));
      idle.during(storedSoFar.then(() => store.flush())).then(acknowledge, refuse).catch(refuse); // prettier-ignore
    },
    commit(frame) {
      const [image, stream, ref, stage = 0] = decodeMessage('commit', frame);
      order.deliver(image);
      wishes.set(image, { ref, stage: stage === 1 });
      witness.committed(image);
      // Proven from now on, while earlier images are being delivered.
      incoming.finish(stream).catch(() => {});
      deliveries.next(
        image,
        async () =>
          makeRecord(await openStoredArchive(await incoming.finish(stream), store), store, catalog, sha256OfStreams, context.clock.now()),
        (error) => canMend(incoming, stream, store, gone.signal, error),
      );
      return Promise.resolve();
    },
    ...meaningHandlers(channel, context, access, witness, order, deliveries),
    error: (frame) => Promise.reject(senderError(decodeMessage('error', frame))),
  };
  return {
    async take(frame: Uint8Array): Promise<void> {
      access.ended.throwIfAborted();
      await idle.during(handlerOf(frame, handlers, greeted)(frame));
    },
    finish: () => deliveries.finish(),
    refuse,
    /** No more frames come; where they ended in order, none on another connection either. Resolves when all that came is in the store. */
    end: (inOrder: boolean) => keepAll(participation, incoming, deliveries, store, inOrder),
    /** Nothing of it is wanted any more. */
    abort: (reason: unknown) => gone.abort(reason),
  };
}

/** Content on its way in, told to who looks on: of each image so many bytes of those that are known to come. */
function followContent(
  witness: ConversationWitness,
  offered: ReadonlyMap<number, unknown>,
): (image: number, arrived: number, expected: number) => void {
  const amounts = new Map<number, { done: number; total: number }>();
  return (image, arrived, expected) => {
    if (!offered.has(image)) return;
    const { done, total } = amounts.get(image) ?? { done: 0, total: 0 };
    const now = { done: done + arrived, total: total + expected };
    amounts.set(image, now);
    witness.progress(image, 'receiving', now.done, now.total);
  };
}

/** Every line says which transfer it is about. */
function logOf(transfer: { readonly id: string }, log: ReceiverContext['log']): ReceiverContext['log'] {
  return {
    info: (fields, message) => log.info({ transfer: transfer.id, ...fields }, message),
    warn: (fields, message) => log.warn({ transfer: transfer.id, ...fields }, message),
  };
}

/** What an image was asked for by: the first of the two that is there (answer.ts). */
function askedBy(imageId: Uint8Array, archiveId: Uint8Array): string {
  if (imageId.byteLength > 0) return `image ${hex(imageId)}`;
  return archiveId.byteLength > 0 ? `archive ${hex(archiveId)}` : '';
}

/** True where an image could not be delivered because the store had lost something of it, which is asked for again. */
async function canMend(incoming: IncomingStreams, stream: number, store: Store, signal: AbortSignal, error: unknown): Promise<boolean> {
  if (TransferError.from(error).code !== 'INTEGRITY') return false;
  const recipe = await orDamaged(incoming.finish(stream));
  return (recipe === undefined || (await hasDamage(recipe, store, signal))) && incoming.giveUp(stream, error);
}

/** No more frames come: what came is kept, and what was committed recorded, before another conversation may go on with it. */
async function keepAll(
  participation: Participation,
  incoming: IncomingStreams,
  deliveries: Deliveries,
  store: Store,
  isOver: boolean,
): Promise<void> {
  participation.breakOff();
  incoming.end();
  await incoming.settled();
  await deliveries.recorded();
  await store.flush().catch(() => {});
  participation.leave(isOver ? [] : incoming.begun());
}

/** @throws TransferError PROTOCOL_VIOLATION for a frame that does not come now. */
function handlerOf(frame: Uint8Array, handlers: Handlers, greeted: boolean): (frame: Uint8Array) => Promise<void> {
  const name = frameName(frame);
  const handler = name === undefined ? undefined : handlers[name];
  if (handler !== undefined && greeted !== (name === 'hello')) return handler;
  throw unexpectedFrame(name, greeted ? 'an offer, stream, segment or commit' : 'hello');
}

/** The best one that both speak. */
function chooseVersion(versions: readonly number[], agent: string): number {
  const version = PROTOCOL_VERSIONS.find((spoken) => versions.includes(spoken));
  if (version !== undefined) return version;
  const both = `the sender (${agent}) speaks protocol ${versions.join(', ')}, this receiver ${PROTOCOL_VERSIONS.join(', ')}`;
  throw new TransferError('PROTOCOL_VERSION', both);
}

function senderError([code, message]: Message<'error'>): TransferError {
  return new TransferError(isErrorCode(code) ? code : 'PROTOCOL_VIOLATION', `the sender says: ${message}`);
}
