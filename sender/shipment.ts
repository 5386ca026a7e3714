/**
 * The streams of a session on their way out: each is announced as a difference to what both sides hold, and its content follows in
 * runs once the receiver has said what it needs. Announcements overtake content, content keeps its order.
 */
import { concatBytes, equalBytes } from '../shared/bytes.ts';
import { TransferError } from '../shared/errors.ts';
import { hex, type Id } from '../shared/hash.ts';
import { encodeDifference, type EncodedDifference } from '../shared/recipe/difference/encode.ts';
import type { ChunkList } from '../shared/recipe/chunk-list.ts';
import { METHOD_ZSTD, type Recipe } from '../shared/recipe/recipe.ts';
import { isProvenBySkeleton, skeletonDigest } from '../shared/recipe/skeleton-digest.ts';
import { plainOf, wrappingOf } from '../shared/recipe/wrapped.ts';
import type { StreamFrame } from '../shared/wire/bulk.ts';
import type { BaseChooser } from './content/bases.ts';
import { sendContent, type ContentOptions } from './content/content.ts';
import type { Need } from './link/answers.ts';

export interface Shipment {
  /**
   * Announces a stream unless the receiver holds it (then: undefined), and queues its content. The plain stream of a wrapped one comes first.
   * @param options `always`: also where it holds it.
   */
  add(image: number, recipe: Recipe, options?: { readonly always: boolean }): Promise<Announced | undefined>;
  /** Announces a stream again, and what it nests, with nothing to lean on: the receiver has lost something of it. */
  addAgain(stream: number): void;
  /** Number of a stream of this session, the latest where it was announced again; -1 where it was not announced. */
  streamOf(id: Id): number;
  /** Resolves when all content that was queued has been sent. */
  drain(): Promise<void>;
}

/** How a stream was announced, and what the receiver may remember of it when the connection breaks. */
export interface Announcement {
  /** The stream that it was announced for: itself, or the wrapped one that it is the plain stream of. */
  readonly owner: Id;
  readonly bases: readonly Recipe[];
  readonly difference: EncodedDifference;
}

export interface Announced {
  readonly stream: number;
  /** The chunks that stood in no base. */
  readonly fresh: ChunkList;
}

export interface ShipmentOptions extends ContentOptions {
  readonly bases: BaseChooser;
  /** True where the receiver may hold content that this side knows nothing of: then it is asked. */
  readonly ask: () => Promise<boolean>;
  /** A recipe of the pool. */
  readonly loadRecipe: (id: Id) => Promise<Recipe>;
  /** The recipe of a wrapped stream as if it had not been taken apart; its content is in the pool then. */
  readonly opaque: (recipe: Recipe) => Promise<Recipe>;
  /** Streams that were announced on earlier connections of this shipment, by their ids in hex; added to. */
  readonly announcements: Map<string, Announcement>;
  /** True where the receiver says that it remembers the announcement of a stream. */
  readonly isBegun: (id: Id) => boolean;
}

/**
 * Bytes of a chunk id in a question. With a million chunks in the store one answer in 280 million is wrong, and is found out: the stream's
 * id proves the whole, and it is announced again with more bytes in the question.
 */
const ASK_BYTES = 6;
const ASK_AGAIN_BYTES = 8;

/** The first version of the protocol that knows zstd streams. */
const VERSION_OF_ZSTD = 3;

/** The part of a `stream` frame that tells how the stream is to be made, and asks. */
type Question = Pick<StreamFrame, 'bases' | 'askBytes' | 'asked' | 'recipe'>;

const NOTHING = new Uint8Array(0);

interface Sent {
  readonly image: number;
  readonly recipe: Recipe;
  /** The stream that it was announced for: itself, or the wrapped one that it is the plain stream of. */
  readonly owner: Id;
}

