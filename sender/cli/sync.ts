/** `lighterman sync FILE`: one run, a service by the file's schedule, a check of the file against the world, or a dry run. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { serveStatus, type StatusServer } from '../../shared/status/server.ts';
import { readStatusToken } from '../../shared/status/token-file.ts';
import { VERSION } from '../../shared/version.ts';
import type { ImageSource, ListedImage } from '../image/port.ts';
import { repositoryOf } from '../../shared/image/reference.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import { askKeep } from '../link/command.ts';
import { recallRate, rememberRate } from '../link/link-rate.ts';
import { parseSyncConfig, type DestinationConfig, type SyncConfig } from '../sync/config.ts';
import { runSync, type SyncContext, type SyncResult } from '../sync/run.ts';
import { parseNotification, selectPushed } from '../sync/notification.ts';
import { selectImages, type SelectedImage } from '../sync/selection.ts';
import { nextTime, serveSchedule } from '../sync/service.ts';
import { createSyncStatus, type SyncStatus } from '../sync/status.ts';
import { openState, type StateFile } from '../sync/state.ts';
import { connect } from '../transport/connect.ts';
import { listenNotifications } from '../transport/notifications.ts';
import { keepPoolQuota, parsePoolQuota } from './pool.ts';
import { recordShipment } from './receipts.ts';
import { readSecurity } from './security.ts';
import { resolveSources } from './sources.ts';
import { createSyncReport, type Output } from './sync-report.ts';

export interface SyncFlags {
  readonly engine?: string;
  readonly store: string;
  readonly once?: boolean;
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly poolQuota?: string;
  readonly status?: string;
  readonly statusTokenFile?: string;
}

export interface SyncWorld {
  /** The engine at an address as it is written, or the usual one. */
  readonly openEngine: (address: string | undefined) => Promise<ImageSource>;
  /** For destinations without a `token-file`. */
  readonly token: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** What every way of running needs. */
interface Sync {
  readonly path: string;
  readonly config: SyncConfig;
  readonly flags: SyncFlags;
  readonly world: SyncWorld;
  readonly engine: () => Promise<ImageSource>;
  readonly signal: AbortSignal;
}

/** @throws TransferError of the first image that failed, after all were tried; PAUSED where none failed and some have to wait. */
export async function sync(path: string, flags: SyncFlags, world: SyncWorld, signal: AbortSignal): Promise<void> {
  const { job, state } = await prepare(path, flags, world, signal);
  const { config } = job;
  if (flags.check === true) return check(job);
  if (flags.once === true || flags.dryRun === true) return conclude(await run(job, state));
  const status = createSyncStatus(systemClock, state.state.lastRun);
  await using stack = new AsyncDisposableStack();
  stack.use(await startStatus(flags, status, world.stderr));
  await serveSchedule(config, state, {
    clock: systemClock,
    random: Math.random,
    signal,
    onWaiting(until) {
      status.waiting(until);
      world.stderr.write(`next run at ${new Date(until).toISOString()}\n`);
    },
    run: async () => {
      status.began();
      try {
        await run(job, state, (result) => status.result(result));
        status.ended(false);
      } catch (error) {
        status.ended(true);
        signal.throwIfAborted();
        const { message, hint } = TransferError.from(error);
        world.stderr.write(`this run failed: ${message} (${hint})\n`);
      }
    },
  });
}

/** Reads the file, and what is remembered of it. */
async function prepare(path: string, flags: SyncFlags, world: SyncWorld, signal: AbortSignal): Promise<{ job: Sync; state: StateFile }> {
  parsePoolQuota(flags.poolQuota);
  const config = parseSyncConfig(await readText(path), path);
  if (config.schedule !== undefined) nextTime(config.schedule.cron, config['time-zone'], systemClock.now());
  let opened: Promise<ImageSource> | undefined;
  const engine = (): Promise<ImageSource> => (opened ??= world.openEngine(flags.engine ?? config.engine));
  await mkdir(flags.store, { recursive: true });
  return { job: { path, config, flags, world, engine, signal }, state: await openState(flags.store, path) };
}

