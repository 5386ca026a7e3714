/** A receiver in this process that any number of senders connect to, over channels in memory. */
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Store } from '../../shared/store/port.ts';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import { createDecodePool } from '../../receiver/conversation/decode-pool.ts';
import { deliverToDirectory } from '../../receiver/deliver/archive.ts';
import { createUses } from '../../receiver/catalog/uses.ts';
import { receiveImages } from '../../receiver/receive-image.ts';
import { freshUnderWay } from './fresh-under-way.ts';

export interface MemoryReceiver extends AsyncDisposable {
  /** Conversations begun so far. */
  readonly conversations: number;
  connect(): Promise<Channel>;
}

/** @param delivered where it writes `NAME_TAG.tar`. */
export function memoryReceiver(store: Store, delivered: string): MemoryReceiver {
  const decoders = createDecodePool(1);
  const running: Promise<void>[] = [];
  const underWay = freshUnderWay();
  return {
    get conversations() {
      return running.length;
    },
    async connect() {
      const [senderEnd, receiverEnd] = createMemoryChannelPair();
      const context = {
        store,
        decoders,
        catalog: await openCatalog(store),
        deliver: deliverToDirectory(store, delivered),
        uses: createUses(),
        clock: systemClock,
        agent: 'test receiver',
        underWay: await underWay,
        log: { info: () => {}, warn: () => {} },
      };
      running.push(receiveImages(receiverEnd, 'memory', context));
      return senderEnd;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running);
      await decoders[Symbol.asyncDispose]();
    },
  };
}
