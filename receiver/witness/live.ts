/** The conversations of this moment, and what each is doing: written down in the history, shown by the status page, counted by the metrics. */
import type { Channel, WireCounters } from '../../shared/channel/port.ts';
import type { Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import type { JournalEntry } from '../../shared/journal/journal.ts';
import { statementBytes } from '../../shared/journal/statement.ts';
import { transferId } from '../../shared/transfer-id.ts';
import type { ImageRecord } from '../catalog/catalog.ts';
import type { Delivery } from '../deliver/port.ts';
import type { Facts, History, HistoryEvent } from './history.ts';
import { senderOf, type ShownSync, type Syncs } from './syncs.ts';
import type { ConversationWitness, Witness, WitnessedImage } from './witness.ts';

export interface LiveConversation {
  readonly peer: string;
  readonly who: string;
  readonly agent: string;
  /** Id of the transfer. */
  readonly transfer: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly wire: WireCounters;
  readonly images: readonly LiveImage[];
}

export interface LiveImage {
  readonly ref: string;
  /** 0 where it is not known. */
  readonly layers: number;
  /** `receiving`, then rebuild, load, tag, push, then `delivered` or `failed`. */
  readonly phase: string;
  /** Bytes of the phase; total 0 where it is not known. */
  readonly done: number;
  readonly total: number;
}

export interface LiveOptions {
  readonly history: History;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
  /** What senders tell of their syncs. */
  readonly syncs?: Syncs | undefined;
  /** Bytes that `gzip -6` would make of an archive, estimated. */
  readonly estimateGzip: (record: ImageRecord) => Promise<number | undefined>;
}

/** Told of each entry of the history, and of each conversation that has ended. */
export interface LiveListener {
  onEntry(entry: JournalEntry): void;
  onEnd(wire: WireCounters, error: TransferError | undefined): void;
}

export interface Live extends Witness {
  conversations(): LiveConversation[];
  /** What senders told of their syncs: those that are overdue first, then those whose last run failed. */
  syncs(): ShownSync[];
  listen(listener: LiveListener): void;
}

interface Tracked {
  ref: string;
  layers: number;
  /** What the sender asked for it by; '' where it was committed. */
  asked: string;
  phase: string;
  done: number;
  total: number;
  witnessed?: WitnessedImage;
  gzipBytes?: Promise<number | undefined>;
  /** Monotonic, milliseconds. */
  readonly began: number;
}

export function createLive(options: LiveOptions): Live {
  const open = new Set<LiveConversation>();
  const listeners = new Set<LiveListener>();
  return {
    listen: (listener) => void listeners.add(listener),
    conversations: () => [...open],
    syncs: () => options.syncs?.list(new Set([...open].map(({ who, peer }) => senderOf(who, peer)))) ?? [],
    begin(channel, peer, who) {
      const images = new Map<number, Tracked>();
      const conversation = {
        peer,
        who,
        agent: '',
        transfer: transferId(channel.name),
        since: options.clock.now(),
        get wire() {
          return channel.counters;
        },
        get images() {
          return [...images.values()];
        },
      };
      open.add(conversation);
      const sender = senderOf(who, peer);
      options.syncs?.seen(sender);
      return witness(channel, conversation, images, options, {
        onEntry: (entry) => listeners.forEach((listener) => listener.onEntry(entry)),
        onEnd(wire, error) {
          open.delete(conversation);
          options.syncs?.seen(sender);
          for (const listener of listeners) listener.onEnd(wire, error);
        },
      });
    },
  };
}

function witness(
  channel: Channel,
  conversation: { readonly peer: string; readonly who: string; agent: string; transfer: string },
  images: Map<number, Tracked>,
  options: LiveOptions,
  listener: LiveListener,
): ConversationWitness {
  const { history, clock, log, estimateGzip } = options;
  const tracked = (image: number): Tracked => {
    const known = images.get(image) ?? { ref: '', layers: 0, asked: '', phase: 'receiving', done: 0, total: 0, began: clock.monotonic() };
    images.set(image, known);
    return known;
  };
  const write = async (image: number, event: HistoryEvent, facts: Facts): Promise<boolean> => {
    const one = tracked(image);
    const { peer, agent, who, transfer } = conversation;
    one.phase = event === 'failed' ? 'failed' : 'delivered';
    try {
      const entry = await history.record(event, {
        transfer,
        from: { peer, agent, who },
        record: one.witnessed?.record,
        names: one.witnessed?.names ?? (one.ref === '' ? undefined : [[one.ref]]),
        gzipBytes: await one.gzipBytes,
        wire: channel.counters,
        seconds: (clock.monotonic() - one.began) / 1000,
        ...facts,
      });
      listener.onEntry(entry);
      return true;
    } catch (error) {
      // The image is where it belongs all the same.
      log.warn({ peer, code: TransferError.from(error).code }, `the history lacks an entry: ${TransferError.from(error).message}`);
      return false;
    }
  };
  return {
    greeted: (agent, transfer) => void Object.assign(conversation, { agent, transfer }),
    offered: (image, ref, layers, asked) => void Object.assign(tracked(image), { ref, layers, asked }),
    committed: (image) => void (tracked(image).asked = ''),
    recorded(image, witnessed) {
      const one = tracked(image);
      one.witnessed = witnessed;
      // Beside the delivery, which takes longer.
      one.gzipBytes = estimateGzip(witnessed.record).catch(() => undefined);
    },
    progress: (image, phase, done, total) => void Object.assign(tracked(image), { phase, done, total }),
    async delivered(image, delivery) {
      const { record, images: delivered, notes } = delivery;
      const one = tracked(image);
      const facts = { record, images: delivered, notes };
      // What was known here under these names costs the sender no byte more, also where it had to be put in its place again.
      if (one.witnessed?.wasKnown === true) return void (await write(image, isUnchanged(one, delivery) ? 'unchanged' : 'delivered', facts));
      const subject = one.asked === '' ? `archive ${record.archive}` : one.asked;
      const time = Math.floor(clock.now() / 1000);
      const stated = delivered.map(({ refs, ...rest }) => ({ names: refs, ...rest }));
      const signature = history.sign(statementBytes({ transfer: conversation.transfer, time, subject, images: stated }));
      const isWritten = await write(image, 'delivered', { ...facts, proof: { subject, time, signature } });
      return isWritten ? { time, signature: Buffer.from(signature, 'base64') } : undefined;
    },
    async failed(image, { code, message }) {
      await write(image, 'failed', { error: { code, message } });
    },
    async staged(image, witnessed) {
      tracked(image).witnessed = witnessed;
      await write(image, 'staged', {});
    },
    async activated(image, how, { images: activated, notes }) {
      await write(image, how, { images: activated, notes });
    },
    ran: (told) => options.syncs?.told(senderOf(conversation.who, conversation.peer), told),
    ended: (error) => listener.onEnd(channel.counters, error),
  };
}

function isUnchanged({ witnessed }: Tracked, { alreadyThere }: Delivery): boolean {
  return witnessed?.wasKnown === true && alreadyThere !== false;
}
