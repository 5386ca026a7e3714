/**
 * The times at which a sync runs. One run ends before the next begins; a time that passed meanwhile, or while nothing was running, is made
 * up for by one run at once.
 */
import { Cron } from 'croner';
import type { Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import type { SyncConfig } from './config.ts';
import type { StateFile } from './state.ts';

export interface ServiceOptions {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told when the next run begins, in milliseconds since the epoch. */
  readonly onWaiting: (until: number) => void;
  /** One run; what goes wrong in it is its own matter, and must not end the service. */
  readonly run: () => Promise<void>;
}

/** Times longer than a timer can wait for are waited for in parts; a clock that was set shows then, too. */
const SLEEP_MS_MAX = 60_000;

/** What is wrong with a cron expression; undefined where it is one. */
export function cronProblem(cron: string): string | undefined {
  try {
    void new Cron(cron, { paused: true });
    return undefined;
  } catch (error) {
    return `"${cron}" is not a cron expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The schedule's next time behind `after`. @throws TransferError USAGE for a cron expression that means none. */
export function nextTime(cron: string, timeZone: string, after: number): number {
  let next: Date | null;
  try {
    next = new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(after));
  } catch (error) {
    throw new TransferError('USAGE', `"${cron}" is not a cron expression: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (next === null) throw new TransferError('USAGE', `the cron expression "${cron}" means no time to come`);
  return next.getTime();
}

/** So many times of the schedule are looked through for one that a destination admits. */
const LOOK_AHEAD = 1000;

/**
 * When the run after this one begins at the latest, the random delay included, of those that a destination admits; undefined where there is none that is
 * known. All times in milliseconds since the epoch.
 * @param began when this one did.
 */
export function nextAdmitted(config: SyncConfig, began: number, now: number, admits: (time: number) => boolean): number | undefined {
  const { schedule } = config;
  if (schedule === undefined) return undefined;
  const delay = schedule['random-delay'] ?? 0;
  let begin = began;
  try {
    for (let i = 0; i < LOOK_AHEAD; i++) {
      begin = Math.max(nextTime(schedule.cron, config['time-zone'], begin), now);
      if (admits(begin) && admits(begin + delay)) return begin + delay;
    }
  } catch {
    // There is none any more.
  }
  return undefined;
}

/** Runs by the schedule until the signal aborts; then it rejects with its reason. */
export async function serveSchedule(config: SyncConfig, file: StateFile, options: ServiceOptions): Promise<never> {
  const { schedule } = config;
  if (schedule === undefined) throw new TransferError('USAGE', 'the file has no schedule', { hint: 'run it with --once, or add one' });
  const { clock, signal } = options;
  for (;;) {
    const now = clock.now();
    // What was due since the last run begins now, once, however often it was due.
    const due = nextTime(schedule.cron, config['time-zone'], file.state.lastRun ?? now);
    const begin = Math.max(due, now) + Math.floor(options.random() * (schedule['random-delay'] ?? 0));
    options.onWaiting(begin);
    while (clock.now() < begin) await clock.sleep(Math.min(begin - clock.now(), SLEEP_MS_MAX), signal);
    signal.throwIfAborted();
    file.state.lastRun = clock.now();
    await file.save();
    await options.run();
  }
}
