/**
 * The sender's story: for each source ask what the receiver holds, read the image once into the pool, announce its streams and send
 * what is missing while later layers are still being read, ask for delivery, and wait for the receipts. Where the link breaks, connect
 * again and go on after what is durable over there.
 */
import { equalBytes } from '../shared/bytes.ts';
import type { Channel, WireCounters } from '../shared/channel/port.ts';
import type { Clock } from '../shared/clock.ts';
import type { Effort } from '../shared/delta/content.ts';
import { TransferError } from '../shared/errors.ts';
import { hex, type Id } from '../shared/hash.ts';
import { normaliseReference } from '../shared/image/reference.ts';
import type { StoredArchive } from '../shared/image/stored-archive.ts';
import type { Store } from '../shared/store/port.ts';
import { createAccounting, type Breakdown } from './account/accounting.ts';
import { createCrossing } from './link/crossing.ts';
import { createEffortControl } from './link/effort.ts';
import { createEncodePool, type EncodePool } from './content/encode-pool.ts';
import { createRateMeter } from './link/link-rate.ts';
import { bytesPerLayer, type LayerBytes } from './account/per-layer.ts';
import { compareIdentities, type Identity } from './account/identity.ts';
import { noteOfOpaque } from './account/opaque-layers.ts';
import { createReading, type Reading } from './reading.ts';
import type { Receipt } from './link/answers.ts';
import type { Offer, Wish } from './link/session.ts';
import type { Announced, Announcement } from './shipment.ts';
import type { PooledStream, Source } from './source.ts';
import type { Voyage } from './link/voyage.ts';

export interface ShipRequest {
  readonly sources: readonly Source[];
  /** Name that the (single) image gets over there; undefined keeps its own. */
  readonly as: string | undefined;
  readonly effort: Effort;
  /** What got through to this receiver the last time, where that is known. */
  readonly bytesPerSecond?: number | undefined;
  readonly dryRun: boolean;
  /** Delivered and proven, but not loaded, named or pushed until it is activated. */
  readonly stage?: boolean;
  /** How long to try again without progress where the link breaks, in milliseconds; 0 for not at all. A dry run does not. */
  readonly retryMs: number;
}

export interface ShipContext {
  readonly pool: Store;
  /** Where compressed layers are laid aside while they are read: beside the pool there is room. */
  readonly spoolDirectory?: string | undefined;
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly agent: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** By default one of its own. */
  readonly encoders?: EncodePool;
  readonly signal: AbortSignal;
  onProgress(phase: string, done: number, total: number): void;
  /** One line about what goes on: that the link broke. */
  onNote(text: string): void;
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
  /** Id of the transfer, as the receiver's log has it. */
  readonly transfer: string;
  /** Nothing was delivered yet: it waits over there to be activated. */
  readonly isStaged: boolean;
  /** Nothing but questions crossed; `wire` is what would have. */
  readonly dryRun: boolean;
  readonly images: readonly ShippedImage[];
  readonly notes: readonly string[];
  /** One for each source; none after a dry run. */
  readonly receipts: readonly (Receipt & Pick<ShippedImage, 'archiveBytes' | 'newBytes'>)[];
  readonly wire: WireCounters;
  readonly breakdown: Breakdown;
  /** Every layer of every source, in order, and what is left of each archive. Adds up to `wire` but for offers, commits and what they lead to. */
  readonly perLayer: readonly LayerBytes[];
  /** What got through while content crossed; undefined where that was too little to tell. */
  readonly bytesPerSecond: number | undefined;
  /** Connections beyond the first. */
  readonly reconnections: number;
  readonly seconds: { readonly read: number; readonly send: number; readonly deliver: number; readonly total: number };
}

/** One source on its way, over however many connections. */
interface Cargo {
  readonly source: Source;
  readonly reading: Reading;
  /** Streams that were announced, as they were the first time, by their ids in hex. */
  readonly announced: Map<string, Announced>;
  /** The layers of streams that are files, by their ids in hex: one list for all sources. */
  readonly layerOfFile: Map<string, Id>;
  newBytes: number;
  /** What it came to on the latest connection, before its receipt. */
  shipped: Shipped | undefined;
  receipt: Receipt | undefined;
}

interface Shipped {
  readonly image: number;
  readonly ref: string;
  readonly layers: ShippedImage['layers'];
  /** Undefined where the receiver held the image and nothing was read. */
  readonly archive: StoredArchive | undefined;
  /** For the user, where there is something to say. */
  readonly note?: string | undefined;
}

