/**
 * The streams of a session on their way out: each is announced as a difference to what both sides hold, and its content follows in
 * runs once the receiver has said what it needs. Announcements overtake content, content keeps its order.
 */
import { concatBytes, equalBytes } from '../shared/bytes.ts';
import { TransferError } from '../shared/errors.ts';
import { hex, type Id } from '../shared/hash.ts';
import { encodeDifference } from '../shared/recipe/difference/encode.ts';
import type { ChunkRef, Recipe } from '../shared/recipe/recipe.ts';
import { nestsStreams, skeletonDigest } from '../shared/recipe/skeleton-digest.ts';
import type { BaseChooser } from './bases.ts';
import { sendContent, type ContentOptions } from './content.ts';
import type { Need } from './session.ts';

export interface Shipment {
  /** Announces a stream unless the receiver holds it (then: undefined), and queues its content. */
  add(image: number, recipe: Recipe): Promise<Announced | undefined>;
  /** Number of a stream of this session. */
  streamOf(id: Id): number;
  /** Resolves when all content that was queued has been sent. */
  drain(): Promise<void>;
}

export interface Announced {
  readonly stream: number;
  /** Hex ids of the chunks that stood in no base. */
  readonly freshIds: ReadonlySet<string>;
}

export interface ShipmentOptions extends ContentOptions {
  readonly bases: BaseChooser;
  /** True where the receiver may hold content that this side knows nothing of: then it is asked. */
  readonly ask: () => Promise<boolean>;
}

/**
 * Bytes of a chunk id in a question. With a million chunks in the store one answer in 280 million is wrong, and is found out: the stream's
 * id proves the whole.
 */
const ASK_BYTES = 6;

export function createShipment(options: ShipmentOptions): Shipment {
  const { session, bases } = options;
  const streams: Id[] = [];
  let queue: Promise<void> = Promise.resolve();

  return {
    async add(image, recipe) {
      if (bases.isHeld(recipe.id)) return undefined;
      const chosen = await bases.choose(recipe);
      const difference = encodeDifference(
        recipe,
        chosen.map((base) => base.recipe),
        streams,
      );
      const asks = difference.fresh.length > 0 && (await options.ask());
      const { stream, need } = await session.announce({
        image,
        id: recipe.id,
        skeleton: nestsStreams(recipe) ? skeletonDigest(recipe) : undefined,
        bases: chosen.map((base) => base.reference),
        askBytes: asks ? ASK_BYTES : 0,
        asked: asks ? concatBytes(difference.fresh.map((chunk) => chunk.id.subarray(0, ASK_BYTES))) : new Uint8Array(0),
        recipe: difference.bytes,
      });
      streams.push(recipe.id);
      bases.addSent(stream, recipe);
      options.accounting.detail('recipes', difference.bytes.byteLength);
      options.accounting.detail('questions', asks ? difference.fresh.length * ASK_BYTES : 0);
      queue = queue.then(async () => {
        const needed = neededChunks(difference.fresh, await need);
        await sendContent({ stream, recipe, difference, bases: chosen.map((base) => base.recipe), needed }, options);
      });
      queue.catch(() => {});
      return { stream, freshIds: new Set(difference.fresh.map((chunk) => hex(chunk.id))) };
    },
    streamOf: (id) => streams.findIndex((other) => equalBytes(other, id)),
    drain: () => queue,
  };
}

function neededChunks(fresh: readonly ChunkRef[], need: Need | undefined): number[] {
  const all = fresh.map((_, i) => i);
  if (need === undefined) return all;
  if (need.kind === 'held') return [];
  if (need.kind === 'base-gone') throw new TransferError('INTEGRITY', 'the receiver lost a base while the image was on its way');
  const { bits } = need;
  if (bits.byteLength * 8 < fresh.length)
    throw new TransferError('PROTOCOL_VIOLATION', `the receiver answered for ${bits.byteLength * 8} chunks of ${fresh.length}`);
  return all.filter((i) => ((bits[i >> 3] as number) >> (i & 7)) & 1);
}
