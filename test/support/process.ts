/** Long-running programs (engines, registries) that a test starts and stops by their own pid. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransferError } from '../../shared/errors.ts';

const POLL_MS = 20;

export interface ServiceOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Receives standard output and error. */
  readonly logPath: string;
  /** True once the service answers. */
  readonly ready: () => Promise<boolean>;
  readonly readyTimeoutMs: number;
}

export interface Service {
  readonly pid: number;
  /** Ends the service with the signal, if it still runs, and resolves when it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/**
 * Starts a program and resolves when it is ready. It is stopped with this process if nobody stopped it before.
 * @throws TransferError INTERNAL with the end of its log when it ends early or is not ready in time.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const log = openSync(options.logPath, 'a');
  const child = spawn(options.file, options.args, {
    // oxlint-disable-next-line node/no-process-env -- a child needs its parent's proxies and locale
    env: { ...process.env, ...options.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let gone = false;
  const exit = new Promise<void>((resolve) => {
    const ended = (): void => {
      gone = true;
      process.off('exit', atExit);
      resolve();
    };
    child.once('exit', ended);
    child.once('error', ended);
  });
  const atExit = (): void => void child.kill('SIGTERM');
  process.once('exit', atExit);
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (!gone) child.kill(signal);
    await exit;
  };
  const readyNow = await waitUntil(async () => gone || (await options.ready()), options.readyTimeoutMs);
  if (gone || !readyNow || child.pid === undefined) {
    await stop('SIGKILL');
    const end = readFileSync(options.logPath, 'utf8').slice(-2000);
    throw new TransferError('INTERNAL', `${options.file} did not start: ${end}`);
  }
  return { pid: child.pid, stop };
}

/** Polls until `condition` holds; false when it did not within `timeoutMs`. */
export async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** True while a process of this id exists and is more than a zombie. */
export function isRunning(pid: number): boolean {
  const status = `/proc/${pid}/stat`;
  if (!existsSync(status)) return false;
  try {
    // "pid (name) state ...": the name may hold anything, so the state is behind the last bracket.
    return readFileSync(status, 'utf8').split(') ').at(-1)?.[0] !== 'Z';
  } catch {
    return false;
  }
}