/** @throws TransferError of any code; what the receiver acknowledged stays there and is not sent again. */
export async function shipImages(request: ShipRequest, context: ShipContext): Promise<ShipResult> {
  const began = context.clock.monotonic();
  const marks = { read: began, send: began };
  await using stack = new AsyncDisposableStack();
  const accounting = createAccounting();
  const meter = createRateMeter(context.clock);
  const amount = { planned: 0, sent: 0 };
  const announcements = new Map<string, Announcement>();
  const layerOfFile = new Map<string, Id>();
  const crossing = createCrossing(request, context, {
    accounting,
    announcements,
    meter,
    amount,
    effort: createEffortControl(request.effort, context.clock, request.bytesPerSecond),
    encoders: context.encoders ?? stack.use(createEncodePool()),
  });
  const cargoes = request.sources.map((source): Cargo => ({
    source,
    reading: stack.use(createReading(source, context.pool, { ...context, now: context.clock.now() })),
    announced: new Map(),
    layerOfFile,
    newBytes: 0,
    shipped: undefined,
    receipt: undefined,
  }));
  await crossing.run(async (voyage) => {
    const left = cargoes.filter(({ receipt }) => receipt === undefined);
    for (const cargo of left) {
      const sentBefore = amount.sent;
      const account = (): void => void (cargo.newBytes += amount.sent - sentBefore);
      cargo.shipped = await shipSource(cargo, request, context, voyage).finally(account);
      if (!request.dryRun) voyage.receipt(cargo.shipped.image).then((receipt) => void (cargo.receipt = receipt), () => {}); // prettier-ignore
    }
    marks.read = context.clock.monotonic();
    await voyage.shipment.drain();
    marks.send = context.clock.monotonic();
    if (!request.dryRun) await Promise.all(left.map(async (cargo) => (cargo.receipt = await voyage.receipt((cargo.shipped as Shipped).image)))); // prettier-ignore
  });
  const { wire, reconnections } = crossing;
  const images = cargoes.flatMap(imagesOf);
  const end = context.clock.monotonic();
  return {
    transfer: crossing.transfer,
    isStaged: request.stage === true && !request.dryRun,
    dryRun: request.dryRun,
    images,
    notes: [
      ...cargoes.flatMap(({ shipped }) => shipped?.note ?? []),
      ...cargoes.flatMap(({ receipt }) => receipt?.notes ?? []),
      ...images.flatMap(({ ref, identity }) => (identity?.changed ?? []).map((change) => `${ref}: ${change}`)),
    ],
    receipts: cargoes.flatMap(({ receipt, shipped, newBytes }) => (receipt === undefined ? [] : { ...receipt, newBytes, archiveBytes: shipped?.archive?.recipe.bytes ?? 0 })), // prettier-ignore
    wire,
    breakdown: accounting.breakdown(wire),
    perLayer: bytesPerLayer(
      cargoes.map(({ source: { name, inspection }, shipped }) => {
        const { ref, archive } = shipped as Shipped;
        return { image: ref === '' ? name : ref, archive, diffIds: inspection?.diffIds ?? [] };
      }),
      (id) => accounting.total([...announcements].filter(([, { owner }]) => equalBytes(layerOfFile.get(hex(owner)) ?? owner, id)).map(([stream]) => stream)), // prettier-ignore
    ),
    bytesPerSecond: request.dryRun ? undefined : meter.bytesPerSecond(),
    reconnections,
    seconds: {
      read: (marks.read - began) / 1000,
      send: (marks.send - began) / 1000,
      deliver: (end - marks.send) / 1000,
      total: (end - began) / 1000,
    },
  };
}