async function run(
  { config, path, flags, world, engine, signal }: Sync,
  state: StateFile,
  onResult: (result: SyncResult) => void = () => {},
  pushed?: readonly SelectedImage[],
): Promise<SyncResult[]> {
  const report = createSyncReport(world, { json: flags.json === true, quiet: flags.quiet === true });
  const list = async (): Promise<readonly ListedImage[]> => (await engine()).list({ signal });
  const images = pushed ?? (await selectImages(config, { list, directory: dirname(resolve(path)) }));
  // Held for a run only: between two runs the pool is free for other commands.
  await using pool = await openStore(flags.store);
  let writing: Promise<void> = Promise.resolve();
  const context: SyncContext = {
    pool,
    spoolDirectory: flags.store,
    clock: systemClock,
    random: Math.random,
    signal,
    agent: `lighterman ${VERSION}`,
    resolve: (image) => sourceOf(image, engine, signal),
    connect: (destination, abort) => connectTo(destination, path, world, abort),
    recallRate: ({ to }) => recallRate(flags.store, to),
    rememberRate: ({ to }, rate) => rememberRate(flags.store, to, rate),
    // One after the other: they write to one file.
    onShipped: ({ to }, result) =>
      (writing = writing.then(() => recordShipment(flags.store, result, to, () => systemClock.now(), world.stderr))),
    onResult(result) {
      onResult(result);
      report.result(result);
    },
    keep: (destination, refs) => keepAsAsked(destination, refs, path, world, signal),
    onNote: (text) => world.stderr.write(`${text}\n`),
    dryRun: flags.dryRun === true,
  };
  const results = await runSync(config, images, state, context);
  await keepPoolQuota(pool, flags.poolQuota, signal, world.stderr);
  report.end(results);
  return results;
}

/** Where it was asked for. The token crosses in the clear: beyond the loopback it belongs behind something with TLS. */
async function startStatus(
  { status, statusTokenFile }: SyncFlags,
  { routes }: SyncStatus,
  stderr: Output,
): Promise<StatusServer | undefined> {
  if (status === undefined) return undefined;
  const token = statusTokenFile === undefined ? undefined : await readStatusToken(statusTokenFile);
  const log = { warn: (_fields: object, message: string) => void stderr.write(`${message}\n`) };
  const server = await serveStatus({ address: status, token, routes, log });
  stderr.write(`status at http://${server.address}/\n`);
  return server;
}

/** Token and authority are read anew each time: who replaces them need not begin the service again. */
async function connectTo(destination: DestinationConfig, path: string, world: SyncWorld, signal: AbortSignal): ReturnType<typeof connect> {
  const { to, ca, insecure, 'token-file': tokenFile } = destination;
  const beside = (file: string | undefined): string | undefined => (file === undefined ? undefined : resolve(dirname(resolve(path)), file));
  return await connect(to, signal, readSecurity({ ca: beside(ca), tokenFile: beside(tokenFile), insecure }, world.token));
}

/** Rules hold for the repositories of what was shipped. */
async function keepAsAsked(destination: DestinationConfig, refs: readonly string[], path: string, world: SyncWorld, signal: AbortSignal) {
  const { last, within, tags } = destination.keep ?? {};
  const repositories = new Set(refs.flatMap((ref) => repositoryOf(ref) ?? []));
  if (repositories.size === 0) return;
  const connected = () => connectTo(destination, path, world, signal);
  const commander = { agent: `lighterman ${VERSION}`, connect: connected, onProgress: () => {} };
  const { images, freedBytes } = await askKeep({ repositories: [...repositories], last, withinMs: within, tags }, commander);
  if (images > 0) world.stderr.write(`${destination.name}: ${images} images let go, ${formatBytes(freedBytes)} freed\n`);
}

async function sourceOf({ source, isPulled }: SelectedImage, engine: () => Promise<ImageSource>, signal: AbortSignal) {
  if (isPulled === true) await (await engine()).pull(source, { signal });
  const [found] = await resolveSources([source], engine, process.stdin, signal);
  return found as NonNullable<typeof found>;
}

