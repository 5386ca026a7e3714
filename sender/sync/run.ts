/**
 * One run of a sync: every image to every destination that is to have it. An image is read and taken apart once, when the first
 * destination turns out to lack it; each destination goes its own way through the list, at its own pace, and a slow or dead one holds up
 * nobody.
 */
import type { Channel } from '../../shared/channel/port.ts';
import type { Clock } from '../../shared/clock.ts';
import { TransferError, type ErrorCode } from '../../shared/errors.ts';
import type { Store } from '../../shared/store/port.ts';
import { levelForRate } from '../link/effort.ts';
import { shipImages, type ShipResult } from '../ship-image.ts';
import { readSource, type Source } from '../source.ts';
import { concludeRun, type RunReport } from './conclude.ts';
import type { DestinationConfig, SyncConfig } from './config.ts';
import { endsAll } from './ends-all.ts';
import { createGovernor, type Governor } from './governor.ts';
import type { SelectedImage } from './selection.ts';
import type { StateFile } from './state.ts';

export interface SyncResult {
  readonly image: string;
  readonly destination: string;
  /** `paused`: a window or a budget ended; the next run goes on. `estimated`: of a dry run. */
  readonly state: 'delivered' | 'unchanged' | 'paused' | 'failed' | 'estimated';
  /** Both ways, of all attempts. */
  readonly wireBytes: number;
  readonly seconds: number;
  /** Of a dry run: how long the destination's rate would take; null where no rate is known. */
  readonly estimatedSeconds?: number | null;
  /** Names over there. */
  readonly refs: readonly string[];
  readonly imageIds: readonly string[];
  readonly pushed: readonly string[];
  /** Id of the transfer, as the receiver's log has it; not there where there was no connection. */
  readonly transfer?: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint: string };
}

export interface SyncContext {
  readonly pool: Store;
  /** Where a compressed layer is laid aside while it is taken apart; undefined: in memory. */
  readonly spoolDirectory?: string | undefined;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly agent: string;
  /** What a selected image is, as it is now. @throws TransferError */
  readonly resolve: (image: SelectedImage) => Promise<Source>;
  readonly connect: (destination: DestinationConfig, signal: AbortSignal) => Promise<Channel>;
  /** Rates of links, bytes a second, as measured the last time and to be remembered. */
  readonly recallRate: (destination: DestinationConfig) => Promise<number | undefined>;
  readonly rememberRate: (destination: DestinationConfig, bytesPerSecond: number) => Promise<void>;
  /** Told of each shipment that ended well. */
  readonly onShipped?: (destination: DestinationConfig, result: ShipResult) => Promise<void>;
  /** Each result as it comes. */
  readonly onResult: (result: SyncResult) => void;
  /** Where receivers are told of the run. */
  readonly report?: RunReport | undefined;
  /** What is worth a line beside the results. */
  readonly onNote: (text: string) => void;
  readonly dryRun: boolean;
}

const BACKOFF_MS = 2000;
const BACKOFF_MS_MAX = 60_000;

/** @returns all results, in the order of the images, and for each of the destinations. Rejects only where the signal aborts. */
export async function runSync(
  config: SyncConfig,
  images: readonly SelectedImage[],
  file: StateFile,
  context: SyncContext,
): Promise<SyncResult[]> {
  const shared = images.map((image) => createShared(image, context));
  const results = await Promise.all(
    config.destinations.map(async (destination) => {
      const governor = createGovernor(destination, config['time-zone'], file, context.clock);
      const wanted = shared.filter(({ image }) => image.to?.includes(destination.name) ?? true);
      return shipAll(wanted, destination, governor, context);
    }),
  );
  await file.save();
  const order = (result: SyncResult): number => images.findIndex((image) => nameOver(image) === result.image);
  return results.flat().toSorted((a, b) => order(a) - order(b));
}

/** One image for all destinations: it is looked at once, and read once. */
interface SharedImage {
  readonly image: SelectedImage;
  readonly source: () => Promise<Source>;
}

function createShared(image: SelectedImage, context: SyncContext): SharedImage {
  const resolve = once(async (): Promise<Source> => {
    const source = await context.resolve(image);
    const options = { now: context.clock.now(), signal: context.signal, spoolDirectory: context.spoolDirectory, onProgress: () => {} };
    return { ...source, stored: once(async () => (await readSource(source, context.pool, options)).recipe.id) };
  });
  return { image, source: () => (image.missing === undefined ? resolve() : Promise.reject(image.missing)) };
}

