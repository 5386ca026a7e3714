/** Entry point of a side's host process: runs what side.ts asks for and samples what it uses. Ends, with its commands, when its parent does. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TransferError } from '../../shared/errors.ts';
import { descendantCpuSeconds, descendantRssBytes, treeCpuSeconds, treeRssBytes } from './process-tree.ts';
import type { Command, SideAnswer, SideRequest, Usage } from './side.ts';

const SAMPLE_MS = 20;
const STDERR_CHARACTERS_MAX = 2000;
const KILL_AFTER_MS = 10_000;

interface Job {
  readonly number: number;
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  output: string;
  /** Set when it ended badly. */
  failure: TransferError | undefined;
}

const jobs = new Map<number, Job>();
const running = new Set<Job>();
const accepted = new Map<number, Promise<void>>();
/** Listeners whose one connection has not come yet. */
const expecting = new Set<Server>();
const watched = new Set<number>();
let lastJob = 0;
let cpuSecondsAtReset = 0;
let peakRssBytes = 0;

function startJob({ script, args = [], env = {} }: Command, socket?: Socket): Job {
  const stdio: StdioOptions = socket === undefined ? ['ignore', 'pipe', 'pipe'] : [socket, socket, 'pipe'];
  // A process group of its own, so that stopping it also stops what the script started.
  const child = spawn('bash', ['-o', 'pipefail', '-e', '-c', script, 'bench', ...args], {
    stdio,
    env: { ...process.env, ...env },
    detached: true,
  });
  let errorText = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    errorText = (errorText + bytes.toString()).slice(-STDERR_CHARACTERS_MAX);
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(job);
    if (code === 0) return;
    job.failure = new TransferError('INTERNAL', `\`${script}\` ended with ${code ?? signal}: ${errorText.trim()}`);
    throw job.failure;
  });
  ended.catch(() => undefined);
  const job: Job = { number: ++lastJob, child, ended, output: '', failure: undefined };
  child.stdout?.on('data', (bytes: Buffer) => {
    job.output += bytes.toString();
  });
  jobs.set(job.number, job);
  running.add(job);
  return job;
}

async function accept(command: Command): Promise<{ job: number; port: number }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  const number = ++lastJob;
  expecting.add(server);
  const done = once(server, 'connection').then(async ([socket]) => {
    expecting.delete(server);
    server.close();
    const job = startJob(command, socket as Socket);
    // The command has its own copy of the descriptor; ours would keep the connection open behind it.
    (socket as Socket).destroy();
    await job.ended;
  });
  done.catch(() => undefined);
  accepted.set(number, done);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { job: number, port: (server.address() as AddressInfo).port };
}

function output(number: number): string {
  const job = jobs.get(number);
  if (job?.failure !== undefined) throw job.failure;
  return job?.output ?? '';
}

async function stop(number: number, signal: NodeJS.Signals): Promise<void> {
  const job = jobs.get(number);
  if (job === undefined || !running.has(job)) return;
  signalGroup(job, signal);
  await job.ended.catch(() => undefined);
}

function cpuSeconds(): number {
  return descendantCpuSeconds(process.pid) + [...watched].reduce((sum, pid) => sum + treeCpuSeconds(pid), 0);
}

function sample(): void {
  const rssBytes = descendantRssBytes(process.pid) + [...watched].reduce((sum, pid) => sum + treeRssBytes(pid), 0);
  peakRssBytes = Math.max(peakRssBytes, rssBytes);
}

function usage(): Usage {
  sample();
  return { cpuSeconds: cpuSeconds() - cpuSecondsAtReset, peakRssBytes };
}

function reset(): void {
  cpuSecondsAtReset = cpuSeconds();
  peakRssBytes = 0;
}

async function perform(request: SideRequest): Promise<unknown> {
  if (request.do === 'run') {
    const job = startJob(request.command);
    await job.ended;
    return job.output;
  }
  if (request.do === 'start') return startJob(request.command).number;
  if (request.do === 'output') return output(request.job);
  if (request.do === 'stop') return stop(request.job, request.signal);
  if (request.do === 'accept') return accept(request.command);
  if (request.do === 'accepted') return accepted.get(request.job);
  if (request.do === 'usage') return usage();
  if (request.do === 'clear') return clear();
  if (request.do === 'watch') watched.add(request.pid);
  else reset();
  return undefined;
}

function answer(reply: SideAnswer): void {
  process.send?.(reply);
}

process.on('message', (message) => {
  const { id, request } = message as { id: number; request: SideRequest };
  perform(request).then(
    (value) => answer({ id, value }),
    (error: unknown) => answer({ id, error: TransferError.from(error).message }),
  );
});
// Ctrl-C reaches every process of the terminal; this one ends when the bench has cleaned up.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => void endAll());
setInterval(sample, SAMPLE_MS);

async function clear(): Promise<void> {
  for (const server of expecting) server.close();
  expecting.clear();
  await endRunning();
  jobs.clear();
  accepted.clear();
  watched.clear();
}

async function endAll(): Promise<void> {
  await endRunning();
  process.exit(0);
}

/** Nothing of this side may still write into folders that are removed next. */
async function endRunning(): Promise<void> {
  signalAll('SIGTERM');
  const impatience = setTimeout(() => signalAll('SIGKILL'), KILL_AFTER_MS);
  await Promise.allSettled([...running].map(({ ended }) => ended));
  clearTimeout(impatience);
}

function signalAll(signal: NodeJS.Signals): void {
  for (const job of running) signalGroup(job, signal);
}

function signalGroup({ child }: Job, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended, and nobody has been told yet.
  }
}
