/**
 * Delivers images to a Docker engine. What engines call success is not always one (an image whose contents are missing, an image made of
 * something else, an old image lost under a moved name), so an image is loaded under a name of ours, looked at, and only then
 * gets its names; whatever fails before that leaves nothing behind.
 */
import { Readable } from 'node:stream';
import type { EngineAddress } from '../../shared/engine/address.ts';
import { engineFailure } from '../../shared/engine/failure.ts';
import type { StoreKind } from '../../shared/engine/image-facts.ts';
import { TransferError } from '../../shared/errors.ts';
import { LOAD_SILENT_MS } from '../../shared/limits.ts';
import { formatReference, parseReference } from '../../shared/image/reference.ts';
import { createSerial } from '../../shared/serial.ts';
import { composeArchive, layoutOf, type Layout, type LoadName } from './compose.ts';
import { createEngineClient, type EngineClient } from './engine-client.ts';
import { createInventory, type Inventory } from './inventory.ts';
import type { DeliverOptions, Delivery, ImageSink, LoadableImage } from './port.ts';
import { createWatchdog, pushPatiently, usualPatience, type Patience } from './patience.ts';
import { parsePushTarget, pushImage, pushName, type PushTarget } from './push.ts';
import { readRegistryAuth } from './registry-auth.ts';
import { tarBytes, writeTar } from './tar-writer.ts';

/**
 * Where an image is called `lighterman/incoming:<digest of its config>` while it is loaded. The same image gets the same name, so
 * the next delivery clears up what one left that was killed.
 */
const INCOMING_REPOSITORY = 'lighterman/incoming';

export interface EngineSinkOptions {
  readonly address: EngineAddress;
  /** Docker's config.json with the credentials for `pushTo`. */
  readonly dockerConfigPath?: string;
}

export function createEngineSink(options: EngineSinkOptions): ImageSink {
  return createClientSink(createEngineClient(options.address), options.dockerConfigPath);
}

/** The sink over any engine client. */
export function createClientSink(client: EngineClient, dockerConfigPath?: string, patience = usualPatience): ImageSink {
  const inventory = createInventory(client);
  const oneAtATime = createSerial();
  return {
    check: ({ signal } = {}) => client.info(signal),
    deliver: async (image, options = {}) => {
      const target = options.pushTo === undefined ? undefined : parsePushTarget(options.pushTo);
      const refs = image.refs.map((ref) => formatReference(parseReference(ref)));
      if (target !== undefined && refs.length === 0)
        throw new TransferError('USAGE', 'an image without a name cannot be pushed: give it one with --as');
      const placed = await oneAtATime(() => place(client, inventory, { ...image, refs }, options, patience));
      if (target === undefined || options.onlyLoad === true) return placed;
      return { ...placed, pushed: await pushAll(client, placed, target, dockerConfigPath, options, patience) };
    },
  };
}

/** What one delivery is about, for the steps below. */
interface Work {
  readonly client: EngineClient;
  readonly image: LoadableImage;
  readonly layout: Layout;
  readonly storeKind: StoreKind;
  /** The id that the engine must come to. */
  readonly imageId: string;
  readonly options: DeliverOptions;
  readonly patience: Patience;
}

interface Loaded {
  readonly layers: number;
  readonly bytes: number;
}

async function place(
  client: EngineClient,
  inventory: Inventory,
  image: LoadableImage,
  options: DeliverOptions,
  patience: Patience,
): Promise<Delivery> {
  const { signal } = options;
  const { storeKind } = await client.info(signal);
  const layout = layoutOf(image);
  const imageId = storeKind === 'graph' ? image.configDigest : layout.root.digest;
  const work: Work = { client, image, layout, storeKind, imageId, options, patience };
  const listed = await client.list(storeKind, signal);
  const names = listed.get(imageId);

  let loaded: Loaded = { layers: 0, bytes: 0 };
  let replaced: Delivery['replaced'] = [];
  try {
    if (names === undefined) {
      const held = await inventory.heldBlobs(image, storeKind, listed.keys(), options.delivered ?? [], signal);
      loaded = await load(work, held);
    }
    stopIfAborted(work);
    if (options.onlyLoad !== true) {
      replaced = await nameImage(
        work,
        image.refs.filter((ref) => !(names ?? []).includes(ref)),
      );
    }
  } catch (error) {
    // The image itself goes with this name, unless it had another one before.
    if (names === undefined) await cleanUp(client, image.refs.length === 0 ? imageId : incomingRef(image));
    throw error;
  }
  if (image.refs.length > 0 && options.onlyLoad !== true) await client.remove(incomingRef(image));
  return {
    imageId,
    storeKind,
    refs: image.refs,
    alreadyThere: names !== undefined && image.refs.every((ref) => names.includes(ref)),
    loadedLayers: loaded.layers,
    omittedLayers: image.layers.length - loaded.layers,
    loadedBytes: loaded.bytes,
    replaced,
    pushed: [],
    blobDigests: [...new Set(image.layers.map((layer) => layer.digest))],
  };
}

/** Loads what is missing; where that turns out not to be enough, because the engine lost what it had, everything. */
async function load(work: Work, held: ReadonlySet<string>): Promise<Loaded> {
  try {
    return await loadOnce(work, held);
  } catch (error) {
    const mayHelp = error instanceof TransferError && (error.code === 'ENGINE_FAILED' || error.code === 'INTEGRITY');
    if (!mayHelp || !work.image.layers.some((layer) => held.has(layer.digest))) throw error;
    return loadOnce(work, new Set());
  }
}

