/** `lighterman sync FILE`: one run, a service by the file's schedule, a check of the file against the world, or a dry run. */
import { dirname, resolve } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { demandGuarded, type Dare } from '../../shared/http-listener.ts';
import { serveStatus, STATUS_DARE, type StatusServer, type StatusServerOptions } from '../../shared/status/server.ts';
import { tlsFilesOf } from '../../shared/tls-files.ts';
import { readTokenFile } from '../../shared/token-file.ts';
import type { ListedImage } from '../image/port.ts';
import type { RunReport } from '../sync/conclude.ts';
import type { SyncResult } from '../sync/run.ts';
import { selectEntry } from '../sync/selection.ts';
import { nextAdmitted, nextTime, serveSchedule } from '../sync/service.ts';
import { syncName, type StateFile } from '../sync/state.ts';
import { createSyncStatus, type SyncStatus } from '../sync/status.ts';
import type { Output } from './sync-report.ts';
import { connectTo, prepare, run, sourceOf, type Sync, type SyncFlags, type SyncWorld } from './sync-run.ts';

export interface SyncCommandFlags extends SyncFlags {
  readonly once?: boolean;
  readonly check?: boolean;
  readonly status?: string;
  readonly statusTokenFile?: string;
  readonly statusTlsCert?: string;
  readonly statusTlsKey?: string;
  readonly statusInsecure?: boolean;
}

/** @throws TransferError of the first image that failed, after all were tried; PAUSED where none failed and some have to wait. */
export async function sync(path: string, flags: SyncCommandFlags, world: SyncWorld, signal: AbortSignal): Promise<void> {
  const { job, state } = await prepare(path, flags, world, signal);
  const { config } = job;
  if (flags.check === true) return check(job);
  const name = syncName(path);
  // When the next one is, only who starts it knows.
  if (flags.once === true || flags.dryRun === true) return conclude(await run(job, state, { told: { name, next: () => undefined } }));
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
        await run(job, state, { onResult: (result) => status.result(result), told: reportOf(job, name, state), waits: true });
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

function reportOf({ config }: Sync, name: string, { state }: StateFile): RunReport {
  return {
    name,
    next: (admits) => (state.lastRun === undefined ? undefined : nextAdmitted(config, state.lastRun, systemClock.now(), admits)),
  };
}

const SYNC_STATUS_DARE: Dare = {
  ...STATUS_DARE,
  tls: '--status-tls-cert and --status-tls-key',
  insecure: '--status-insecure',
};

/** @returns undefined where no status was asked for. @throws TransferError USAGE for what would show it, or its token, to whoever is on the way. */
function planStatus(flags: SyncCommandFlags): Pick<StatusServerOptions, 'address' | 'tls'> | undefined {
  const { status, statusTokenFile, statusTlsCert, statusTlsKey, statusInsecure: insecure } = flags;
  const tls = tlsFilesOf(statusTlsCert, statusTlsKey, SYNC_STATUS_DARE.tls);
  if (status === undefined) {
    if (statusTokenFile !== undefined || tls !== undefined || insecure === true)
      throw new TransferError('USAGE', 'options that begin with --status- go with --status');
    return undefined;
  }
  demandGuarded(status, { hasToken: statusTokenFile !== undefined, hasTls: tls !== undefined, insecure }, SYNC_STATUS_DARE);
  return { address: status, tls };
}

async function startStatus(flags: SyncCommandFlags, { routes }: SyncStatus, stderr: Output): Promise<StatusServer | undefined> {
  const plan = planStatus(flags);
  if (plan === undefined) return undefined;
  const token = flags.statusTokenFile === undefined ? undefined : await readTokenFile(flags.statusTokenFile);
  const log = { warn: (_fields: object, message: string) => void stderr.write(`${message}\n`) };
  const server = await serveStatus({ ...plan, token, routes, dare: SYNC_STATUS_DARE, log });
  stderr.write(`status at ${server.url}\n`);
  return server;
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
      const images = await selectEntry(entry, { list, directory: dirname(resolve(path)) });
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

/** The exit status of a run: that of the first failure; PAUSED where nothing failed. */
function conclude(results: readonly SyncResult[]): void {
  const failed = results.find(({ state }) => state === 'failed') ?? results.find(({ state }) => state === 'paused');
  if (failed?.error === undefined) return;
  const { code, message, hint } = failed.error;
  throw new TransferError(code, `${failed.image} to ${failed.destination}: ${message}`, { hint });
}
