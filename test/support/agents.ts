/** The two agents as processes, run from their sources as a user would run them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TransferError } from '../../shared/errors.ts';
import { startService } from './process.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 60_000;

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: AsyncIterable<Uint8Array> | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the agent when it aborts; the call then rejects. */
  readonly signal?: AbortSignal;
  /** A program with its arguments that runs the agent, as `setpriv` does. */
  readonly under?: readonly string[];
  /** Called with the child's pid once it runs. */
  readonly onStart?: (pid: number) => void;
}

/** Runs `lighterman` or `lightermand` to its end. */
export async function runAgent(agent: 'sender' | 'receiver', args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const [file = '', ...rest] = [...(options.under ?? []), process.execPath, join(REPOSITORY, agent, 'main.ts'), ...args];
  const child = spawn(file, rest, {
    // oxlint-disable-next-line node/no-process-env -- a child needs its parent's environment
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.signal !== undefined && { signal: options.signal }),
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
  child.stdin.on('error', () => {});
  void (async () => {
    if (options.input instanceof Uint8Array) child.stdin.write(options.input);
    else if (options.input !== undefined) for await (const bytes of options.input) child.stdin.write(bytes);
    child.stdin.end();
  })();
  const status = await new Promise<number | null>((settle, reject) => {
    child.once('error', reject);
    child.once('close', settle);
  });
  return { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

export interface Receiver extends AsyncDisposable {
  /** `ws://HOST:PORT`, or `wss://` with a certificate; for a receiver on all addresses that of the loopback. */
  readonly address: string;
  readonly store: string;
  readonly pid: number;
  log(): string;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Starts `lightermand serve` on a free port of loopback; its store is made and removed with it unless one is given. */
export async function startReceiver(args: readonly string[], options: { readonly store?: string } = {}): Promise<Receiver> {
  const directory = await mkdtemp(join(tmpdir(), 'lmr-'));
  const store = options.store ?? join(directory, 'store');
  const logPath = join(directory, 'log');
  const listening = (): string | undefined => /listening.*"address":"([^"]+)"/.exec(readFileSync(logPath, 'utf8'))?.[1];
  const service = await startService({
    file: process.execPath,
    args: [join(REPOSITORY, 'receiver/main.ts'), 'serve', '--listen', '127.0.0.1:0', '--store', store, ...args],
    logPath,
    ready: () => Promise.resolve(listening() !== undefined),
    readyTimeoutMs: START_TIMEOUT_MS,
  }).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  return {
    address: `${args.includes('--tls-cert') ? 'wss' : 'ws'}://${(listening() as string).replace('0.0.0.0', '127.0.0.1')}`,
    store,
    pid: service.pid,
    log: () => readFileSync(logPath, 'utf8'),
    stop: (signal = 'SIGTERM') => service.stop(signal),
    async [Symbol.asyncDispose]() {
      await service.stop('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface ShipResult {
  readonly event: 'shipped';
  readonly transfer: string;
  readonly images: readonly {
    readonly ref: string;
    readonly imageId: string;
    readonly layers: { readonly total: number; readonly held: number };
    readonly archiveBytes: number;
    readonly newBytes: number;
    readonly pushed: readonly string[];
    readonly identity?: { readonly kept: readonly string[]; readonly changed: readonly string[] };
  }[];
  readonly wire: { readonly sentBytes: number; readonly receivedBytes: number };
}

/** Ships and gives the JSON line. @throws TransferError INTERNAL with what was printed when it fails. */
export async function ship(args: readonly string[], options: RunOptions = {}): Promise<ShipResult> {
  const result = await runAgent('sender', ['ship', '--json', '--quiet', ...args], options);
  const line = result.stdout.trimEnd().split('\n').at(-1) ?? '';
  if (result.status !== 0) throw new TransferError('INTERNAL', `ship ended with ${result.status}: ${result.stderr}${line}`);
  return JSON.parse(line) as ShipResult;
}

export function wireBytes({ wire }: Pick<ShipResult, 'wire'>): number {
  return wire.sentBytes + wire.receivedBytes;
}

/** A directory that goes with its scope. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lmt-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
