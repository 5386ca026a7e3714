/** What the store turned out to have lost in a conversation: asked for again, named as a base no more, and told of in the receipt. */
import type { Channel } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { type Id, idFromHex } from '../../shared/hash.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';
import type { ImageRecord } from '../catalog/catalog.ts';
import { hasDamage, orDamaged } from '../catalog/readable.ts';
import type { ReceiverContext } from '../receive-image.ts';

export interface LostContent {
  /** The recipe of a base. @throws TransferError INTEGRITY where it is lost. */
  readonly loadRecipe: (id: Id) => Promise<Recipe>;
  /** Tells the sender that a stream cannot be made whole with what the store holds; one of `suspects`, which it leans on, has a loss. */
  readonly askAgain: (stream: number, why: TransferError, suspects: readonly Id[]) => void;
  /** After an image that was held could not be delivered: where the reason is a loss, its streams are not taken as held the next time. */
  doubtImage(record: ImageRecord, error: unknown, signal: AbortSignal): Promise<false>;
  /** Notes for a receipt, once. */
  takeNotes(): string[];
}

export function createLostContent(channel: Channel, peer: string, { store, catalog, log }: ReceiverContext): LostContent {
  let streams = 0;
  let first = '';
  return {
    loadRecipe: (id) =>
      loadRecipe(store, id).catch((error: unknown) => {
        if (TransferError.from(error).code === 'INTEGRITY') catalog.doubt([id]);
        throw error;
      }),
    askAgain(stream, { code, message }, suspects) {
      if (streams++ === 0) first = message;
      catalog.doubt(suspects);
      log.warn({ peer, stream, code }, `${message}: asking for the stream without a base`);
      void channel.send(encodeMessage('need', [stream, 2, new Uint8Array(0)])).catch(() => {});
    },
    async doubtImage({ archive, streams: layers }, error, signal) {
      if (TransferError.from(error).code !== 'INTEGRITY') return false;
      const [id, ...rest] = [archive, ...layers].map((text) => idFromHex(text));
      const recipe = await orDamaged(loadRecipe(store, id as Id));
      if (recipe === undefined || (await hasDamage(recipe, store, signal))) catalog.doubt([id as Id, ...rest]);
      return false;
    },
    takeNotes() {
      if (streams === 0) return [];
      const again = streams === 1 ? '1 stream was' : `${streams} streams were`;
      streams = 0;
      return [`the receiver had lost content (${first}): ${again} sent again without a base; run \`lightermand check --read-all\` there`];
    },
  };
}
