/**
 * Streams on their way in: each was announced with its recipe as a difference, and is whole once the content that the receiver asked
 * for has arrived. A recipe enters the store only after the stream that it rebuilds was hashed and found to be what was announced.
 *
 * Where the store has lost something that a stream leans on, the stream is void: what comes for it is dropped, and whoever waits for it
 * waits for the later stream with the same id (PROTOCOL.md, "A base that is gone").
 */
import { equalBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { decodeDifference } from '../../shared/recipe/difference/decode.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { wrap } from '../../shared/recipe/wrapped.ts';
import { hex, type Id } from '../../shared/hash.ts';
import type { Run, SegmentFrame, StreamFrame } from '../../shared/wire/bulk.ts';
import { BASES_MAX } from '../../shared/wire/messages.ts';
import { begunStream, createAnnouncements, markKept } from './announcements.ts';
import { createFreshIds } from './fresh-ids.ts';
import { keep, takeRun, tooManyChunks, type Incoming, type IncomingOptions, type Opened } from './incoming-stream.ts';
import type { Needed } from './need.ts';
import { createRecentRecipes } from './recent-recipes.ts';
import type { BegunStream } from './under-way.ts';

export interface IncomingStreams {
  /**
   * Takes an announcement at once. @returns what is needed of it, where that was asked or the stream goes on from an earlier connection
   * (then empty where all chunks are); else undefined. May wait for what others send.
   */
  announce(frame: StreamFrame): Promise<Needed | undefined>;
  /**
   * Takes content: verified against nothing yet, stored by its own hash. Resolves when there is room for the next segment;
   * `stored` resolves when this one is in the store (not yet durable).
   */
  segment(frame: SegmentFrame): Promise<{ readonly stored: Promise<void> }>;
  /**
   * The verified recipe of a stream all of whose content has arrived, or is still to arrive because the stream is void.
   * @throws TransferError PROTOCOL_VIOLATION while some is missing, INTEGRITY, PEER_LOST.
   */
  finish(stream: number): Promise<Recipe>;
  /** Makes a stream void for an INTEGRITY error, `finish` of it begins anew. @returns false where the error stays one. */
  giveUp(stream: number, error: unknown): boolean;
  /** No more frames come: nobody need wait for any. */
  end(): void;
  /** After the end: resolves when all that came is in the store, or failed. */
  settled(): Promise<void>;
  /** After that: what another connection can go on with. */
  begun(): BegunStream[];
}

export function createIncomingStreams(options: IncomingOptions): IncomingStreams {
  const gone = new AbortController();
  const { all, get, announce, giveUp, open, hasAll, complete, takeRuns } = createStreams(options, gone.signal);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  const waitFor = <T>(awaited: PromiseWithResolvers<T>): Promise<T> => Promise.race([awaited.promise, ended.promise]);
  /** Resolves when a stream and all before it are in the store, those that came in place of void ones included. */
  const settleUpTo = async (number: number): Promise<void> => {
    let last = number;
    for (let i = 0; i <= last; i++) {
      const incoming = get(i);
      if (incoming.isKept && !incoming.isVoid) continue;
      try {
        // Up to the number asked for the order of frames says that everything has come.
        if (i > number && !incoming.isVoid && !(await hasAll(i))) await waitFor(incoming.claimed);
        if (!incoming.isVoid) await complete(i);
        await incoming.stored;
      } catch (error) {
        if (!giveUp(i, error)) throw error;
      }
      if (incoming.isVoid) last = Math.max(last, await waitFor(incoming.successor));
    }
  };
  return {
    announce,
    async segment({ stream, runs }) {
      const dropped = { stored: Promise.resolve() };
      if (get(stream).isVoid) return dropped;
      if (isMade(get(stream))) throw tooManyChunks();
      let incoming: Opened;
      try {
        incoming = await open(stream);
      } catch (error) {
        if (!giveUp(stream, error)) throw error;
        return dropped;
      }
      const stored = Promise.all(await takeRuns(incoming, runs)).then(() => undefined);
      if (await hasAll(stream)) {
        incoming.claimed.resolve();
        // Proven at once, while later streams are still on their way.
        stored.then(() => settleUpTo(stream)).catch(() => {});
      }
      return { stored };
    },
    async finish(number) {
      await settleUpTo(number);
      let current = number;
      while (get(current).isVoid) current = await waitFor(get(current).successor);
      return complete(current);
    },
    giveUp,
    end() {
      const error = new TransferError('PEER_LOST', 'the sender went before it sent everything again');
      ended.reject(error);
      gone.abort(error);
    },
    async settled() {
      await Promise.allSettled(all().flatMap(({ running, answered }) => [...running, answered]));
      for (const [number, incoming] of all().entries()) {
        if (!incoming.isVoid && isWhole(incoming)) await complete(number).catch(() => {});
        await incoming.stored?.catch(() => {});
        incoming.claim.end();
      }
    },
    begun() {
      const own = all().flatMap(begunStream);
      const ids = new Set(own.map(({ id }) => hex(id)));
      return [...options.begun().filter(({ id }) => !ids.has(hex(id))), ...own].slice(-BASES_MAX);
    },
  };
}

/** Its recipe was made, and is in the store or on its way there. */
function isMade({ recipe, isKept }: Incoming): boolean {
  return recipe !== undefined || isKept;
}

/** All of its content is in the store, and its recipe is not. */
function isWhole({ difference, recipe, ids }: Incoming): boolean {
  return recipe !== undefined || (difference !== undefined && ids.lacking === 0);
}

/** Lets go what a recipe was made with: where it cannot be kept, its content is asked for again. */
function release(incoming: Incoming): void {
  incoming.bases = [];
  incoming.ids = createFreshIds(0);
  incoming.difference = undefined;
  incoming.wanted = undefined;
}

/** The streams of a session by their numbers, and the steps that each of them goes through. */
function createStreams(options: IncomingOptions, gone: AbortSignal) {
  const { unfinished, slots } = options.underWay;
  const recipes = createRecentRecipes(options.loadRecipe);
  const streams: Incoming[] = [];
  let keeping: Promise<void> = Promise.resolve();
  /** Set with the first void stream: the store's word is not enough any more. */
  let careful = false;

  const get = (number: number): Incoming => {
    const incoming = streams[number];
    if (incoming === undefined) throw new TransferError('PROTOCOL_VIOLATION', `stream ${number} was never announced`);
    return incoming;
  };
  const giveUp = (number: number, error: unknown): boolean => {
    const incoming = get(number);
    if (incoming.isVoid) return true;
    const failure = TransferError.from(error);
    const isSecond = streams.some((other) => other.isVoid && equalBytes(other.frame.id, incoming.frame.id));
    if (failure.code !== 'INTEGRITY' || isSecond) return false;
    incoming.isVoid = true;
    incoming.claimed.resolve();
    incoming.claim.end();
    careful = true;
    // A stream that could not even be opened told already which recipe was lost.
    const isOpened = incoming.difference !== undefined || isMade(incoming);
    const suspects = isOpened ? incoming.frame.bases.filter((base) => base.kind === 'held') : [];
    options.onVoid(number, failure, suspects.flatMap(({ index }) => options.heldBases()[index] ?? [])); // prettier-ignore
    return true;
  };
  /** Decodes the difference once everything before it is whole: later streams lean on earlier ones. */
  const open = async (number: number): Promise<Opened> => {
    const incoming = get(number);
    await incoming.answered;
    if (incoming.difference === undefined) {
      const { frame, baseIds, nestable } = incoming;
      incoming.bases = await Promise.all(
        frame.bases.map((base, i) => (base.kind === 'sent' ? complete(base.stream) : recipes.load(baseIds[i] as Id))),
      );
      incoming.difference = decodeDifference(frame.recipe, incoming.bases, nestable);
      const { freshLengths } = incoming.difference;
      incoming.ids = incoming.ids.grown(freshLengths.length);
      incoming.wanted ??= Uint32Array.from(freshLengths.keys());
      options.onContent?.(frame.image, 0, incoming.wanted.reduce((sum, index) => sum + (freshLengths[index] ?? 0), 0)); // prettier-ignore
    }
    return incoming as Opened;
  };
  /** Whether runs have claimed all that is wanted of a stream. */
  const hasAll = async (number: number): Promise<boolean> => {
    const incoming = get(number);
    return isMade(incoming) || (await open(number)).wanted?.length === incoming.arrived;
  };
  const complete = async (number: number): Promise<Recipe> => {
    const incoming = get(number);
    if (!incoming.isVoid && !isMade(incoming)) await open(number);
    await Promise.all(incoming.running);
    if (incoming.isVoid) throw new TransferError('INTEGRITY', `stream ${number} is void`);
    // What is kept is read again where it is wanted again: that of most streams is not.
    if (incoming.isKept) return recipes.load(incoming.frame.id);
    return (incoming.recipe ??= resolved(incoming as Opened));
  };
  const resolved = (incoming: Opened): Recipe => {
    const { frame, difference } = incoming;
    const { lacking } = incoming.ids;
    if (lacking !== 0) throw new TransferError('PROTOCOL_VIOLATION', `stream ${frame.stream} lacks ${lacking} chunks`);
    const rows = difference.resolve(incoming.ids, frame.id);
    const recipe = frame.wrapping === undefined ? rows : wrap(rows, frame.wrapping);
    release(incoming);
    // One after the other: a stream that nests others is proven with their recipes, which must be in the store by then.
    incoming.stored = keeping.then(async () => {
      await keep(recipe, frame.skeleton, options);
      markKept(incoming);
      recipes.add(recipe);
    });
    keeping = incoming.stored.catch(() => {}).then(() => incoming.claim.end());
    return recipe;
  };
  /** Takes the runs of a segment; each that fails makes the stream void or rejects. */
  const takeRuns = async (incoming: Opened, runs: readonly Run[]): Promise<Promise<void>[]> => {
    const jobs: Promise<void>[] = [unfinished.begin(incoming.frame.id)];
    for (const run of runs) {
      await slots.take();
      const job = takeRun(incoming, run, careful, options)
        .finally(() => slots.give())
        .catch((error: unknown) => {
          if (!giveUp(incoming.frame.stream, error)) throw error;
        });
      jobs.push(job);
      incoming.running.add(job);
      void job.catch(() => {}).then(() => incoming.running.delete(job));
    }
    return jobs;
  };
  const announcements = createAnnouncements(streams, options, gone);
  const announce = async (frame: StreamFrame): Promise<Needed | undefined> => {
    const incoming = announcements.take(frame);
    if (incoming.isKept || incoming.frame.recipe.byteLength > 0) return announcements.answer(incoming, careful);
    giveUp(frame.stream, new TransferError('INTEGRITY', 'the announcement of a stream on an earlier connection is forgotten'));
    return undefined;
  };
  return { all: () => streams, get, announce, giveUp, open, hasAll, complete, takeRuns };
}
