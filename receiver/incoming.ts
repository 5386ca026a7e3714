/**
 * Streams on their way in: each was announced with its recipe as a difference, and is whole once the content that the receiver asked
 * for has arrived. A recipe enters the store only after the stream that it rebuilds was hashed and found to be what was announced.
 */
import { concatBytes, equalBytes } from '../shared/bytes.ts';
import { TransferError } from '../shared/errors.ts';
import { hashBytes, hex, type Id } from '../shared/hash.ts';
import { RUN_BYTES_MAX } from '../shared/limits.ts';
import { decodeDifference, type DecodedDifference } from '../shared/recipe/difference/decode.ts';
import type { Recipe } from '../shared/recipe/recipe.ts';
import { nestsStreams, skeletonDigest } from '../shared/recipe/skeleton-digest.ts';
import { baseOfRanges, baseOfRows } from '../shared/recipe/run-base.ts';
import type { Store, StoreRecord } from '../shared/store/port.ts';
import type { DecodePool } from './decode-pool.ts';
import type { Run, SegmentFrame, StreamFrame } from '../shared/wire/bulk.ts';

export interface IncomingStreams {
  /** Takes an announcement. @returns for each asked chunk whether it is needed, undefined where nothing was asked. */
  announce(frame: StreamFrame): Promise<readonly boolean[] | undefined>;
  /**
   * Takes content: verified against nothing yet, stored by its own hash. Resolves when there is room for the next segment;
   * `stored` resolves when this one is in the store (not yet durable).
   */
  segment(frame: SegmentFrame): Promise<{ readonly stored: Promise<void> }>;
  /** The verified recipe of a stream all of whose content has arrived. @throws TransferError PROTOCOL_VIOLATION while some is missing, INTEGRITY. */
  finish(stream: number): Promise<Recipe>;
}

export interface IncomingOptions {
  readonly store: Store;
  readonly decoders: DecodePool;
  /** The answer's bases, in the order of the answer. */
  readonly heldBases: () => readonly Id[];
  readonly loadRecipe: (id: Id) => Promise<Recipe>;
  /** Rebuilds and hashes. @throws TransferError INTEGRITY */
  readonly verify: (recipe: Recipe) => Promise<void>;
  readonly encodeRecipe: (recipe: Recipe) => Uint8Array;
}

interface Incoming {
  readonly frame: StreamFrame;
  /** Indices of fresh chunks that will arrive, in order; all where nothing was asked. */
  wanted: readonly number[] | undefined;
  /** Chunks of `wanted` that runs have claimed. */
  arrived: number;
  /** Runs that are being decoded and stored. */
  readonly running: Set<Promise<void>>;
  ids: (Id | undefined)[];
  bases: readonly Recipe[];
  difference: DecodedDifference | undefined;
  recipe: Recipe | undefined;
  stored: Promise<void> | undefined;
}

/** A stream whose recipe could be decoded. */
type Opened = Incoming & { readonly difference: DecodedDifference };