async function loadOnce(work: Work, held: ReadonlySet<string>): Promise<Loaded> {
  const { client, image, options } = work;
  const name: LoadName | undefined =
    image.refs.length === 0 ? undefined : { repository: INCOMING_REPOSITORY, tag: hexOf(image.configDigest) };
  const members = composeArchive(image, work.layout, name, held);
  const bytesTotal = tarBytes(members);

  // Engines finish a load whose archive they have, whether anyone waits or not. So an abort ends the upload, but once all is
  // there it waits for the engine, to be able to take the image away again.
  const upload = new AbortController();
  const stopUpload = (): void => upload.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', stopUpload, { once: true });
  using watchdog = createWatchdog(LOAD_SILENT_MS, work.patience.clock, () => silentEngine(work));
  const archive = async function* (): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const part of writeTar(members, upload.signal)) {
      yield part;
      watchdog.touch();
      bytes += part.byteLength;
      options.onProgress?.({ phase: 'load', bytes, bytesTotal });
    }
    options.signal?.removeEventListener('abort', stopUpload);
  };
  const body = Readable.from(archive(), { objectMode: false });
  try {
    stopIfAborted(work);
    await client.load(body, `loading ${label(image)}`, AbortSignal.any([upload.signal, watchdog.signal]));
  } finally {
    options.signal?.removeEventListener('abort', stopUpload);
    body.destroy();
  }
  stopIfAborted(work);
  await verify(work, name === undefined ? work.imageId : incomingRef(image));
  return { layers: image.layers.filter((layer) => !held.has(layer.digest)).length, bytes: bytesTotal };
}

function silentEngine({ client, image }: Work): TransferError {
  const minutes = LOAD_SILENT_MS / 60_000;
  return new TransferError(
    'ENGINE_FAILED',
    `the engine at ${client.where} hangs: it went no further with ${label(image)} for ${minutes} min`,
  );
}

/** Whether what the engine has under `name` is the image, and all of it. */
async function verify({ client, image, imageId, storeKind, options }: Work, name: string): Promise<void> {
  const found = await client.inspect(name, options.signal);
  const what = `loading ${label(image)}`;
  if (found === undefined) throw engineFailure('it reports success and does not have the image', client.where, what);
  const diffIds = image.layers.map((layer) => layer.diffId);
  if (found.imageId !== imageId || found.diffIds.join() !== diffIds.join()) {
    throw new TransferError('INTEGRITY', `the engine at ${client.where} made ${found.imageId} of ${label(image)}, which is ${imageId}`);
  }
  if (storeKind === 'containerd' && !(await client.list(storeKind, options.signal)).has(imageId)) {
    throw engineFailure('it reports success and lacks layers of the image', client.where, what);
  }
}

/** Gives the image its names; on failure those that moved go back to where they were. */
async function nameImage({ client, imageId, options }: Work, refs: readonly string[]): Promise<Delivery['replaced']> {
  const moved: { readonly ref: string; readonly before: string | undefined }[] = [];
  options.onProgress?.({ phase: 'tag', bytes: 0, bytesTotal: 0 });
  try {
    for (const ref of refs) {
      const before = (await client.inspect(ref))?.imageId;
      await client.tag(imageId, ref);
      moved.push({ ref, before });
    }
  } catch (error) {
    for (const { ref, before } of moved.toReversed()) await moveBack(client, ref, before);
    throw error;
  }
  return moved.flatMap(({ ref, before }) => (before === undefined || before === imageId ? [] : [{ ref, imageId: before }]));
}

async function pushAll(
  client: EngineClient,
  placed: Delivery,
  target: PushTarget,
  dockerConfigPath: string | undefined,
  { signal, onProgress = () => {} }: DeliverOptions,
  patience: Patience,
): Promise<Delivery['pushed']> {
  const registryAuth = await readRegistryAuth(dockerConfigPath, target.registry);
  const pushed: { readonly ref: string; readonly digest: string }[] = [];
  for (const ref of new Set(placed.refs.map((name) => pushName(target, name)))) {
    const before = (await client.inspect(ref, signal))?.imageId;
    await client.tag(placed.imageId, ref, signal);
    try {
      const push = (): Promise<string> => pushImage(client, ref, registryAuth, { signal, onProgress, clock: patience.clock });
      pushed.push({ ref, digest: await pushPatiently(push, patience, signal) });
    } catch (error) {
      await moveBack(client, ref, before);
      throw error;
    }
    if (before === undefined) await client.remove(ref);
  }
  return pushed;
}

/** Puts a name back to the image that it was on, or away where there was none. Called on failure, whose error matters more than its own. */
async function moveBack(client: EngineClient, ref: string, before: string | undefined): Promise<void> {
  if (before === undefined) await cleanUp(client, ref);
  else await client.tag(before, ref).catch(() => {});
}

async function cleanUp(client: EngineClient, name: string): Promise<void> {
  await client.remove(name).catch(() => {});
}

function stopIfAborted({ client, image, options }: Work): void {
  if (options.signal?.aborted === true) throw engineFailure(options.signal.reason, client.where, `loading ${label(image)}`);
}

function incomingRef(image: LoadableImage): string {
  return `${INCOMING_REPOSITORY}:${hexOf(image.configDigest)}`;
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function label(image: LoadableImage): string {
  return image.refs[0] ?? image.configDigest;
}
