/** One run of `lighterman sync` or `serve-hooks`: what it needs, from files, flags and the environment. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { createSerial } from '../../shared/serial.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { VERSION } from '../../shared/version.ts';
import type { ImageSource, ListedImage } from '../image/port.ts';
import { recallRate, rememberRate } from '../link/link-rate.ts';
import type { RunReport } from '../sync/conclude.ts';
import { parseSyncConfig, type DestinationConfig, type SyncConfig } from '../sync/config.ts';
import { runSync, type SyncContext, type SyncResult } from '../sync/run.ts';
import { selectImages, type SelectedImage } from '../sync/selection.ts';
import { nextTime } from '../sync/service.ts';
import { openState, type StateFile } from '../sync/state.ts';
import { connect } from '../transport/connect.ts';
import { keepPoolQuota, parsePoolQuota } from './pool.ts';
import { recordShipment } from './receipts.ts';
import { readSecurity } from './security.ts';
import { resolveSources } from './sources.ts';
import { createSyncReport, type Output } from './sync-report.ts';

export interface SyncFlags {
  readonly engine?: string;
  readonly store: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly poolQuota?: string;
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
export interface Sync {
  readonly path: string;
  readonly config: SyncConfig;
  readonly flags: SyncFlags;
  readonly world: SyncWorld;
  readonly engine: () => Promise<ImageSource>;
  readonly signal: AbortSignal;
}

/** Reads the file, and what is remembered of it. */
export async function prepare(
  path: string,
  flags: SyncFlags,
  world: SyncWorld,
  signal: AbortSignal,
): Promise<{ job: Sync; state: StateFile }> {
  parsePoolQuota(flags.poolQuota);
  const config = parseSyncConfig(await readText(path), path);
  if (config.schedule !== undefined) nextTime(config.schedule.cron, config['time-zone'], systemClock.now());
  let opened: Promise<ImageSource> | undefined;
  const engine = (): Promise<ImageSource> => (opened ??= world.openEngine(flags.engine ?? config.engine));
  await mkdir(flags.store, { recursive: true });
  return { job: { path, config, flags, world, engine, signal }, state: await openState(flags.store, path) };
}

export interface RunOptions {
  readonly onResult?: (result: SyncResult) => void;
  /** In place of what the file selects. */
  readonly pushed?: readonly SelectedImage[];
  /** Where receivers are told of the run. */
  readonly told?: RunReport;
  /** Until no other process has the pool: a service has the time, and there may be no other run for long. */
  readonly waits?: boolean;
}

const POOL_WAIT_MS = 5000;

export async function run(
  { config, path, flags, world, engine, signal }: Sync,
  state: StateFile,
  { onResult, pushed, told, waits }: RunOptions = {},
): Promise<SyncResult[]> {
  const report = createSyncReport(world, { json: flags.json === true, quiet: flags.quiet === true });
  const list = async (): Promise<readonly ListedImage[]> => (await engine()).list({ signal });
  const images = pushed ?? (await selectImages(config, { list, directory: dirname(resolve(path)) }));
  // Held for a run only: between two runs the pool is free for other commands.
  await using pool = waits === true ? await waitForPool(flags.store, world.stderr, signal) : await openStore(flags.store);
  const inTurn = createSerial();
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
    onShipped: ({ to }, result) => inTurn(() => recordShipment(flags.store, result, to, () => systemClock.now(), world.stderr)),
    onResult(result) {
      onResult?.(result);
      report.result(result);
    },
    report: told,
    onNote: (text) => world.stderr.write(`${text}\n`),
    dryRun: flags.dryRun === true,
  };
  const results = await runSync(config, images, state, context);
  await keepPoolQuota(pool, flags.poolQuota, signal, world.stderr);
  report.end(results);
  return results;
}

async function waitForPool(directory: string, stderr: Output, signal: AbortSignal): Promise<Store> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await openStore(directory);
    } catch (error) {
      if (TransferError.from(error).code !== 'STORE_LOCKED') throw error;
      if (!isTold) stderr.write(`another process has the pool ${directory}: waiting for it\n`);
      await systemClock.sleep(POOL_WAIT_MS, signal);
    }
  }
}

/** Token and authority are read anew each time: who replaces them need not begin the service again. */
export async function connectTo(
  destination: DestinationConfig,
  path: string,
  world: SyncWorld,
  signal: AbortSignal,
): ReturnType<typeof connect> {
  const { to, ca, insecure, 'token-file': tokenFile } = destination;
  const beside = (file: string | undefined): string | undefined => (file === undefined ? undefined : resolve(dirname(resolve(path)), file));
  return await connect(to, signal, readSecurity({ ca: beside(ca), tokenFile: beside(tokenFile), insecure }, world.token));
}

export async function sourceOf({ source, isPulled }: SelectedImage, engine: () => Promise<ImageSource>, signal: AbortSignal) {
  if (isPulled === true) await (await engine()).pull(source, { signal });
  const [found] = await resolveSources([source], engine, process.stdin, signal);
  return found as NonNullable<typeof found>;
}

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TransferError('USAGE', `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
      hint: 'name a file in the form of sender/sync/SYNC.md',
    });
  }
}
