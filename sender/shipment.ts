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
   * Announces a stream unless the receiver holds it (then: undefined), and queues its content. The plain stream of a wrapped one comes first;
   * what else it nests was added before.
   */
  add(image: number, recipe: Recipe, options?: AddOptions): Promise<Announced | undefined>;
  /** Announces a stream again, and what it nests, with nothing to lean on: the receiver has lost something of it. */
  addAgain(stream: number): void;
  /** Number of a stream of this session, the latest where it was announced again; -1 where it was not announced. */
  streamOf(id: Id): number;
  /** Resolves when all content that was queued has been sent. */
  drain(): Promise<void>;
}

export interface AddOptions {
  /** Also where the receiver holds it. */
  readonly always?: boolean;
  /** Path of the file that it is all about. */
  readonly file?: string | undefined;
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

/** The first versions of the protocol that know zstd streams, and runs that lean on tails. */
const VERSION_OF_ZSTD = 3;
const VERSION_OF_TAILS = 3;

/** The part of a `stream` frame that tells how the stream is to be made, and asks. */
type Question = Pick<StreamFrame, 'bases' | 'askBytes' | 'asked' | 'recipe'>;

const NOTHING = new Uint8Array(0);

/** A stream and what it is announced for. */
interface Sent {
  readonly image: number;
  readonly recipe: Recipe;
  /** Itself, or the wrapped one that it is the plain stream of. */
  readonly owner: Id;
  readonly file: string | undefined;
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
  const open = async (sending: Sent, announcement: Announcement, question: Question): Promise<Announced> => {
    const { image, recipe, file } = sending;
    const { bases: chosen, difference } = announcement;
    const { stream, need } = await session.announce({
      image,
      id: recipe.id,
      skeleton: isProvenBySkeleton(recipe) ? skeletonDigest(recipe) : undefined,
      wrapping: wrappingOf(recipe),
      ...question,
    });
    sent.push(sending);
    bases.addSent(stream, recipe);
    options.accounting.detail('recipes', question.recipe.byteLength);
    options.accounting.detail('questions', question.asked.byteLength);
    const isVoid = (): boolean => voided.has(stream) || session.signal.aborted;
    queue = queue.then(async () => {
      const needed = neededChunks(difference.fresh, await need);
      const leansOnHeld = question.bases.some(({ kind }) => kind === 'held');
      const leansOnTails = session.version >= VERSION_OF_TAILS;
      await sendContent({ stream, recipe, file, difference, bases: chosen, needed, leansOnHeld, leansOnTails, isVoid }, options);
    });
    queue.catch(() => {});
    return { stream, fresh: difference.fresh };
  };
  /** @param plain without bases, and asking for every chunk. */
  const announce = async (sending: Sent, plain: boolean): Promise<Announced> => {
    const { recipe, owner, file } = sending;
    const before = plain || !options.isBegun(recipe.id) ? undefined : options.announcements.get(hex(recipe.id));
    const references = before?.bases.map((base) => bases.reference(base.id));
    // It knows how the stream was announced, and needs to hear no more than that it goes on.
    if (before !== undefined && references?.every((reference) => reference !== undefined) === true)
      return open(sending, before, { bases: references, askBytes: 0, asked: NOTHING, recipe: NOTHING });

    const chosen = plain ? [] : await bases.choose(recipe, file);
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
    return open(sending, announcement, {
      bases: chosen.map((base) => base.reference),
      askBytes,
      asked: asks ? concatBytes(Array.from(difference.fresh, ({ id }) => id.subarray(0, askBytes))) : NOTHING,
      recipe: difference.bytes,
    });
  };
  const announceAgain = async (sending: Sent): Promise<void> => {
    const { recipe } = sending;
    for (const id of nestedIn(recipe)) {
      if (streamOf(id) >= 0) continue;
      const nested = await options.loadRecipe(id);
      await announceAgain(recipe.wrapped === undefined ? { ...sending, recipe: nested, owner: id } : { ...sending, recipe: nested });
    }
    await announce(sending, true);
  };
  const add = async (sending: Sent, always: boolean): Promise<Announced | undefined> => {
    const { recipe } = sending;
    if (!always && bases.isHeld(recipe.id)) return undefined;
    // A receiver of before puts no zstd streams together.
    if (recipe.wrapped === METHOD_ZSTD && session.version < VERSION_OF_ZSTD)
      return announce({ ...sending, recipe: await options.opaque(recipe) }, false);
    const plain = plainOf(recipe);
    if (plain !== undefined) await add({ ...sending, recipe: await options.loadRecipe(plain.id) }, false);
    return announce(sending, false);
  };

  return {
    add: (image, recipe, { always = false, file } = {}) => inTurn(() => add({ image, recipe, owner: recipe.id, file }, always)),
    addAgain(stream) {
      if (voided.has(stream)) return;
      voided.add(stream);
      bases.distrust();
      inTurn(async () => {
        await announceAgain(sent[stream] as Sent);
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
  return recipe.nestingRows.map((row) => recipe.row(row).nested as Id);
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
