/** One stream on its way in: what is known of it, and what its runs and its recipe become. */
import { equalBytes, releaseBytes, splitBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes, hex, type Id } from '../../shared/hash.ts';
import { RUN_BYTES_MAX } from '../../shared/limits.ts';
import type { DecodedDifference } from '../../shared/recipe/difference/decode.ts';
import { bytesOfChunks, inBatches, readContents } from '../../shared/recipe/contents.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { baseOfRun } from '../../shared/recipe/run-base.ts';
import { isProvenBySkeleton, skeletonDigest } from '../../shared/recipe/skeleton-digest.ts';
import type { Store, StoreRecord } from '../../shared/store/port.ts';
import { OWN_STREAM, type Run, type StreamFrame } from '../../shared/wire/bulk.ts';
import type { Knowledge } from '../access/knowledge.ts';
import type { Claim } from './claims.ts';
import type { DecodePool, UnreadBase } from './decode-pool.ts';
import { createFreshIds, type FreshIds } from './fresh-ids.ts';
import { areReadable, orDamaged } from '../catalog/readable.ts';
import type { BegunStream, UnderWay } from './under-way.ts';

export interface IncomingOptions {
  readonly store: Store;
  readonly decoders: DecodePool;
  readonly knowledge: Knowledge;
  /** The answer's bases, in the order of the answer. */
  readonly heldBases: () => readonly Id[];
  readonly loadRecipe: (id: Id) => Promise<Recipe>;
  /** Proves a stream by making it, before its recipe is stored. @throws TransferError INTEGRITY */
  readonly verify: (recipe: Recipe) => Promise<void>;
  readonly encodeRecipe: (recipe: Recipe) => Uint8Array;
  /** Told of the content that is still to come for an image, in bytes, when that is known of one more of its streams; and of content that came. */
  readonly onContent?: (image: number, arrived: number, expected: number) => void;
  /** Told of each stream whose recipe is in the store now. */
  readonly onKept: (id: Id) => void;
  /** Whether the sender may know what others send: then it waits for that where it asks about it. */
  readonly knowsOthers: boolean;
  /** What other conversations do. */
  readonly underWay: Pick<UnderWay, 'unfinished' | 'claims' | 'slots' | 'settled'>;
  /** Streams that were begun on an earlier connection of the shipment. */
  readonly begun: () => readonly BegunStream[];
  /** Told once of each stream that becomes void; `suspects`: the held bases that it leans on, where it is not known what was lost. */
  readonly onVoid: (stream: number, why: TransferError, suspects: readonly Id[]) => void;
}

export interface Incoming {
  /** With the recipe of the earlier announcement, where it goes on; without one from the moment that it is kept. */
  frame: StreamFrame;
  /** Ids of the bases of `frame`, and of the streams that it may nest. */
  readonly baseIds: readonly Id[];
  readonly nestable: readonly Id[];
  readonly claim: Claim;
  /** Announced on an earlier connection of the shipment. */
  goesOn: boolean;
  /** Resolves when it is known what is needed. */
  answered: Promise<unknown>;
  /** Indices of fresh chunks that will arrive, in order; all where nothing was asked. */
  wanted: Uint32Array | undefined;
  /** Chunks of `wanted` that runs have claimed. */
  arrived: number;
  /** Runs that are being decoded and stored. */
  readonly running: Set<Promise<void>>;
  /** Of its fresh chunks. */
  ids: FreshIds;
  /** From the moment that it was opened until its recipe is made. */
  bases: readonly Recipe[];
  difference: DecodedDifference | undefined;
  /** From then on, until it is in the store. */
  recipe: Recipe | undefined;
  /** Resolves when it is there. */
  stored: Promise<void> | undefined;
  isKept: boolean;
  isVoid: boolean;
  /** Resolves when runs have claimed all that is wanted, or the stream is void. */
  readonly claimed: PromiseWithResolvers<void>;
  /** Number of the stream that comes in place of a void one. */
  readonly successor: PromiseWithResolvers<number>;
}

/** A stream whose recipe could be decoded. */
export type Opened = Incoming & { readonly difference: DecodedDifference };

/** The chunks asked about that the store knows and that the sender may know of. @param careful only those that can be read. */
export async function findAsked({ asked, askBytes }: StreamFrame, careful: boolean, options: IncomingOptions): Promise<(Id | undefined)[]> {
  const { store, knowledge } = options;
  const found = await knowledge.tellable(await store.findMany('chunk', splitBytes(asked, askBytes)));
  if (!careful) return found;
  const readable = (await areReadable(found.filter((id) => id !== undefined), store)).values(); // prettier-ignore
  return found.map((id) => (id !== undefined && readable.next().value === true ? id : undefined));
}

