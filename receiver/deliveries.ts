/** Images on their way out, one after the other: recorded, delivered, and told to the sender. */
import type { Channel } from '../shared/channel/port.ts';
import { TransferError } from '../shared/errors.ts';
import { asId, type Id } from '../shared/hash.ts';
import { encodeMessage } from '../shared/wire/messages.ts';
import { demandNames, type Access } from './access/access.ts';
import type { ImageRecord } from './catalog.ts';
import type { DeliveredImage } from './deliver/port.ts';
import type { Report } from './jobs.ts';
import type { LostContent } from './lost-content.ts';
import type { ReceiverContext } from './receive-image.ts';
import { namesFor, wasKnownAs, withNames } from './record.ts';
import type { ConversationWitness } from './witness.ts';

export interface Deliveries {
  /**
   * Queues the delivery of an image whose record `work` makes.
   * @param mend asked once where that fails: true to begin anew.
   */
  next(image: number, work: () => Promise<ImageRecord>, mend?: (error: unknown) => Promise<boolean>): void;
  /** Resolves when every image that was asked for is recorded, or cannot be. Never rejects. */
  recorded(): Promise<void>;
  finish(): Promise<void>;
}

/** One image after the other, in the order of the commits; one that fails does not stop the next. */
export function createDeliveries(
  channel: Channel,
  peer: string,
  context: ReceiverContext,
  access: Access,
  witness: ConversationWitness,
  refs: ReadonlyMap<number, string>,
  lost: LostContent,
  signal: AbortSignal,
): Deliveries {
  const { store, catalog, clock, underWay } = context;
  let queue: Promise<void> = Promise.resolve();
  const waiting = new Set<Promise<void>>();
  const deliver = async (image: number, work: () => Promise<ImageRecord>, onRecorded: () => void): Promise<void> => {
    const record = await work();
    const names = namesFor(record, refs.get(image) ?? '');
    demandNames(access, names);
    const wasKnown = wasKnownAs(record, names, catalog);
    const toSender = quarters(
      (phase, done, total) => void channel.send(encodeMessage('progress', [image, phase, done, total])).catch(() => {}),
    );
    const report: Report = (phase, done, total) => {
      witness.progress(image, phase, done, total);
      toSender(phase, done, total);
    };
    // Recorded before it is delivered: what an engine or registry refuses stays in the store, to be restored.
    await catalog.save(withNames(record, names, clock.now()));
    await store.flush();
    underWay.unfinished.finish(streamsOf(record));
    onRecorded();
    witness.recorded(image, { record, names, wasKnown });
    const { mayPush, isLimited: isDiscreet } = access;
    const key = JSON.stringify([record.archive, names, mayPush, isDiscreet]);
    const delivered = await underWay.deliveries.run(key, signal, report, async (jobSignal, onProgress) => {
      const delivery = await context.deliver(record, { names, signal: jobSignal, onProgress, mayPush, isDiscreet });
      await catalog.save(withNames(delivery.record, names, clock.now()));
      await store.flush();
      return delivery;
    });
    await witness.delivered(image, delivered);
    context.log.info({ peer, image: refs.get(image), archive: record.archive }, 'image delivered');
    const receipt = encodeMessage('receipt', [image, delivered.images.map(receiptEntry), [...delivered.notes, ...lost.takeNotes()]]);
    // Who is gone asks again, and is told then.
    await channel.send(receipt).catch(() => context.log.warn({ peer, image: refs.get(image) }, 'nobody was there to be given the receipt'));
  };
  return {
    next(image, work, mend = () => Promise.resolve(false)) {
      const recorded = Promise.withResolvers<void>();
      waiting.add(recorded.promise);
      queue = queue.then(async () => {
        try {
          await deliver(image, work, recorded.resolve).catch(async (error: unknown) => {
            if (!(await mend(error))) throw error;
            await deliver(image, work, recorded.resolve);
          });
        } catch (error) {
          const failure = TransferError.from(error);
          context.log.warn({ peer, image: refs.get(image), code: failure.code }, failure.message);
          await witness.failed(image, failure);
          await channel.send(encodeMessage('failed', [image, failure.code, failure.message, failure.hint])).catch(() => {});
        } finally {
          recorded.resolve();
          waiting.delete(recorded.promise);
        }
      });
    },
    async recorded() {
      await Promise.all(waiting);
    },
    finish: () => queue,
  };
}

function streamsOf({ archive, streams }: ImageRecord): Id[] {
  return [archive, ...streams].map((id) => asId(Buffer.from(id, 'hex')));
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
