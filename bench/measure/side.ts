/**
 * One side of a shipment: a process that starts the commands of that side and nothing else, so that what they use can be told from the other
 * side's. The host (side-host.ts) is asked over IPC; it is not in the figures itself.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TransferError } from '../../shared/errors.ts';

/** What the commands of a side used since the last `resetUsage`. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Greatest sum of resident sets that was seen, sampled every 20 ms. */
  readonly peakRssBytes: number;
}

/** A bash script with its arguments, which it finds as "$1", "$2" and so on. Pipelines fail with their first failing part. */
export interface Command {
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that goes on until it is stopped. */
export interface Service {
  /** What it printed on stdout up to now. @throws TransferError INTERNAL where it has ended badly, with the end of stderr. */
  output(): Promise<string>;
  /** Ends it, by default with SIGTERM, and waits for that. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A listener for one connection, which becomes stdin and stdout of its command. */
export interface Inbound {
  readonly port: number;
  /** Resolves when the command has ended well. @throws TransferError INTERNAL when it did not. */
  readonly done: Promise<void>;
}

export interface Side extends AsyncDisposable {
  /** Runs to the end and gives stdout. @throws TransferError INTERNAL with the end of stderr when it fails. */
  run(command: Command): Promise<string>;
  start(command: Command): Promise<Service>;
  accept(command: Command): Promise<Inbound>;
  /** Counts this process too: a daemon of this side that was started elsewhere. */
  watch(pid: number): Promise<void>;
  resetUsage(): Promise<void>;
  usage(): Promise<Usage>;
  /** Ends every command that still runs and forgets what is watched, so that the side can be used again. */
  clear(): Promise<void>;
}

export type SideRequest =
  | { readonly do: 'run' | 'start' | 'accept'; readonly command: Command }
  | { readonly do: 'output' | 'accepted'; readonly job: number }
  | { readonly do: 'stop'; readonly job: number; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly do: 'watch'; readonly pid: number }
  | { readonly do: 'reset' | 'usage' | 'clear' };

export interface SideAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Starts a side; disposing it ends every command that still runs. */
export async function startSide(): Promise<Side> {
  const host = fork(fileURLToPath(new URL('side-host.ts', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(host, 'exit');
  const ask = createAsk(host);
  await ask({ do: 'reset' });
  return {
    run: async (command) => (await ask({ do: 'run', command })) as string,
    async start(command) {
      const job = (await ask({ do: 'start', command })) as number;
      return {
        output: async () => (await ask({ do: 'output', job })) as string,
        stop: async (signal = 'SIGTERM') => void (await ask({ do: 'stop', job, signal })),
      };
    },
    async accept(command) {
      const { job, port } = (await ask({ do: 'accept', command })) as { job: number; port: number };
      const done = ask({ do: 'accepted', job }).then(() => undefined);
      // It may fail while nobody waits for it yet; whoever awaits it later still gets the error.
      done.catch(() => undefined);
      return { port, done };
    },
    watch: async (pid) => void (await ask({ do: 'watch', pid })),
    resetUsage: async () => void (await ask({ do: 'reset' })),
    usage: async () => (await ask({ do: 'usage' })) as Usage,
    clear: async () => void (await ask({ do: 'clear' })),
    async [Symbol.asyncDispose]() {
      if (host.connected) host.disconnect();
      await exited;
    },
  };
}

function createAsk(host: ChildProcess): (request: SideRequest) => Promise<unknown> {
  const waiting = new Map<number, (answer: SideAnswer) => void>();
  let lastId = 0;
  host.on('message', (message) => {
    const answer = message as SideAnswer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  host.on('exit', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the host of this side ended' });
    waiting.clear();
  });
  return (request) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, ({ error, value }) => (error === undefined ? resolve(value) : reject(new TransferError('INTERNAL', error))));
      host.send({ id, request });
    });
}