/** Reads one source, sends what the receiver lacks of it, and asks for delivery. */
async function shipSource(cargo: Cargo, request: ShipRequest, context: ShipContext, voyage: Voyage): Promise<Shipped> {
  const { source, reading, announced, layerOfFile } = cargo;
  const { inspection } = source;
  const as = source.as ?? request.as;
  const wish: Wish = request.stage === true ? 'stage' : 'deliver';
  const offer: Offer = {
    ref: as ?? nameOf(source),
    imageId: inspection && digestBytes(inspection.imageId),
    archiveId: reading.archive?.recipe.id,
    diffIds: inspection?.diffIds.map(digestBytes) ?? [],
    wish: request.dryRun ? undefined : wish,
  };
  let offered = inspection !== undefined || reading.hasBegun ? await voyage.offer(withName(offer, reading.archive)) : undefined;
  if (offered?.answer.held === true) {
    const { archive } = reading;
    const layers = archive === undefined ? heldLayers(inspection?.diffIds.length ?? 0) : countLayers(archive, announced);
    return { image: offered.image, ref: withName(offer, archive).ref, layers, archive };
  }

  // An archive is offered when the first thing that the pool does not know turns up: one that it knows whole costs one round trip. After a
  // dry run the pool knows it whole, so that is what a dry run tells of.
  const waiting: PooledStream[] = [];
  const opaque = new Set<string>();
  const announce = async ({ id, recipe, path, isFile }: PooledStream, image: number, always = false): Promise<void> => {
    const sent = await voyage.shipment.add(image, recipe, { always, file: isFile ? path : undefined });
    if (sent !== undefined && !announced.has(hex(id))) announced.set(hex(id), sent);
  };
  const files: PooledStream[] = [];
  for await (const stream of reading.streams(voyage.signal)) {
    waiting.push(stream);
    if (stream.isOpaque) opaque.add(hex(stream.id));
    if (stream.isFile) files.push(stream);
    else for (const { id } of files.splice(0)) layerOfFile.set(hex(id), stream.id);
    // The archive itself comes last, and is looked at as a whole before anything of it is committed.
    if (stream.path === '') continue;
    if (offered === undefined && !stream.known && !request.dryRun) offered = await voyage.offer(offer);
    if (offered !== undefined) for (const next of waiting.splice(0)) await announce(next, offered.image);
  }
  const archive = reading.archive as StoredArchive;
  if (as !== undefined && archive.index.images.length > 1)
    throw new TransferError('USAGE', `${as} names one image, but ${source.name} holds ${archive.index.images.length}`);
  const named = withName(offer, archive);
  offered ??= await voyage.offer({ ...named, archiveId: archive.recipe.id });
  if (offered.answer.held) return { image: offered.image, ref: named.ref, layers: countLayers(archive, announced), archive };
  for (const stream of waiting) await announce(stream, offered.image);
  await voyage.shipment.drain();
  // Not announced: the receiver has the whole of it, and could not know by what the first offer said that it is an image that it holds.
  if (voyage.shipment.streamOf(archive.recipe.id) < 0) {
    const { image, answer } = await voyage.offer({ ...named, imageId: undefined, archiveId: archive.recipe.id });
    if (answer.held) return { image, ref: named.ref, layers: countLayers(archive, announced), archive };
    // Nor does it know: the one that sent it went before it said what it is.
    for (const stream of waiting) await announce(stream, offered.image, true);
    await voyage.shipment.drain();
  }
  await context.pool.flush();
  await voyage.commit(offered.image, archive.recipe.id, named.ref, wish);
  return { image: offered.image, ref: named.ref, layers: countLayers(archive, announced), archive, note: noteOfOpaque(source.name, archive, opaque) }; // prettier-ignore
}

/** An archive whose name nobody said goes by its own, once it was read. */
function withName(offer: Offer, archive: StoredArchive | undefined): Offer {
  if (offer.ref !== '' || archive === undefined || archive.index.images.length !== 1) return offer;
  return { ...offer, ref: archive.index.images[0]?.refs[0] ?? '' };
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
  if (announced.size === 0) return heldLayers(layersOf(archive));
  const fresh = new Set(Array.from(announced.get(hex(archive.recipe.id))?.fresh ?? [], ({ id }) => hex(id)));
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
function imagesOf({ source, shipped, newBytes, receipt }: Cargo): ShippedImage[] {
  const { ref, archive, layers } = shipped as Shipped;
  const idHere = source.inspection?.imageId;
  const read = { layers, archiveBytes: archive?.recipe.bytes ?? 0, newBytes };
  if (receipt === undefined) return [{ ref, imageId: archive?.index.images[0]?.configDigest ?? '', ...read, pushed: [] }];
  return receipt.images.map(({ refs, configDigest, imageId, pushed }, i) => {
    const here = { imageId: idHere, manifestDigest: archive?.index.images[i]?.descriptor?.digest };
    return { ref: refs[0] ?? ref, imageId, ...read, pushed, identity: compareIdentities(here, { configDigest, imageId, pushed }) };
  });
}
