import type { Channel } from '../../shared/channel/port.ts';
import type { FrameName } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage } from '../../shared/wire/messages.ts';
import { demandName, type Access } from '../access/access.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { keepByOwnRules, type KeepAsAsked } from '../catalog/keep-as-asked.ts';
import { pastOf } from '../catalog/meanings.ts';
import type { Deliveries } from '../deliver/deliveries.ts';
import type { ConversationWitness } from '../witness/witness.ts';
import type { FrameOrder } from './frame-order.ts';

/** What each frame of the sender does. */
export type Handlers = Partial<Record<FrameName, (frame: Uint8Array) => Promise<void>>>;

export interface MeaningContext {
  readonly catalog: Catalog;
  readonly keepAsAsked?: KeepAsAsked | undefined;
}

/** Frames about what names mean, which ship nothing. */
export function meaningHandlers(
  channel: Channel,
  context: MeaningContext,
  access: Access,
  witness: ConversationWitness,
  order: FrameOrder,
  deliveries: Deliveries,
): Handlers {
  return {
    activate(frame) {
      const [image, names, action] = decodeMessage('activate', frame);
      order.offer(image);
      order.deliver(image);
      deliveries.activate(image, names, action === 0 ? 'activate' : 'roll-back');
      return Promise.resolve();
    },
    async history(frame) {
      const [image, name] = decodeMessage('history', frame);
      order.offer(image);
      demandName(access, name);
      await channel.send(encodeMessage('past', [image, pastOf(context.catalog.records(), name)]));
    },
    async keep(frame) {
      const asked = decodeMessage('keep', frame);
      const [image] = asked;
      order.offer(image);
      const answer = await (context.keepAsAsked ?? keepByOwnRules)(asked, access);
      await channel.send(encodeMessage('kept', [image, ...answer]));
    },
    ran(frame) {
      witness.ran(decodeMessage('ran', frame));
      return Promise.resolve();
    },
  };
}
