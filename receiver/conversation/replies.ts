/** What a sender is told of its images on their way out. */
import type { Channel } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';
import type { DeliveredImage, Delivery } from '../deliver/port.ts';
import type { Report } from './jobs.ts';
import type { ReceiverContext } from '../receive-image.ts';
import type { ConversationWitness, Proof } from '../witness/witness.ts';

export interface Replies {
  /** The receipt. Never rejects. */
  readonly tell: (image: number, delivery: Pick<Delivery, 'images' | 'notes'>, proof?: Proof) => Promise<void>;
  /** That it was not delivered, which is logged and witnessed. Never rejects. */
  readonly fail: (image: number, error: unknown) => Promise<void>;
  /** For reports of what is going on. */
  readonly reporter: (image: number) => Report;
}

/** @param nameOf the name that was asked for, for the log. */
export function createReplies(
  channel: Channel,
  peer: string,
  { log }: Pick<ReceiverContext, 'log'>,
  witness: ConversationWitness,
  nameOf: (image: number) => string | undefined,
): Replies {
  return {
    async tell(image, { images, notes }, proof) {
      const told: [number, ReturnType<typeof receiptEntry>[], string[]] = [image, images.map(receiptEntry), [...notes]];
      // Who is gone asks again, and is told then.
      await channel
        .send(encodeMessage('receipt', proof === undefined ? told : [...told, proof.time, proof.signature]))
        .catch(() => log.warn({ peer, image: nameOf(image) }, 'nobody was there to be given the receipt'));
    },
    async fail(image, error) {
      const failure = TransferError.from(error);
      log.warn({ peer, image: nameOf(image), code: failure.code }, failure.message);
      await witness.failed(image, failure);
      await channel.send(encodeMessage('failed', [image, failure.code, failure.message, failure.hint])).catch(() => {});
    },
    reporter(image) {
      const toSender = quarters(
        (phase, done, total) => void channel.send(encodeMessage('progress', [image, phase, done, total])).catch(() => {}),
      );
      return (phase, done, total) => {
        witness.progress(image, phase, done, total);
        toSender(phase, done, total);
      };
    },
  };
}

function receiptEntry(image: DeliveredImage): [string[], string, string, string[]] {
  return [[...image.refs], image.configDigest, image.imageId, [...image.pushed]];
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
