/**
 * The sender's story: for each source ask what the receiver holds, read the image once into the pool, announce its streams and send
 * what is missing while later layers are still being read, ask for delivery, and wait for the receipts.
 */
import type { Channel, WireCounters } from '../shared/channel/port.ts';
import type { Clock } from '../shared/clock.ts';
import type { Effort } from '../shared/delta/content.ts';
import { TransferError } from '../shared/errors.ts';
import { hex, type Id } from '../shared/hash.ts';
import { normaliseReference } from '../shared/image/reference.ts';
import { loadRecipe, type StoredArchive } from '../shared/image/stored-archive.ts';
import type { Store } from '../shared/store/port.ts';
import { createAccounting, type Accounting, type Breakdown } from './accounting.ts';
import { createBaseChooser } from './bases.ts';
import { createEffortControl, type EffortControl } from './effort.ts';
import { createDryRunChannel } from './dry-run-channel.ts';
import { createEncodePool } from './encode-pool.ts';
import { createRateMeter } from './link-rate.ts';
import { bytesPerLayer, type LayerBytes } from './per-layer.ts';
import { compareIdentities, type Identity } from './identity.ts';
import { noteOfOpaque } from './opaque-layers.ts';
import { createSession, type Answer, type Offer, type Receipt, type Session } from './session.ts';
import { createShipment, type Announced, type Shipment } from './shipment.ts';
import { readSource, type PooledStream, type Source } from './source.ts';

export interface ShipRequest {
  readonly sources: readonly Source[];
  /** Name that the (single) image gets over there; undefined keeps its own. */
  readonly as: string | undefined;
  readonly effort: Effort;
  /** What got through to this receiver the last time, where that is known. */
  readonly bytesPerSecond?: number | undefined;
  readonly dryRun: boolean;
}

export interface ShipContext {
  readonly pool: Store;
  /** Where compressed layers are laid aside while they are read: beside the pool there is room. */
  readonly spoolDirectory?: string | undefined;
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly agent: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onProgress(phase: string, done: number, total: number): void;
}

export interface ShippedImage {
  readonly ref: string;
  readonly imageId: string;
  readonly layers: { readonly total: number; readonly held: number };
  readonly archiveBytes: number;
  readonly newBytes: number;
  readonly pushed: readonly string[];
  /** What of the image is the same at both ends; undefined where nothing was delivered. */
  readonly identity?: Identity;
}

export interface ShipResult {
  /** Nothing but questions crossed; `wire` is what would have. */
  readonly dryRun: boolean;
  readonly images: readonly ShippedImage[];
  readonly notes: readonly string[];
  readonly wire: WireCounters;
  readonly breakdown: Breakdown;
  /** Every layer of every source, in order, and what is left of each archive. Adds up to `wire` but for offers, commits and what they lead to. */
  readonly perLayer: readonly LayerBytes[];
  /** What got through while content crossed; undefined where that was too little to tell. */
  readonly bytesPerSecond: number | undefined;
  readonly seconds: { readonly read: number; readonly send: number; readonly deliver: number; readonly total: number };
}

/** What shipping one source came to, before its receipt. */
interface Shipped {
  readonly image: number;
  readonly ref: string;
  readonly layers: ShippedImage['layers'];
  /** Undefined where the receiver held the image and nothing was read. */
  readonly archive: StoredArchive | undefined;
  readonly newBytes: number;
  /** For the user, where there is something to say. */
  readonly note?: string | undefined;
}

