/**
 * The sender's side of one conversation (PROTOCOL.md): gives streams and segments their numbers, keeps the window of segments that
 * are not durable yet, and hands each answer to whoever waits for it. Knows frames, not images.
 */
import type { Channel, WireCounters } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { hex } from '../../shared/hash.ts';
import { encodeSegmentFrame, encodeStreamFrame, type Run, type StreamFrame } from '../../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSION, PROTOCOL_VERSIONS } from '../../shared/wire/frames.ts';
import { encodeMessage, PREFIX_BYTES, unexpectedFrame } from '../../shared/wire/messages.ts';
import { answerHandlers, Waiting, type Answer, type Need, type Receipt } from './answers.ts';
import { createSegmentWindow } from './segment-window.ts';

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
  /** Of the protocol: the best one until the receiver has answered. */
  readonly version: number;
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

/**
 * Begins a conversation: the hello goes out with the first offer, so that both cost one round trip.
 * @param shipment name of the first connection of the shipment, where this is a later one.
 */
export function createSession(channel: Channel, agent: string, events: SessionEvents, shipment?: Uint8Array): Session {
  const versions = [...PROTOCOL_VERSIONS];
  const hello = encodeMessage('hello', shipment === undefined ? [versions, agent] : [versions, agent, shipment]);
  let version = PROTOCOL_VERSION;
  const answers = new Waiting<Answer>();
  const needs = new Waiting<Need>();
  const receipts = new Waiting<Receipt>();
  const subjects = new Map<number, string>();
  const streamIds: Uint8Array[] = [];
  let images = 0;
  let streams = 0;
  const segments = createSegmentWindow(() => events.window());
  let failure: TransferError | undefined;

  const ended = new AbortController();
  const fail = (error: unknown): void => {
    failure ??= TransferError.from(error);
    ended.abort(failure);
    for (const waiting of [answers, needs, receipts]) waiting.rejectAll(failure);
    segments.open();
  };
  const welcomed = (chosen: number): void => void (version = chosen);
  const waits = { answers, needs, receipts, welcomed, streamCount: () => streams, subjectOf: (image: number) => subjects.get(image) ?? '' };
  const handlers = answerHandlers(waits, events, (segment) => segments.stored(segment));
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
    get version() {
      return version;
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
      await segments.hasRoom();
      const segment = segments.add(runs.reduce((sum, { payload }) => sum + payload.byteLength, 0));
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