export function createIncomingStreams(options: IncomingOptions): IncomingStreams {
  const { store } = options;
  const streams: Incoming[] = [];
  let keeping: Promise<void> = Promise.resolve();
  const inFlight = new Set<Promise<void>>();

  const get = (number: number): Incoming => {
    const incoming = streams[number];
    if (incoming === undefined) throw new TransferError('PROTOCOL_VIOLATION', `stream ${number} was never announced`);
    return incoming;
  };
  /** Decodes the difference once everything before it is whole: later streams lean on earlier ones. */
  const open = async (number: number): Promise<Opened> => {
    const incoming = get(number);
    if (incoming.difference === undefined) {
      incoming.bases = await Promise.all(
        incoming.frame.bases.map((base) => {
          if (base.kind === 'sent') return complete(base.stream);
          const id = options.heldBases()[base.index];
          if (id === undefined) throw new TransferError('PROTOCOL_VIOLATION', `base ${base.index} was not in the answer`);
          return options.loadRecipe(id);
        }),
      );
      incoming.difference = decodeDifference(incoming.frame.recipe, incoming.bases, nestedKnown(streams, number));
      const { freshLengths } = incoming.difference;
      incoming.ids = [...incoming.ids, ...Array.from({ length: freshLengths.length - incoming.ids.length }, () => undefined)];
      incoming.wanted ??= freshLengths.map((_, i) => i);
    }
    return incoming as Opened;
  };
  const complete = async (number: number): Promise<Recipe> => {
    const incoming = await open(number);
    await Promise.all(incoming.running);
    if (incoming.recipe === undefined) {
      const ids = incoming.ids.filter((id) => id !== undefined);
      if (ids.length !== incoming.difference.freshLengths.length) {
        throw new TransferError(
          'PROTOCOL_VIOLATION',
          `stream ${number} lacks ${incoming.difference.freshLengths.length - ids.length} chunks`,
        );
      }
      const recipe = incoming.difference.resolve(ids, incoming.frame.id);
      incoming.recipe = recipe;
      // One after the other: a stream that nests others is proven with their recipes, which must be in the store by then.
      keeping = keeping.then(() => keep(recipe, incoming.frame.skeleton, options));
      keeping.catch(() => {});
      incoming.stored = keeping;
    }
    return incoming.recipe;
  };
  const completeUpTo = async (number: number): Promise<void> => {
    for (let i = 0; i <= number; i++) await complete(i);
  };
  return {
    async announce(frame) {
      if (frame.stream !== streams.length)
        throw new TransferError('PROTOCOL_VIOLATION', `stream ${frame.stream} follows stream ${streams.length - 1}`);
      const incoming = createIncoming(frame);
      streams.push(incoming);
      if (frame.askBytes === 0) return undefined;
      const found = await store.findMany('chunk', splitPrefixes(frame.asked, frame.askBytes));
      incoming.ids = found;
      incoming.wanted = found.flatMap((id, i) => (id === undefined ? [i] : []));
      return found.map((id) => id === undefined);
    },
    async segment(frame) {
      const incoming = await open(frame.stream);
      const runs: Promise<void>[] = [];
      for (const run of frame.runs) {
        while (inFlight.size > options.decoders.threads) await Promise.race(inFlight);
        const job = takeRun(incoming, run, options);
        runs.push(job);
        for (const set of [inFlight, incoming.running]) {
          set.add(job);
          void job.catch(() => {}).then(() => set.delete(job));
        }
      }
      const stored = Promise.all(runs).then(() => undefined);
      // Proven at once, while later streams are still on their way.
      if (incoming.arrived === (incoming.wanted as readonly number[]).length) stored.then(() => completeUpTo(frame.stream)).catch(() => {});
      return { stored };
    },
    async finish(number) {
      await completeUpTo(number);
      await get(number).stored;
      return complete(number);
    },
  };
}

function createIncoming(frame: StreamFrame): Incoming {
  return {
    frame,
    wanted: undefined,
    arrived: 0,
    running: new Set(),
    ids: [],
    bases: [],
    difference: undefined,
    recipe: undefined,
    stored: undefined,
  };
}

/** Proves a recipe, then stores it. @throws TransferError INTEGRITY */
async function keep(recipe: Recipe, skeleton: Id | undefined, { store, verify, encodeRecipe }: IncomingOptions): Promise<void> {
  if (!nestsStreams(recipe)) await verify(recipe);
  else if (skeleton === undefined || !equalBytes(skeleton, skeletonDigest(recipe))) {
    throw new TransferError('INTEGRITY', `the recipe of ${hex(recipe.id)} is not what was announced`);
  }
  await store.put([{ kind: 'recipe', key: recipe.id, bytes: encodeRecipe(recipe) }]);
}

function nestedKnown(streams: readonly Incoming[], before: number): Id[] {
  return streams.slice(0, before).map((incoming) => incoming.frame.id);
}

/** Claims the next chunks for a run, then decodes it, hashes its chunks and stores them. */
async function takeRun(incoming: Opened, run: Run, { store, decoders }: IncomingOptions): Promise<void> {
  const indices = (incoming.wanted as readonly number[]).slice(incoming.arrived, incoming.arrived + run.chunkCount);
  if (run.chunkCount === 0 || indices.length !== run.chunkCount)
    throw new TransferError('PROTOCOL_VIOLATION', 'a segment brings more chunks than are needed');
  const lengths = indices.map((i) => incoming.difference.freshLengths[i] as number);
  const targetBytes = lengths.reduce((sum, length) => sum + length, 0);
  if (targetBytes > RUN_BYTES_MAX)
    throw new TransferError('LIMIT_EXCEEDED', `a run has ${targetBytes} bytes, the limit is ${RUN_BYTES_MAX}`);
  incoming.arrived += run.chunkCount;
  const base = await loadBase(incoming, run, indices, store);
  const content = await decoders.decode({ codec: run.codec, payload: run.payload, base, targetBytes });
  const records: StoreRecord[] = [];
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const piece = content.subarray(at, at + length);
    const key = hashBytes(piece);
    incoming.ids[indices[i] as number] = key;
    records.push({ kind: 'chunk', key, bytes: piece });
    at += length;
  }
  await store.put(records);
}

async function loadBase(incoming: Opened, run: Run, indices: readonly number[], store: Store): Promise<Uint8Array | undefined> {
  if (run.base.kind === 'none') return undefined;
  const chunks =
    run.base.kind === 'rows' ? baseOfRows(incoming.difference, incoming.bases, indices) : baseOfRanges(incoming.bases, run.base.ranges);
  return concatBytes(
    await store.getMany(
      'chunk',
      chunks.map((chunk) => chunk.id),
    ),
  );
}

function splitPrefixes(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: bytes.byteLength / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
