/** One connection of a shipment: its session, what is known of the receiver's store by it, and the streams that it carries. */
import type { Channel, WireCounters } from '../../shared/channel/port.ts';
import { hex, type Id } from '../../shared/hash.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import { opaqueRecipe } from '../../shared/ingest/opaque-recipe.ts';
import type { Store } from '../../shared/store/port.ts';
import { encodeMessage, PREFIX_BYTES } from '../../shared/wire/messages.ts';
import type { Accounting } from '../account/accounting.ts';
import { createBaseChooser } from '../content/bases.ts';
import type { EffortControl } from './effort.ts';
import type { EncodePool } from '../content/encode-pool.ts';
import type { RateMeter } from './link-rate.ts';
import type { Answer, Receipt } from './answers.ts';
import { createSession, type Offer, type SessionEvents, type Wish } from './session.ts';
import { createShipment, type Announcement, type Shipment } from '../shipment.ts';

/** What outlives a connection. */
export interface VoyageOptions {
  readonly pool: Store;
  readonly agent: string;
  /** Name of the first connection, where this is a later one. */
  readonly shipment: Uint8Array | undefined;
  readonly accounting: Accounting;
  readonly effort: EffortControl;
  readonly meter: RateMeter;
  readonly encoders: EncodePool;
  /** How every stream was announced the last time, by the stream's id in hex. */
  readonly announcements: Map<string, Announcement>;
  /** Raw bytes of content, planned and sent so far. */
  readonly amount: { planned: number; sent: number };
  onProgress(phase: string, done: number, total: number): void;
  /** The receiver answered an offer. */
  onAnswered(): void;
  /** Something became durable over there, or was delivered. */
  onProgressed(): void;
}

export interface Voyage {
  readonly shipment: Shipment;
  /** Aborts when the session ends, with the reason. */
  readonly signal: AbortSignal;
  /** True where the link broke, so that another connection may go on. */
  readonly isLost: boolean;
  offer(offer: Offer): Promise<{ image: number; answer: Answer }>;
  commit(image: number, archiveId: Id, ref: string, wish: Wish): Promise<void>;
  receipt(image: number): Promise<Receipt>;
  /** Closes the connection, in order where it is whole. @returns all bytes that it cost. */
  end(): Promise<WireCounters>;
  /** Tells the receiver that nothing of this is wanted any more, and drops the connection. */
  callOff(): void;
}

/** @param channel not yet used; owned by the voyage from now on. */
export function createVoyage(channel: Channel, options: VoyageOptions): Voyage {
  const { pool, accounting, effort, meter, amount } = options;
  const events: SessionEvents = {
    onProgress: ({ phase, done, total }) => options.onProgress(phase, done, total),
    onSent(segment, bytes) {
      effort.sent(segment, bytes);
      meter.sent(segment, bytes);
    },
    onStored(segment, idle) {
      effort.stored(segment, idle);
      meter.stored(segment, idle);
      options.onProgressed();
    },
    window: () => effort.window(),
    onBaseGone: (stream) => shipment.addAgain(stream),
  };
  const session = createSession(accounting.watch(channel), options.agent, events, options.shipment);
  const bases = createBaseChooser({
    ids: async () => Array.fromAsync(pool.keys('recipe')),
    load: (id) => loadRecipe(pool, id),
  });
  let complete = true;
  let listed = false;
  const begun = new Set<string>();
  const shipment = createShipment({
    session,
    pool,
    bases,
    accounting,
    encoders: options.encoders,
    effort: () => effort.current(),
    segmentBytes: () => effort.segmentBytes(),
    plan: () => effort.plan(),
    loadRecipe: (id) => loadRecipe(pool, id),
    opaque: (recipe) => opaqueRecipe(recipe, pool, session.signal),
    announcements: options.announcements,
    isBegun: (id) => begun.has(hex(id.subarray(0, PREFIX_BYTES))),
    ask: async () => !complete || !(await bases.knowsAllHeld()),
    onPlanned: (bytes) => void (amount.planned += bytes),
    onSent: (bytes) => options.onProgress('sending', (amount.sent += bytes), amount.planned),
  });
  return {
    shipment,
    signal: session.signal,
    get isLost() {
      return session.isLost;
    },
    commit: (image, archiveId, ref, wish) => session.commit(image, shipment.streamOf(archiveId), ref, wish),
    async receipt(image) {
      const receipt = await session.receipt(image);
      options.onProgressed();
      return receipt;
    },
    async offer(offer) {
      const { image, answer } = session.offer(offer);
      const answered = await answer;
      options.onAnswered();
      complete = answered.complete;
      for (const prefix of answered.begun) begun.add(hex(prefix));
      if (!listed && answered.bases.length > 0) {
        bases.setHeld(answered.bases);
        listed = true;
      }
      return { image, answer: answered };
    },
    async end() {
      await session.close();
      return session.counters;
    },
    callOff() {
      channel.send(encodeMessage('error', ['INTERRUPTED', 'the sender was interrupted', ''])).catch(() => {});
      channel.abort();
    },
  };
}