export function createIncoming(frame: StreamFrame, baseIds: readonly Id[], nestable: readonly Id[], claim: Claim): Incoming {
  return {
    frame,
    baseIds,
    nestable,
    claim,
    goesOn: false,
    answered: Promise.resolve(),
    wanted: undefined,
    arrived: 0,
    running: new Set(),
    ids: createFreshIds(0),
    bases: [],
    difference: undefined,
    recipe: undefined,
    stored: undefined,
    isKept: false,
    isVoid: false,
    claimed: Promise.withResolvers(),
    successor: Promise.withResolvers(),
  };
}

/** Proves a recipe, then stores it. @throws TransferError INTEGRITY */
export async function keep(recipe: Recipe, skeleton: Id | undefined, options: IncomingOptions): Promise<void> {
  const { store, verify, encodeRecipe, knowledge } = options;
  knowledge.demandNested(recipe);
  if (!isProvenBySkeleton(recipe)) await verify(recipe);
  else if (skeleton === undefined || !equalBytes(skeleton, skeletonDigest(recipe))) {
    throw new TransferError('INTEGRITY', `the recipe of ${hex(recipe.id)} is not what was announced`);
  }
  const isSound = (await orDamaged(store.get('recipe', recipe.id))) !== undefined;
  await store.put([{ kind: 'recipe', key: recipe.id, bytes: encodeRecipe(recipe) }], { replace: !isSound });
  knowledge.kept(recipe.id);
  options.underWay.unfinished.whole(recipe.id);
  options.onKept(recipe.id);
}

/** Content that goes into the store together: its compressor has memory for so much. */
const PUT_BYTES = 4 * 1024 * 1024;

/** Claims the next chunks for a run, then decodes it, hashes its chunks and stores them. */
export async function takeRun(incoming: Opened, run: Run, replace: boolean, options: IncomingOptions): Promise<void> {
  const { store, decoders, knowledge } = options;
  const indices = [...(incoming.wanted as Uint32Array).subarray(incoming.arrived, incoming.arrived + run.chunkCount)];
  if (run.chunkCount === 0 || indices.length !== run.chunkCount) throw tooManyChunks();
  const targetBytes = indices.reduce((sum, index) => sum + (incoming.difference.freshLengths[index] as number), 0);
  if (targetBytes > RUN_BYTES_MAX)
    throw new TransferError('LIMIT_EXCEEDED', `a run has ${targetBytes} bytes, the limit is ${RUN_BYTES_MAX}`);
  incoming.arrived += run.chunkCount;
  const base = await findBase(incoming, run, indices, [...incoming.running], store);
  const content = await decoders.decode({ codec: run.codec, payload: run.payload, targetBytes }, base);
  let at = 0;
  for (const batch of inBatches(indices, (index) => incoming.difference.freshLengths[index] as number, PUT_BYTES)) {
    const records = batch.map((index): StoreRecord => {
      const bytes = content.subarray(at, (at += incoming.difference.freshLengths[index] as number));
      return { kind: 'chunk', key: hashBytes(bytes), bytes };
    });
    await store.put(records, { replace });
    for (const [i, index] of batch.entries()) incoming.ids.set(index, (records[i] as StoreRecord).key);
    knowledge.arrived(records.map(({ key }) => key));
  }
  if (content !== run.payload) releaseBytes(content);
  options.onContent?.(incoming.frame.image, targetBytes, 0);
  incoming.claim.touch();
}

export function tooManyChunks(): TransferError {
  return new TransferError('PROTOCOL_VIOLATION', 'a segment brings more chunks than are needed');
}

/** @param before the runs that came before and may not be in the store yet. */
async function findBase(
  incoming: Opened,
  { base }: Run,
  indices: readonly number[],
  before: readonly Promise<void>[],
  store: Store,
): Promise<UnreadBase | undefined> {
  if (!base.rows && base.ranges.length === 0) return undefined;
  if (base.ranges.some((range) => range.base === OWN_STREAM)) await Promise.all(before);
  const { difference, bases, ids } = incoming;
  const chunks = baseOfRun(base, indices, {
    places: difference,
    bases,
    freshChunk(index) {
      const id = index < (indices[0] as number) ? ids.at(index) : undefined;
      return id && { id, length: difference.freshLengths[index] as number };
    },
  });
  return { bytes: bytesOfChunks(chunks), read: () => readContents(chunks, store) };
}
