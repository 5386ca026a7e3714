/** Takes announcements of streams: new ones, and those that go on from an earlier connection of the shipment; and answers what is needed of them. */
import { equalBytes, splitBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Id } from '../../shared/hash.ts';
import type { BaseReference, StreamFrame } from '../../shared/wire/bulk.ts';
import { createFreshIds } from './fresh-ids.ts';
import { createIncoming, findAsked, type Incoming, type IncomingOptions } from './incoming-stream.ts';
import type { Needed } from './need.ts';
import type { BegunStream } from './under-way.ts';

const NOTHING = new Uint8Array(0);

export interface Announcements {
  /** Adds the stream to `streams` at once. @throws TransferError PROTOCOL_VIOLATION */
  take(frame: StreamFrame): Incoming;
  /** See `IncomingStreams.announce`. @param careful only what can be read counts as there. */
  answer(incoming: Incoming, careful: boolean): Promise<Needed | undefined>;
}

/** @param gone aborts when no more frames come. */
export function createAnnouncements(streams: Incoming[], options: IncomingOptions, gone: AbortSignal): Announcements {
  const { claims } = options.underWay;
  const baseId = (base: BaseReference): Id => {
    const id = base.kind === 'sent' ? streams[base.stream]?.frame.id : options.heldBases()[base.index];
    if (id !== undefined) return id;
    const which = base.kind === 'sent' ? `stream ${base.stream} was never announced` : `base ${base.index} was not in the answer`;
    throw new TransferError('PROTOCOL_VIOLATION', which);
  };
  /** What was announced before goes on with what came of it. */
  const goOn = (frame: StreamFrame, baseIds: readonly Id[]): Incoming | undefined => {
    const before = options.begun().find(({ id }) => equalBytes(id, frame.id));
    const isSame = before?.bases.length === baseIds.length && before.bases.every((id, i) => equalBytes(id, baseIds[i] as Id));
    if (before === undefined || !isSame) return undefined;
    const incoming = createIncoming({ ...frame, recipe: before.recipe }, baseIds, before.nestable, claims.begin(frame.id, streams));
    incoming.goesOn = true;
    if (before.isKept) markKept(incoming);
    incoming.ids = before.ids.grown(0);
    if (before.ids.length > 0) incoming.wanted = before.ids.places();
    return incoming;
  };
  /** Finds what the store has of what is asked, once others that are at work on some of it are done. */
  const ask = async (incoming: Incoming, careful: boolean): Promise<void> => {
    const { frame, claim } = incoming;
    await options.underWay.settled();
    let ids = await findAsked(frame, careful, options);
    const prefixes = splitBytes(frame.asked, frame.askBytes);
    const missing = (): Uint8Array[] => prefixes.filter((_, i) => ids[i] === undefined);
    if (options.knowsOthers && missing().length > 0 && (await claim.waitForOthers(missing(), gone)))
      ids = await findAsked(frame, careful, options);
    incoming.ids = createFreshIds(ids.length, ids);
    incoming.wanted = incoming.ids.places();
  };
  return {
    take(frame) {
      if (frame.stream !== streams.length)
        throw new TransferError('PROTOCOL_VIOLATION', `stream ${frame.stream} follows stream ${streams.length - 1}`);
      const baseIds = frame.bases.map(baseId);
      // A stream that nests none need not know which there are.
      const nestable = frame.skeleton === undefined && frame.wrapping === undefined ? [] : streams.map((before) => before.frame.id);
      const incoming =
        (frame.recipe.byteLength === 0 ? goOn(frame, baseIds) : undefined) ??
        createIncoming(frame, baseIds, nestable, claims.begin(frame.id, streams));
      streams.push(incoming);
      // At once, so that of many who ask at the same time one is told to send, and the others wait for it.
      if (frame.askBytes > 0) incoming.claim.add(splitBytes(frame.asked, frame.askBytes));
      for (const before of streams) if (before.isVoid && equalBytes(before.frame.id, frame.id)) before.successor.resolve(frame.stream);
      return incoming;
    },
    async answer(incoming, careful) {
      const { frame, goesOn } = incoming;
      if (incoming.isKept) return 'held';
      if (frame.askBytes === 0) return goesOn ? incoming.ids.unknown() : undefined;
      incoming.answered = ask(incoming, careful);
      await incoming.answered;
      return incoming.ids.unknown();
    },
  };
}

/** The recipe is in the store: nothing that it was made of is needed any more, nor waited for by others. */
export function markKept(incoming: Incoming): void {
  incoming.isKept = true;
  incoming.recipe = undefined;
  incoming.ids = createFreshIds(0);
  incoming.frame = { ...incoming.frame, recipe: NOTHING };
  incoming.claimed.resolve();
  incoming.claim.end();
}

/** What another connection can go on with; none where the stream is void. */
export function begunStream({ isVoid, isKept, frame: { id, recipe }, baseIds: bases, nestable, ids }: Incoming): BegunStream[] {
  return isVoid ? [] : [{ id, isKept, recipe, bases, nestable, ids }];
}