/** @throws TransferError of any code; what the receiver acknowledged stays there and is not sent again. */
export async function shipImages(request: ShipRequest, context: ShipContext): Promise<ShipResult> {
  const began = context.clock.monotonic();
  const marks = { read: began, send: began };
  await using stack = new AsyncDisposableStack();
  // Connected at once, so that a wrong address shows before gigabytes are read.
  const channel = await context.connect(context.signal);
  const onAbort = (): void => channel.abort();
  context.signal.addEventListener('abort', onAbort, { once: true });
  stack.defer(() => context.signal.removeEventListener('abort', onAbort));
  const accounting = createAccounting();
  const watched = accounting.watch(request.dryRun ? createDryRunChannel(channel) : channel);
  const effort = createEffortControl(request.effort, context.clock, request.bytesPerSecond);
  const meter = createRateMeter(context.clock);
  const session = createSession(watched, context.agent, {
    onProgress: ({ phase, done, total }) => context.onProgress(phase, done, total),
    onSent(segment, bytes) {
      effort.sent(segment, bytes);
      meter.sent(segment, bytes);
    },
    onStored(segment, idle) {
      effort.stored(segment, idle);
      meter.stored(segment, idle);
    },
    window: () => effort.window(),
    onBaseGone: (stream) => voyage.shipment.addAgain(stream),
  });
  stack.defer(() => session.close());
  const voyage = createVoyage(context, session, accounting, effort, stack);

  const shipped: Shipped[] = [];
  for (const source of request.sources) shipped.push(await shipSource(source, request, context, voyage));
  marks.read = context.clock.monotonic();
  await voyage.shipment.drain();
  marks.send = context.clock.monotonic();
  const receipts = request.dryRun ? [] : await Promise.all(shipped.map(({ image }) => session.receipt(image)));
  await session.close();
  const wire = watched.counters;
  const images = shipped.flatMap((one, i) => imagesOf(one, (request.sources[i] as Source).inspection?.imageId, receipts[i]));
  const end = context.clock.monotonic();
  return {
    dryRun: request.dryRun,
    images,
    notes: [
      ...shipped.flatMap(({ note }) => note ?? []),
      ...receipts.flatMap((receipt) => receipt.notes),
      ...images.flatMap(({ ref, identity }) => (identity?.changed ?? []).map((change) => `${ref}: ${change}`)),
    ],
    wire,
    breakdown: accounting.breakdown(wire),
    perLayer: bytesPerLayer(
      request.sources.map(({ name, inspection }, i) => {
        const { ref, archive } = shipped[i] as Shipped;
        return { image: ref === '' ? name : ref, archive, diffIds: inspection?.diffIds ?? [] };
      }),
      (id) => accounting.total(voyage.shipment.numbersOf(id)),
    ),
    bytesPerSecond: request.dryRun ? undefined : meter.bytesPerSecond(),
    seconds: {
      read: (marks.read - began) / 1000,
      send: (marks.send - began) / 1000,
      deliver: (end - marks.send) / 1000,
      total: (end - began) / 1000,
    },
  };
}

interface Voyage {
  readonly shipment: Shipment;
  /** Raw bytes of content sent so far. */
  contentBytes(): number;
  offer(offer: Offer): Promise<{ image: number; answer: Answer }>;
  commit(image: number, archiveId: Id, ref: string): Promise<void>;
}

function createVoyage(
  context: ShipContext,
  session: Session,
  accounting: Accounting,
  effort: EffortControl,
  stack: AsyncDisposableStack,
): Voyage {
  const { pool } = context;
  const bases = createBaseChooser({
    ids: async () => Array.fromAsync(pool.keys('recipe')),
    load: (id) => loadRecipe(pool, id),
  });
  let complete = true;
  let listed = false;
  const amount = { planned: 0, sent: 0 };
  const shipment = createShipment({
    session,
    pool,
    bases,
    accounting,
    encoders: stack.use(createEncodePool()),
    effort: () => effort.current(),
    segmentBytes: () => effort.segmentBytes(),
    plan: () => effort.plan(),
    loadRecipe: (id) => loadRecipe(pool, id),
    ask: async () => !complete || !(await bases.knowsAllHeld()),
    onPlanned: (bytes) => void (amount.planned += bytes),
    onSent: (bytes) => context.onProgress('sending', (amount.sent += bytes), amount.planned),
  });
  return {
    shipment,
    contentBytes: () => amount.sent,
    commit: (image, archiveId, ref) => session.commit(image, shipment.streamOf(archiveId), ref),
    async offer(offer) {
      const { image, answer } = session.offer(offer);
      const answered = await answer;
      complete = answered.complete;
      if (!listed && answered.bases.length > 0) {
        bases.setHeld(answered.bases);
        listed = true;
      }
      return { image, answer: answered };
    },
  };
}

