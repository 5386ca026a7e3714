/** Images on their way out, one after the other: recorded, delivered, and told to the sender. */
import type { Channel } from '../../shared/channel/port.ts';
import { type Id, idFromHex } from '../../shared/hash.ts';
import { demandNames, type Access } from '../access/access.ts';
import { activate, type Action } from './activations.ts';
import type { ImageRecord } from '../catalog/catalog.ts';
import { storedImages } from './none.ts';
import type { LostContent } from '../conversation/lost-content.ts';
import { withMeanings, withStaged } from '../catalog/meanings.ts';
import type { ReceiverContext } from '../receive-image.ts';
import { namesFor, wasKnownAs, withNames } from '../catalog/record.ts';
import { createReplies } from '../conversation/replies.ts';
import type { ConversationWitness } from '../witness/witness.ts';

/** What is to become of an image. */
export interface Wish {
  /** The name asked for, or empty for those in the archive. */
  readonly ref: string;
  readonly stage: boolean;
}

export interface Deliveries {
  /**
   * Queues the delivery of an image whose record `work` makes.
   * @param mend asked once where that fails: true to begin anew.
   */
  next(image: number, work: () => Promise<ImageRecord>, mend?: (error: unknown) => Promise<boolean>): void;
  /** Queues that names come to mean another image. */
  activate(image: number, names: readonly string[], action: Action): void;
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
  wishes: ReadonlyMap<number, Wish>,
  lost: LostContent,
  signal: AbortSignal,
): Deliveries {
  const { store, catalog, clock, underWay } = context;
  let queue: Promise<void> = Promise.resolve();
  const waiting = new Set<Promise<void>>();
  const { tell, fail, reporter } = createReplies(channel, peer, context, witness, (image) => wishes.get(image)?.ref);
  const deliver = async (image: number, work: () => Promise<ImageRecord>, onRecorded: () => void): Promise<void> => {
    const record = await work();
    const { ref, stage } = wishes.get(image) ?? { ref: '', stage: false };
    const names = namesFor(record, ref);
    demandNames(access, names);
    const wasKnown = wasKnownAs(record, names, catalog);
    if (stage) {
      await catalog.save(withStaged(record, names, clock.now()));
      await store.flush();
      underWay.unfinished.finish(streamsOf(record));
      onRecorded();
      await witness.staged(image, { record, names, wasKnown });
      return tell(image, { images: storedImages(record, names), notes: [`${names.flat().join(' ')}: staged, to be activated`] });
    }
    // Recorded before it is delivered: what an engine or registry refuses stays in the store, to be restored.
    await catalog.save(withNames(record, names, clock.now()));
    await store.flush();
    underWay.unfinished.finish(streamsOf(record));
    onRecorded();
    witness.recorded(image, { record, names, wasKnown });
    const { mayPush, isLimited: isDiscreet } = access;
    const key = JSON.stringify([record.archive, names, mayPush, isDiscreet]);
    const delivered = await underWay.deliveries.run(key, signal, reporter(image), async (jobSignal, onProgress) => {
      const delivery = await context.deliver(record, { names, signal: jobSignal, onProgress, mayPush, isDiscreet });
      await catalog.save(withMeanings(delivery.record, names, { at: clock.now(), how: 'delivered', by: access.who }));
      await store.flush();
      return delivery;
    });
    const proof = await witness.delivered(image, delivered);
    context.log.info({ peer, image: ref, archive: record.archive }, 'image delivered');
    await tell(image, { images: delivered.images, notes: [...delivered.notes, ...lost.takeNotes()] }, proof);
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
          await fail(image, error);
        } finally {
          recorded.resolve();
          waiting.delete(recorded.promise);
        }
      });
    },
    activate(image, names, action) {
      queue = queue.then(async () => {
        try {
          demandNames(access, [names]);
          witness.offered(image, names.join(' '), 0, '');
          const options = { signal, onProgress: reporter(image), mayPush: access.mayPush, isDiscreet: access.isLimited };
          // One at a time, whoever asks: what a name means is looked at, and changed, in one step.
          const { images, notes } = await underWay.activations(() =>
            activate(
              names,
              action,
              access.who,
              { catalog, deliver: context.deliver, flush: () => store.flush(), now: () => clock.now() },
              options,
            ),
          );
          context.log.info({ peer, names, action }, 'names changed their meaning');
          await witness.activated(image, action === 'activate' ? 'activated' : 'rolled-back', { images, notes });
          await tell(image, { images, notes });
        } catch (error) {
          await fail(image, error);
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
  return [archive, ...streams].map((id) => idFromHex(id));
}