/** Everything that can be known without shipping: sources, names, schedule, and whether each destination lets this sender in. */
async function check({ config, path, world, engine, signal }: Sync): Promise<void> {
  let first: TransferError | undefined;
  const look = async (what: string, work: () => Promise<string>): Promise<void> => {
    try {
      world.stdout.write(`ok    ${what}: ${await work()}\n`);
    } catch (error) {
      signal.throwIfAborted();
      const failure = TransferError.from(error);
      first ??= failure;
      world.stdout.write(`wrong ${what}: ${failure.message} (${failure.hint})\n`);
    }
  };
  const list = async (): Promise<readonly ListedImage[]> => (await engine()).list({ signal });
  for (const entry of config.images) {
    const what = 'archives' in entry ? entry.archives : entry.repository;
    await look(what, async () => {
      const images = await selectImages({ ...config, images: [entry] }, { list, directory: dirname(resolve(path)) });
      for (const image of images) await sourceOf(image, engine, signal);
      return images.map(({ source, as }) => (as === undefined ? source : `${source} as ${as}`)).join(', ');
    });
  }
  for (const destination of config.destinations)
    await look(destination.name, async () => {
      await (await connectTo(destination, path, world, signal)).close();
      return `${destination.to} answers`;
    });
  if (config.schedule !== undefined) {
    const next = nextTime(config.schedule.cron, config['time-zone'], systemClock.now());
    world.stdout.write(`ok    schedule: next at ${new Date(next).toISOString()}\n`);
  }
  if (first !== undefined) throw first;
}

export interface ServeHooksFlags extends Omit<SyncFlags, 'once' | 'check' | 'dryRun'> {
  readonly listen: string;
  readonly tokenFile?: string;
}

/** `lighterman serve-hooks FILE`: what a registry says was pushed is shipped, by the rules of the file. */
export async function serveHooks(path: string, flags: ServeHooksFlags, world: SyncWorld, signal: AbortSignal): Promise<void> {
  const { job, state } = await prepare(path, flags, world, signal);
  const waiting = new Map<string, SelectedImage>();
  let awake = Promise.withResolvers<void>();
  await using server = await listenNotifications({
    address: flags.listen,
    token: flags.tokenFile === undefined ? undefined : (await readText(flags.tokenFile)).trim(),
    onNotification(body) {
      const pushed = parseNotification(body);
      // A tag that was pushed again while it waits is shipped once, as it is then.
      for (const image of pushed?.flatMap((one) => selectPushed(job.config, one)) ?? []) waiting.set(`${image.source} ${image.as}`, image);
      awake.resolve();
      return pushed !== undefined;
    },
  });
  world.stderr.write(`listening on http://${server.address}/\n`);
  signal.addEventListener('abort', () => awake.resolve(), { once: true });
  for (;;) {
    signal.throwIfAborted();
    const images = [...waiting.values()];
    waiting.clear();
    if (images.length > 0) await runAnyway(job, state, images);
    else await awake.promise;
    if (waiting.size === 0) awake = Promise.withResolvers();
  }
}

/** A run whose failure is said, and ends nothing: the next sync ships what is missing. */
async function runAnyway(job: Sync, state: StateFile, images: readonly SelectedImage[]): Promise<void> {
  try {
    await run(job, state, () => {}, images);
  } catch (error) {
    job.signal.throwIfAborted();
    const { message, hint } = TransferError.from(error);
    job.world.stderr.write(`this run failed: ${message} (${hint})\n`);
  }
}

/** The exit status of a run: that of the first failure; PAUSED where nothing failed. */
function conclude(results: readonly SyncResult[]): void {
  const failed = results.find(({ state }) => state === 'failed') ?? results.find(({ state }) => state === 'paused');
  if (failed?.error === undefined) return;
  const { code, message, hint } = failed.error;
  throw new TransferError(code, `${failed.image} to ${failed.destination}: ${message}`, { hint });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TransferError('USAGE', `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
      hint: 'name a file in the form of sender/sync/SYNC.md',
    });
  }
}
