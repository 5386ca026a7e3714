/** What the receiver answers, and who waits for it. */
import { splitBytes } from '../../shared/bytes.ts';
import { TransferError, isErrorCode } from '../../shared/errors.ts';
import { PROTOCOL_VERSIONS } from '../../shared/wire/frames.ts';
import { decodeMessage, PREFIX_BYTES, type Message } from '../../shared/wire/messages.ts';
import type { SessionEvents } from './session.ts';

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

/** What waits for an answer, by image or stream number. */
export class Waiting<T> {
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

export interface Waits {
  readonly answers: Waiting<Answer>;
  readonly needs: Waiting<Need>;
  readonly receipts: Waiting<Receipt>;
  /** The receiver chose this version. */
  readonly welcomed: (version: number) => void;
  readonly streamCount: () => number;
  readonly subjectOf: (image: number) => string;
}

/** What each frame of the receiver means; throws what ends the session. */
export function answerHandlers(
  { answers, needs, receipts, welcomed, streamCount, subjectOf }: Waits,
  events: SessionEvents,
  onDurable: (segment: number) => void,
): Record<string, (frame: Uint8Array) => void> {
  return {
    welcome(frame) {
      const [version] = decodeMessage('welcome', frame);
      if (!PROTOCOL_VERSIONS.includes(version)) {
        const spoken = PROTOCOL_VERSIONS.join(', ');
        throw new TransferError('PROTOCOL_VERSION', `the receiver chose protocol ${version}, this sender speaks ${spoken}`);
      }
      welcomed(version);
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