export function createShipment(options: ShipmentOptions): Shipment {
  const { session, bases } = options;
  const sent: Sent[] = [];
  const voided = new Set<number>();
  let queue: Promise<void> = Promise.resolve();
  let turn: Promise<unknown> = Promise.resolve();
  /** One announcement at a time: each tells of the streams before it by their numbers. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  };
  const streamOf = (id: Id): number => sent.findLastIndex(({ recipe }) => equalBytes(recipe.id, id));

  /** Sends the announcement, and queues the content that is then asked for. */
  const open = async (image: number, recipe: Recipe, announcement: Announcement, question: Question): Promise<Announced> => {
    const { bases: chosen, difference, owner } = announcement;
    const { stream, need } = await session.announce({
      image,
      id: recipe.id,
      skeleton: isProvenBySkeleton(recipe) ? skeletonDigest(recipe) : undefined,
      wrapping: wrappingOf(recipe),
      ...question,
    });
    sent.push({ image, recipe, owner });
    bases.addSent(stream, recipe);
    options.accounting.detail('recipes', question.recipe.byteLength);
    options.accounting.detail('questions', question.asked.byteLength);
    const isVoid = (): boolean => voided.has(stream) || session.signal.aborted;
    queue = queue.then(async () => {
      const needed = neededChunks(difference.fresh, await need);
      await sendContent({ stream, recipe, difference, bases: chosen, needed, isVoid }, options);
    });
    queue.catch(() => {});
    return { stream, fresh: difference.fresh };
  };
  /** @param plain without bases, and asking for every chunk. */
  const announce = async (image: number, recipe: Recipe, owner: Id, plain: boolean): Promise<Announced> => {
    const before = plain || !options.isBegun(recipe.id) ? undefined : options.announcements.get(hex(recipe.id));
    const references = before?.bases.map((base) => bases.reference(base.id));
    // It knows how the stream was announced, and needs to hear no more than that it goes on.
    if (before !== undefined && references?.every((reference) => reference !== undefined) === true)
      return open(image, recipe, before, { bases: references, askBytes: 0, asked: NOTHING, recipe: NOTHING });

    const chosen = plain ? [] : await bases.choose(recipe);
    const baseRecipes = chosen.map((base) => base.recipe);
    const difference = encodeDifference(
      recipe,
      baseRecipes,
      sent.map((earlier) => earlier.recipe.id),
    );
    const announcement = { bases: baseRecipes, difference, owner };
    options.announcements.set(hex(recipe.id), announcement);
    const asks = difference.fresh.length > 0 && (plain || voided.size > 0 || (await options.ask()));
    const askBytes = asks ? (plain ? ASK_AGAIN_BYTES : ASK_BYTES) : 0;
    return open(image, recipe, announcement, {
      bases: chosen.map((base) => base.reference),
      askBytes,
      asked: asks ? concatBytes(Array.from(difference.fresh, ({ id }) => id.subarray(0, askBytes))) : NOTHING,
      recipe: difference.bytes,
    });
  };
  const announceAgain = async (image: number, recipe: Recipe, owner: Id): Promise<void> => {
    const ownerOfNested = (id: Id): Id => (recipe.wrapped === undefined ? id : owner);
    for (const id of nestedIn(recipe)) if (streamOf(id) < 0) await announceAgain(image, await options.loadRecipe(id), ownerOfNested(id));
    await announce(image, recipe, owner, true);
  };
  const add = async (image: number, recipe: Recipe, owner: Id, always: boolean): Promise<Announced | undefined> => {
    if (!always && bases.isHeld(recipe.id)) return undefined;
    // A receiver of before puts no zstd streams together.
    if (recipe.wrapped === METHOD_ZSTD && session.version < VERSION_OF_ZSTD)
      return announce(image, await options.opaque(recipe), owner, false);
    const plain = plainOf(recipe);
    if (plain !== undefined) await add(image, await options.loadRecipe(plain.id), owner, false);
    return announce(image, recipe, owner, false);
  };

  return {
    add: (image, recipe, { always } = { always: false }) => inTurn(() => add(image, recipe, recipe.id, always)),
    addAgain(stream) {
      if (voided.has(stream)) return;
      voided.add(stream);
      bases.distrust();
      const { image, recipe, owner } = sent[stream] as Sent;
      inTurn(async () => {
        await announceAgain(image, recipe, owner);
        queue.catch((error: unknown) => session.fail(error));
      }).catch((error: unknown) => session.fail(error));
    },
    streamOf,
    async drain() {
      for (let drained; drained !== queue;) {
        await turn;
        drained = queue;
        await drained;
      }
    },
  };
}

function nestedIn(recipe: Recipe): Id[] {
  return Array.from({ length: recipe.rowCount }, (_, row) => recipe.row(row).nested ?? []).flat();
}

function neededChunks(fresh: ChunkList, need: Need | undefined): number[] {
  const all = Array.from({ length: fresh.length }, (_, i) => i);
  if (need === undefined) return all;
  // Gone: the stream is announced again, and its content follows then.
  if (need.kind === 'held' || need.kind === 'base-gone') return [];
  const { bits } = need;
  if (bits.byteLength === 0) return all;
  if (bits.byteLength * 8 < fresh.length)
    throw new TransferError('PROTOCOL_VIOLATION', `the receiver answered for ${bits.byteLength * 8} chunks of ${fresh.length}`);
  return all.filter((i) => ((bits[i >> 3] as number) >> (i & 7)) & 1);
}
