/** `lightermand serve`: one store, one way to deliver, any number of senders. */
import { systemClock } from '../../shared/clock.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { VERSION } from '../../shared/version.ts';
import { openCatalog } from '../catalog.ts';
import type { ReceiverEnvironment } from '../config.ts';
import { createDecodePool } from '../decode-pool.ts';
import type { Log } from '../log.ts';
import { receiveImages } from '../receive-image.ts';
import { listen } from '../transport/listen.ts';
import { createDelivery } from './delivery.ts';

export interface ServeFlags {
  readonly listen: string;
  readonly store: string;
  readonly deliver: string;
  readonly engine?: string;
  readonly push?: string;
}

/** Serves until the signal aborts; conversations then end as if the link had dropped. */
export async function serve(flags: ServeFlags, environment: ReceiverEnvironment, log: Log, signal: AbortSignal): Promise<void> {
  await using store = await openStore(flags.store);
  const catalog = await openCatalog(store);
  const deliver = createDelivery(flags, environment, store, catalog);
  await using decoders = createDecodePool();
  const context = { store, decoders, catalog, deliver, clock: systemClock, agent: `lightermand ${VERSION}`, log };
  const conversations = new Set<Promise<void>>();
  {
    await using listener = await listen(flags.listen, (channel, peer) => {
      const conversation = receiveImages(channel, peer, context).finally(() => conversations.delete(conversation));
      conversations.add(conversation);
    });
    log.info({ address: listener.address, store: flags.store, deliver: flags.deliver, images: catalog.records().length }, 'listening');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  await Promise.all(conversations);
  log.info({}, 'stopped');
}
