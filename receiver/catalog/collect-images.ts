/**
 * Collecting at the receiver: chooses the images that go, by rules, by quota or because they are to be forgotten, marks what the others and
 * all that is under way need, and has the store forget the rest. Rules: STORE.md, "Collecting".
 */
import { TransferError } from '../../shared/errors.ts';
import { hex, type Id, idFromHex } from '../../shared/hash.ts';
import { createReach, type Reach } from '../../shared/image/reach.ts';
import type { CollectReport, Store, Verdict } from '../../shared/store/port.ts';
import type { Catalog, ImageRecord } from './catalog.ts';
import { chooseGoing, namesOf, type KeepRules } from './keep-rules.ts';
import type { Uses } from './uses.ts';

export interface CollectRequest {
  readonly rules: KeepRules;
  /** Go whatever the rules say, pinned ones too. */
  readonly forget: readonly ImageRecord[];
  /** The oldest unpinned images go until the packs have at most so many bytes; the newest stays. */
  readonly diskBytesMax?: number | undefined;
  readonly dryRun: boolean;
  readonly wipe: boolean;
  /** The share of a pack that may be waste. */
  readonly wasteMax: number;
  /** How long content stays that came with a shipment which was not finished. */
  readonly keepUnfinishedMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CollectContext {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly uses: Uses;
  readonly now: number;
}

export interface Collected extends CollectReport {
  /** That went, or would go. */
  readonly images: readonly ImageRecord[];
  /** That were to go and stay, because something that is under way uses them. */
  readonly inUse: readonly ImageRecord[];
}

/** Durable when it resolves. @throws TransferError NO_SPACE; INTERRUPTED; INTEGRITY where an image that stays has lost a recipe. */
export async function collectImages(request: CollectRequest, context: CollectContext): Promise<Collected> {
  return context.uses.whileCollecting(() => collect(request, context));
}

async function collect(request: CollectRequest, context: CollectContext): Promise<Collected> {
  const { store, catalog, uses, now } = context;
  const { dryRun, wipe, wasteMax, diskBytesMax, signal } = request;
  let going: ImageRecord[] = [];
  let inUse: ImageRecord[] = [];
  const mark = async (): Promise<Verdict> => {
    const chosen = new Set([...request.forget, ...chooseGoing(catalog.records(), request.rules, now)]);
    for (const record of await chooseOverQuota(request, context, chosen)) chosen.add(record);
    // Nothing else runs between the question whether an image is used and its going.
    inUse = [...chosen].filter((record) => uses.isImageUsed(record));
    going = [...chosen].filter((record) => !uses.isImageUsed(record));
    if (!dryRun) for (const record of going) catalog.drop(record);
    const leaving = new Set(going.map(({ archive }) => archive));
    const isLeaving = (key: Id): boolean => leaving.has(hex(key)) && (dryRun || catalog.byArchive(key) === undefined);

    const needed = createReach(store, { signal });
    for (const record of catalog.records()) if (!leaving.has(record.archive)) await addImage(needed, record);
    await addUsed(needed, uses);
    const released = createReach(store, { onLost: () => undefined, signal });
    for (const record of going) await addImage(released, record);
    return (name) => {
      if (name.kind === 'image') return isLeaving(name.key) ? 'released' : 'needed';
      if (needed.has(name) || uses.isUsed(name)) return 'needed';
      return released.has(name) ? 'released' : 'unknown';
    };
  };
  try {
    const unfinishedSinceMs = now - request.keepUnfinishedMs;
    const report = await store.collect({ mark, dryRun, wasteMax, diskBytesMax, unfinishedSinceMs, wipe, signal });
    return { ...report, images: going, inUse };
  } catch (error) {
    if (!dryRun) await putBack(store, catalog, going).catch(() => undefined);
    throw error;
  }
}

/** An image whose removal did not come to pass is still there, and whole. */
async function putBack(store: Store, catalog: Catalog, going: readonly ImageRecord[]): Promise<void> {
  const isThere = await store.hasMany(
    'image',
    going.map(({ archive }) => idFromHex(archive)),
  );
  for (const [at, record] of going.entries()) if (isThere[at] === true) catalog.restore(record);
}

/** The oldest images that do not fit beside the newer ones, the pinned ones and what is in use. */
async function chooseOverQuota(
  { diskBytesMax, signal }: CollectRequest,
  { store, catalog, uses }: CollectContext,
  chosen: ReadonlySet<ImageRecord>,
): Promise<ImageRecord[]> {
  if (diskBytesMax === undefined) return [];
  const counted = createReach(store, { countBytes: true, onLost: () => undefined, signal });
  let bytes = await addUsed(counted, uses);
  const staying = catalog.records().filter((record) => !chosen.has(record));
  for (const record of staying) if (record.pinned === true) bytes += await addImage(counted, record);
  const unpinned = staying.filter((record) => record.pinned !== true);
  for (const [at, record] of unpinned.entries()) {
    bytes += await addImage(counted, record);
    if (at > 0 && bytes > diskBytesMax) return unpinned.slice(at);
  }
  return [];
}

async function addImage(reach: Reach, record: ImageRecord): Promise<number> {
  let bytes = 0;
  try {
    for (const stream of [record.archive, ...record.streams]) bytes += await reach.add(idFromHex(stream));
  } catch (error) {
    const { code, message } = TransferError.from(error);
    if (code !== 'INTEGRITY') throw error;
    const name = namesOf(record)[0] ?? record.images[0]?.configDigest ?? record.archive;
    throw new TransferError('INTEGRITY', `nothing was collected: what the image ${name} needs cannot be known (${message})`, {
      cause: error,
      hint: 'ship the image again, `lightermand repair` the store, or `lightermand forget` the image',
    });
  }
  return bytes;
}

/** What is under way leans on these; one that has lost something will find that out by itself. */
async function addUsed(reach: Reach, uses: Uses): Promise<number> {
  let bytes = 0;
  for (const stream of uses.streams()) {
    try {
      bytes += await reach.add(idFromHex(stream));
    } catch (error) {
      if (TransferError.from(error).code !== 'INTEGRITY') throw error;
    }
  }
  return bytes;
}