/** Does it once for all who ask; what failed is tried again for the next who does. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    if (done !== undefined) return done;
    const begun = work();
    done = begun;
    begun.catch(() => (done = undefined));
    return begun;
  };
}

/** One destination's way through the list. */
async function shipAll(
  images: readonly SharedImage[],
  destination: DestinationConfig,
  governor: Governor,
  context: SyncContext,
): Promise<SyncResult[]> {
  const results: SyncResult[] = [];
  const began = context.clock.monotonic();
  let stopped: TransferError | undefined;
  for (const shared of images) {
    const result: SyncResult =
      stopped === undefined ? await shipOne(shared, destination, governor, context) : failedResult(shared, destination, stopped);
    const { error } = result;
    if (error !== undefined && endsAll(error.code)) stopped ??= new TransferError(error.code, error.message, { hint: error.hint });
    results.push(result);
    context.onResult(result);
  }
  await concludeRun(destination, results, (context.clock.monotonic() - began) / 1000, governor, context);
  return results;
}

async function shipOne(shared: SharedImage, destination: DestinationConfig, governor: Governor, context: SyncContext): Promise<SyncResult> {
  const { clock, signal, random } = context;
  const began = clock.monotonic();
  const channels: Channel[] = [];
  const spent = (): Pick<SyncResult, 'wireBytes' | 'seconds'> => ({
    wireBytes: channels.reduce((sum, { counters }) => sum + counters.sentBytes + counters.receivedBytes, 0),
    seconds: (clock.monotonic() - began) / 1000,
  });
  for (let attempt = 0; ; attempt++) {
    try {
      const shipped = await attemptShip(shared, destination, governor, channels, context);
      return { ...spent(), ...shipped };
    } catch (error) {
      signal.throwIfAborted();
      const failure = TransferError.from(error);
      const mayHelp = failure.retryable && shared.image.missing === undefined && failure.code !== 'PAUSED' && !context.dryRun;
      if (!mayHelp || attempt >= destination.retries) return { ...failedResult(shared, destination, failure), ...spent() };
      // Half of it at random, so that many senders do not come back together.
      const wait = Math.min(BACKOFF_MS * 2 ** attempt, BACKOFF_MS_MAX);
      await clock.sleep(wait * (0.5 + random() / 2), signal);
    }
  }
}

async function attemptShip(
  { image, source }: SharedImage,
  destination: DestinationConfig,
  governor: Governor,
  channels: Channel[],
  context: SyncContext,
): Promise<Omit<SyncResult, 'wireBytes' | 'seconds'> & { readonly wireBytes?: number }> {
  const { pool, agent, clock, signal, random, dryRun } = context;
  if (!dryRun) governor.admit();
  const measured = await context.recallRate(destination);
  const bytesPerSecond = governor.bytesPerSecond() ?? measured;
  const effort = dryRun && destination.effort === 'auto' ? levelForRate(bytesPerSecond) : destination.effort;
  // A broken link is tried again as the destination says, with what is left of the image.
  const result = await shipImages(
    { sources: [await source()], as: image.as, effort, bytesPerSecond, dryRun, retryMs: 0 },
    {
      pool,
      agent,
      clock,
      signal,
      random,
      onProgress: () => {},
      onNote: () => {},
      connect: async (abort) => {
        const channel = await context.connect(destination, abort);
        channels.push(channel);
        return dryRun ? channel : governor.govern(channel);
      },
    },
  );
  if (result.bytesPerSecond !== undefined) await context.rememberRate(destination, result.bytesPerSecond).catch(() => {});
  if (!dryRun) await context.onShipped?.(destination, result);
  return {
    image: nameOver(image),
    destination: destination.name,
    state: stateOf(result),
    transfer: result.transfer,
    refs: result.images.map(({ ref }) => ref),
    imageIds: result.images.map(({ imageId }) => imageId),
    pushed: result.images.flatMap(({ pushed }) => pushed),
    // What would have crossed, not what did.
    ...(dryRun && { wireBytes: result.wire.sentBytes + result.wire.receivedBytes }),
    ...(dryRun && { estimatedSeconds: bytesPerSecond === undefined ? null : result.wire.sentBytes / bytesPerSecond }),
  };
}

function stateOf({ dryRun, images }: ShipResult): SyncResult['state'] {
  if (dryRun) return 'estimated';
  return images.every(({ newBytes, layers }) => newBytes === 0 && layers.held === layers.total) ? 'unchanged' : 'delivered';
}

function failedResult(
  { image }: SharedImage,
  destination: DestinationConfig,
  { code, message, hint, transfer }: TransferError,
): SyncResult {
  return {
    image: nameOver(image),
    destination: destination.name,
    state: code === 'PAUSED' ? 'paused' : 'failed',
    wireBytes: 0,
    seconds: 0,
    refs: [],
    imageIds: [],
    pushed: [],
    ...(transfer !== undefined && { transfer }),
    error: { code, message, hint },
  };
}

/** What the image is called over there, or here where that is the same. */
function nameOver({ source, as }: SelectedImage): string {
  return as ?? source;
}