/** Reads one source, sends what the receiver lacks of it, and asks for delivery. */
async function shipSource(source: Source, request: ShipRequest, context: ShipContext, voyage: Voyage): Promise<Shipped> {
  const { inspection } = source;
  const offer: Offer = {
    ref: request.as ?? nameOf(source),
    imageId: inspection && digestBytes(inspection.imageId),
    archiveId: undefined,
    diffIds: inspection?.diffIds.map(digestBytes) ?? [],
    deliver: !request.dryRun,
  };
  const before = voyage.contentBytes();
  let offered = inspection === undefined ? undefined : await voyage.offer(offer);
  if (offered?.answer.held === true)
    return { image: offered.image, ref: offer.ref, layers: heldLayers(inspection?.diffIds.length ?? 0), archive: undefined, newBytes: 0 };

  // An archive is offered when the first thing that the pool does not know turns up: one that it knows whole costs one round trip. After a
  // dry run the pool knows it whole, so that is what a dry run tells of.
  const waiting: PooledStream[] = [];
  const announced = new Map<string, Announced>();
  const opaque = new Set<string>();
  const announce = async (stream: PooledStream, image: number): Promise<void> => {
    const sent = await voyage.shipment.add(image, stream.recipe);
    if (sent !== undefined) announced.set(hex(stream.id), sent);
  };
  const archive = await readSource(source, context.pool, {
    signal: context.signal,
    spoolDirectory: context.spoolDirectory,
    onProgress: (phase, done, total) => context.onProgress(phase, done, total),
    onStream: async (stream) => {
      waiting.push(stream);
      if (stream.isOpaque) opaque.add(hex(stream.id));
      // The archive itself comes last, and is looked at as a whole before anything of it is committed.
      if (stream.path === '') return;
      if (offered === undefined && !stream.known && !request.dryRun) offered = await voyage.offer(offer);
      if (offered !== undefined) for (const next of waiting.splice(0)) await announce(next, offered.image);
    },
  });
  if (request.as !== undefined && archive.index.images.length > 1)
    throw new TransferError('USAGE', `--as names one image, but ${source.name} holds ${archive.index.images.length}`);
  const ref = offer.ref === '' && archive.index.images.length === 1 ? (archive.index.images[0]?.refs[0] ?? '') : offer.ref;
  offered ??= await voyage.offer({ ...offer, ref, archiveId: archive.recipe.id });
  if (offered.answer.held) return { image: offered.image, ref, layers: heldLayers(layersOf(archive)), archive, newBytes: 0 };
  for (const stream of waiting) await announce(stream, offered.image);
  await voyage.shipment.drain();
  // Not announced: the receiver holds the image, and could not know it by what the first offer said.
  if (voyage.shipment.streamOf(archive.recipe.id) < 0) {
    const { image, answer } = await voyage.offer({ ...offer, ref, imageId: undefined, archiveId: archive.recipe.id });
    if (!answer.held) throw new TransferError('PROTOCOL_VIOLATION', `the receiver named ${source.name} as held and does not have it`);
    return { image, ref, layers: heldLayers(layersOf(archive)), archive, newBytes: voyage.contentBytes() - before };
  }
  await context.pool.flush();
  await voyage.commit(offered.image, archive.recipe.id, ref);
  const newBytes = voyage.contentBytes() - before;
  return { image: offered.image, ref, layers: countLayers(archive, announced), archive, newBytes, note: noteOfOpaque(source.name, archive, opaque) }; // prettier-ignore
}

/** The name that an engine's image is delivered under: the one that the user wrote, where it is one; archives tell theirs later. */
function nameOf({ name, inspection }: Source): string {
  if (inspection === undefined) return '';
  const written = normaliseReference(name);
  return inspection.refs.includes(written) ? written : (inspection.refs[0] ?? '');
}

function layersOf(archive: StoredArchive): number {
  return archive.index.images.reduce((sum, image) => sum + image.layers.length, 0);
}

function heldLayers(total: number): ShippedImage['layers'] {
  return { total, held: total };
}

/** A layer is held where nothing of it was sent: its stream was not announced, or none of its chunks was fresh. */
function countLayers(archive: StoredArchive, announced: ReadonlyMap<string, Announced>): ShippedImage['layers'] {
  const fresh = announced.get(hex(archive.recipe.id))?.freshIds ?? new Set<string>();
  const isHeld = (name: string): boolean => {
    const member = archive.member(name);
    if (member === undefined) return false;
    return member.stream === undefined ? !member.chunks.some((chunk) => fresh.has(hex(chunk.id))) : !announced.has(hex(member.stream));
  };
  const layers = archive.index.images.flatMap((image) => image.layers);
  return { total: layers.length, held: layers.filter((layer) => isHeld(layer.member)).length };
}

function digestBytes(digest: string): Uint8Array {
  return Buffer.from(digest.replace(/^sha256:/, ''), 'hex');
}

/** Without a receipt (nothing was delivered) the image is what the source says. */
function imagesOf({ ref, archive, layers, newBytes }: Shipped, idHere: string | undefined, receipt: Receipt | undefined): ShippedImage[] {
  const read = { layers, archiveBytes: archive?.recipe.bytes ?? 0, newBytes };
  if (receipt === undefined) return [{ ref, imageId: archive?.index.images[0]?.configDigest ?? '', ...read, pushed: [] }];
  return receipt.images.map(({ refs, configDigest, imageId, pushed }, i) => {
    const here = { imageId: idHere, manifestDigest: archive?.index.images[i]?.descriptor?.digest };
    return { ref: refs[0] ?? ref, imageId, ...read, pushed, identity: compareIdentities(here, { configDigest, imageId, pushed }) };
  });
}
