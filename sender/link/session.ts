/**
 * The sender's side of one conversation (PROTOCOL.md): gives streams and segments their numbers, keeps the window of segments that
 * are not durable yet, and hands each answer to whoever waits for it. Knows frames, not images.
 */
import { splitBytes } from '../../shared/bytes.ts';
import type { Channel, WireCounters } from '../../shared/channel/port.ts';
import { TransferError, isErrorCode } from '../../shared/errors.ts';
import { hex } from '../../shared/hash.ts';
import { SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';
import { encodeSegmentFrame, encodeStreamFrame, type Run, type StreamFrame } from '../../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSION } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage, PREFIX_BYTES, unexpectedFrame, type Message } from '../../shared/wire/messages.ts';

/** What the session tells while it goes on. */
export interface SessionEvents {
  onProgress(progress: Progress): void;
  /** Segment numbers, when handed over and when durable over there; `idle`: how much of the time the receiver had nothing to do, per cent. */
  onSent(segment: number, bytes: number): void;
  onStored(segment: number, idle: number): void;
  /** Segments that may be on their way now, at most SEGMENTS_IN_FLIGHT_MAX. */
  window(): number;
  /** The receiver has lost something that a stream leans on: it is to be announced again, leaning on nothing. */
  onBaseGone(stream: number): void;
}

export interface Answer {
  /** The receiver holds the whole image and delivers it: only the receipt is left to wait for. */
  readonly held: boolean;
  /** Streams usable as bases, best first: prefixes of their ids. */
  readonly bases: readonly Uint8Array[];
  /** True where `bases` is everything in the receiver's store. */
  readonly complete: boolean;
  /** Streams that were announced on a connection that broke, and that the receiver remembers: prefixes of their ids. */
  readonly begun: readonly Uint8Array[];
}

export type Need = { readonly kind: 'bits'; readonly bits: Uint8Array } | { readonly kind: 'held' } | { readonly kind: 'base-gone' };

export interface ReceiptImage {
  readonly refs: readonly string[];
  readonly configDigest: string;
  /** Id in the receiving engine; the config digest where no engine was involved. */
  readonly imageId: string;
  /** `registry/repository:tag@sha256:...` for each push. */
  readonly pushed: readonly string[];
}

export interface Receipt {
  readonly images: readonly ReceiptImage[];
  readonly notes: readonly string[];
  /** What the delivery was asked for by, as the receiver's statement has it (shared/journal/statement.ts). */
  readonly subject: string;
  /** Where something was delivered newly: the receiver's word for it. Time in seconds since the epoch. */
  readonly proof: { readonly time: number; readonly signature: Uint8Array } | undefined;
}

export interface Progress {
  readonly image: number;
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** Delivered as the receiver delivers, or only stored and proven until it is activated. */
export type Wish = 'deliver' | 'stage';
const WISHES: Readonly<Record<Wish, number>> = { deliver: 1, stage: 2 };

export interface Offer {
  readonly ref: string;
  readonly imageId: Uint8Array | undefined;
  readonly archiveId: Uint8Array | undefined;
  /** diffIDs (32 bytes each) where the source tells them before its content. */
  readonly diffIds: readonly Uint8Array[];
  /** What is to become of an image that is held, at once; undefined: nothing, an answer is all that is wanted. */
  readonly wish: Wish | undefined;
}

export interface Session {
  readonly counters: WireCounters;
  /** Aborts with the error that ends the session. */
  readonly signal: AbortSignal;
  /** True where the link broke: the same may go on in another session. */
  readonly isLost: boolean;
  /** @returns the image's number in the session, and the answer. */
  offer(offer: Offer): { image: number; answer: Promise<Answer> };
  /** Announces a stream; where something is asked, or no recipe is given, `need` resolves with the receiver's answer, else at once with undefined. */
  announce(stream: Omit<StreamFrame, 'stream'>): Promise<{ stream: number; need: Promise<Need | undefined> }>;
  /** Sends content; waits while too many segments are in flight. */
  segment(stream: number, runs: readonly Run[]): Promise<void>;
  /** Asks for delivery of an image whose archive was announced as `stream`. */
  commit(image: number, stream: number, ref: string, wish: Wish): Promise<void>;
  /** Resolves when the image is delivered. @throws TransferError with the receiver's code when it was not. */
  receipt(image: number): Promise<Receipt>;
  /** Whoever waits for an answer, or will, gets this error. */
  fail(error: unknown): void;
  close(): Promise<void>;
}

/** What waits for an answer, by image or stream number. */
class Waiting<T> {
  readonly #entries = new Map<number, PromiseWithResolvers<T>>();

  expect(key: number): Promise<T> {
    const entry = this.#entries.get(key) ?? Promise.withResolvers<T>();
    // Whoever asked may come for the answer later; a failure must not count as unhandled until then.
    entry.promise.catch(() => {});
    this.#entries.set(key, entry);
    return entry.promise;
  }

  #take(key: number): PromiseWithResolvers<T> {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw new TransferError('PROTOCOL_VIOLATION', `the receiver answered ${key}, which was not asked`);
    return entry;
  }

  resolve(key: number, value: T): void {
    this.#take(key).resolve(value);
  }

  /** Where nobody asked, nobody waits. */
  resolveIfAsked(key: number, value: T): void {
    this.#entries.get(key)?.resolve(value);
  }

  reject(key: number, error: Error): void {
    this.#take(key).reject(error);
  }

  rejectAll(error: Error): void {
    for (const entry of this.#entries.values()) entry.reject(error);
  }
}

/**
 * Begins a conversation: the hello goes out with the first offer, so that both cost one round trip.
 * @param shipment name of the first connection of the shipment, where this is a later one.
 */
export function createSession(channel: Channel, agent: string, events: SessionEvents, shipment?: Uint8Array): Session {
  const hello = encodeMessage('hello', shipment === undefined ? [[PROTOCOL_VERSION], agent] : [[PROTOCOL_VERSION], agent, shipment]);
  const answers = new Waiting<Answer>();
  const needs = new Waiting<Need>();
  const receipts = new Waiting<Receipt>();
  const subjects = new Map<number, string>();
  const streamIds: Uint8Array[] = [];
  let images = 0;
  let streams = 0;
  let segments = 0;
  let durable = 0;
  let failure: TransferError | undefined;
  let windowOpened = Promise.withResolvers<void>();

  const ended = new AbortController();
  const fail = (error: unknown): void => {
    failure ??= TransferError.from(error);
    ended.abort(failure);
    for (const waiting of [answers, needs, receipts]) waiting.rejectAll(failure);
    windowOpened.resolve();
  };
  const waits = { answers, needs, receipts, streamCount: () => streams, subjectOf: (image: number) => subjects.get(image) ?? '' };
  const handlers = answerHandlers(waits, events, (segment) => {
    durable = Math.max(durable, segment + 1);
    windowOpened.resolve();
  });
  const reading = (async () => {
    try {
      for await (const frame of channel.frames) {
        const name = frameName(frame);
        const handler = name === undefined ? undefined : handlers[name];
        if (handler === undefined) throw unexpectedFrame(name, 'an answer');
        handler(frame);
      }
      throw new TransferError('PEER_LOST', 'the receiver closed the connection');
    } catch (error) {
      fail(error);
    }
  })();
  const windowIsFull = (): boolean => failure === undefined && segments - durable >= Math.min(events.window(), SEGMENTS_IN_FLIGHT_MAX);
  const send = async (frame: Uint8Array): Promise<void> => {
    if (failure !== undefined) throw failure;
    try {
      await channel.send(frame);
    } catch (error) {
      // What the receiver said before it closed tells more than that it closed.
      if (TransferError.from(error).code === 'PEER_LOST') await reading;
      throw failure ?? error;
    }
  };

  return {
    get counters() {
      return channel.counters;
    },
    signal: ended.signal,
    get isLost() {
      return failure?.code === 'PEER_LOST';
    },
    offer({ ref, imageId, archiveId, diffIds, wish }) {
      const image = images++;
      const answer = answers.expect(image);
      void receipts.expect(image);
      if (imageId !== undefined) subjects.set(image, `image ${hex(imageId)}`);
      else if (archiveId !== undefined) subjects.set(image, `archive ${hex(archiveId)}`);
      const nothing = new Uint8Array(0);
      const prefixes = Buffer.concat(diffIds.map((diffId) => diffId.subarray(0, PREFIX_BYTES)));
      const wished = wish === undefined ? 0 : WISHES[wish];
      void (async () => {
        if (image === 0) await send(hello);
        await send(encodeMessage('offer', [image, ref, imageId ?? nothing, archiveId ?? nothing, prefixes, wished]));
      })().catch(fail);
      return { image, answer };
    },
    async announce(stream) {
      const number = streams++;
      streamIds[number] = stream.id;
      const need = stream.askBytes > 0 || stream.recipe.byteLength === 0 ? needs.expect(number) : Promise.resolve(undefined);
      await send(encodeStreamFrame({ ...stream, stream: number }));
      return { stream: number, need };
    },
    async segment(stream, runs) {
      while (windowIsFull()) {
        windowOpened = Promise.withResolvers();
        await windowOpened.promise;
      }
      const segment = segments++;
      const frame = encodeSegmentFrame({ segment, stream, runs });
      events.onSent(segment, frame.byteLength);
      await send(frame);
    },
    commit(image, stream, ref, wish) {
      subjects.set(image, `archive ${hex(streamIds[stream] ?? new Uint8Array(0))}`);
      return send(encodeMessage('commit', wish === 'stage' ? [image, stream, ref, 1] : [image, stream, ref]));
    },
    receipt: (image) => receipts.expect(image),
    fail,
    async close() {
      await channel.close();
      await reading;
    },
  };
}

interface Waits {
  readonly answers: Waiting<Answer>;
  readonly needs: Waiting<Need>;
  readonly receipts: Waiting<Receipt>;
  readonly streamCount: () => number;
  readonly subjectOf: (image: number) => string;
}

/** What each frame of the receiver means; throws what ends the session. */
function answerHandlers(
  { answers, needs, receipts, streamCount, subjectOf }: Waits,
  events: SessionEvents,
  onDurable: (segment: number) => void,
): Record<string, (frame: Uint8Array) => void> {
  return {
    welcome(frame) {
      const [version] = decodeMessage('welcome', frame);
      if (version !== PROTOCOL_VERSION)
        throw new TransferError('PROTOCOL_VERSION', `the receiver chose protocol ${version}, this sender speaks ${PROTOCOL_VERSION}`);
    },
    answer(frame) {
      const [image, held, bases, complete, begun = new Uint8Array(0)] = decodeMessage('answer', frame);
      answers.resolve(image, {
        held: held === 1,
        bases: splitBytes(bases, PREFIX_BYTES),
        complete: complete === 1,
        begun: splitBytes(begun, PREFIX_BYTES),
      });
    },
    need(frame) {
      const [stream, state, bits] = decodeMessage('need', frame);
      if (state !== 2) return needs.resolve(stream, state === 0 ? { kind: 'bits', bits } : { kind: 'held' });
      if (stream >= streamCount())
        throw new TransferError('PROTOCOL_VIOLATION', `the receiver gave up stream ${stream}, which it was not told of`);
      events.onBaseGone(stream);
      needs.resolveIfAsked(stream, { kind: 'base-gone' });
    },
    stored(frame) {
      const [segment, idle] = decodeMessage('stored', frame);
      events.onStored(segment, idle);
      onDurable(segment);
    },
    progress(frame) {
      const [image, phase, done, total] = decodeMessage('progress', frame);
      events.onProgress({ image, phase, done, total });
    },
    receipt(frame) {
      const message = decodeMessage('receipt', frame);
      receipts.resolve(message[0], receiptOf(message, subjectOf(message[0])));
    },
    failed(frame) {
      const [image, ...error] = decodeMessage('failed', frame);
      receipts.reject(image, peerError(error));
    },
    error(frame) {
      throw peerError(decodeMessage('error', frame));
    },
  };
}

/** @param subject what was asked for. */
export function receiptOf([, images, notes, time, signature]: Message<'receipt'>, subject: string): Receipt {
  return {
    images: images.map(([refs, configDigest, imageId, pushed]) => ({ refs, configDigest, imageId, pushed })),
    notes,
    subject,
    proof: time === undefined || signature === undefined ? undefined : { time, signature },
  };
}

/** An error that the peer reports, as an error here; a code that this version does not know counts as a violation. */
export function peerError([code, message, hint]: Message<'error'>): TransferError {
  return new TransferError(isErrorCode(code) ? code : 'PROTOCOL_VIOLATION', `the receiver says: ${message}`, { hint });
}
