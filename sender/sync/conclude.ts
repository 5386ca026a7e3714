/** What a destination is told when a run is over there: how it went and when the next begins, and which images are to stay. */
import { TransferError } from '../../shared/errors.ts';
import { repositoryOf } from '../../shared/image/reference.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import type { Message } from '../../shared/wire/messages.ts';
import { conclude, type KeepRequest } from '../link/command.ts';
import type { DestinationConfig } from './config.ts';
import { endsAll } from './ends-all.ts';
import type { Governor } from './governor.ts';
import type { SyncContext, SyncResult } from './run.ts';

/** Of runs that receivers are told of. */
export interface RunReport {
  /** What the sync is called. */
  readonly name: string;
  /** @returns when the next run begins at the latest that `admits` lets through, in milliseconds since the epoch; undefined where none is known. */
  readonly next: (admits: (time: number) => boolean) => number | undefined;
}

/** Both in one conversation, which counts for rate and budget. Never rejects but where the signal aborts. */
export async function concludeRun(
  destination: DestinationConfig,
  results: readonly SyncResult[],
  seconds: number,
  governor: Governor,
  context: SyncContext,
): Promise<void> {
  const keep = keepOf(destination, results);
  const ran = isHeard(results) ? ranOf(results, seconds, governor, context) : undefined;
  if (context.dryRun || (keep === undefined && ran === undefined)) return;
  const { agent, signal } = context;
  const connected = async () => {
    const channel = governor.govern(await context.connect(destination, signal));
    signal.addEventListener('abort', () => channel.abort(), { once: true });
    return channel;
  };
  try {
    const kept = await conclude({ ran, keep }, { agent, connect: connected, onProgress: () => {} });
    if (kept !== undefined && kept.images > 0)
      context.onNote(`${destination.name}: ${kept.images} images let go, ${formatBytes(kept.freedBytes)} freed`);
  } catch (error) {
    signal.throwIfAborted();
    const what = keep === undefined ? 'was not told of this run' : 'the keep rules were not applied';
    context.onNote(`${destination.name}: ${what}: ${TransferError.from(error).message}`);
  }
}

/** Rules hold for the repositories of what was shipped, and only after everything has arrived: what a failed run left behind may be all that there is. */
function keepOf({ keep }: DestinationConfig, results: readonly SyncResult[]): KeepRequest | undefined {
  if (keep === undefined || results.length === 0 || results.some(({ error }) => error !== undefined)) return undefined;
  const repositories = new Set(results.flatMap(({ refs }) => refs.flatMap((ref) => repositoryOf(ref) ?? [])));
  if (repositories.size === 0) return undefined;
  return { repositories: [...repositories], last: keep.last, withinMs: keep.within, tags: keep.tags };
}

/** A receiver that cannot be reached is not told; nor one to which nothing may cross now: that is no news to it, the next run was announced for a later time. */
function isHeard(results: readonly SyncResult[]): boolean {
  const stopped = results.find(({ error }) => error !== undefined && endsAll(error.code));
  if (stopped === undefined) return results.length > 0;
  return stopped.state === 'paused' && results.some(({ wireBytes }) => wireBytes > 0);
}

function ranOf(
  results: readonly SyncResult[],
  seconds: number,
  { admitsAt }: Governor,
  { report, clock }: SyncContext,
): Message<'ran'> | undefined {
  if (report === undefined) return undefined;
  const next = report.next(admitsAt);
  const count = (state: SyncResult['state']): number => results.filter((result) => result.state === state).length;
  return [
    report.name,
    next === undefined ? 0 : Math.max(1, Math.ceil((next - clock.now()) / 1000)),
    count('delivered'),
    count('unchanged'),
    count('paused'),
    count('failed'),
    results.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
    Math.round(seconds),
    results.find(({ state }) => state === 'failed')?.error?.code ?? '',
  ];
}
