/** A few threads of one worker module, each with one request at a time. The module answers with `serveRequests`. */
import { parentPort, Worker } from 'node:worker_threads';
import { TransferError, isErrorCode } from '../errors.ts';
import { limitMemory, settleThreads } from '../limit-memory.ts';
import { collectIdleMemories, collectMemoriesWith } from '../wasm/load.ts';

export interface WorkerPool<Request, Reply> extends AsyncDisposable {
  readonly threads: number;
  /**
   * Runs one request; more than there are threads wait their turn, first come first served.
   * @param moved buffers that the request owns and that go over instead of being copied.
   * @throws TransferError as the worker threw it; INTERNAL for anything else.
   */
  run(request: Request, moved?: readonly ArrayBuffer[]): Promise<Reply>;
}

/** A worker that had nothing to do for so long is ended: each holds some 20 MB. */
const IDLE_MS = 2_000;
/** Workers hold their buffers outside of V8's heap. */
const YOUNG_GENERATION_MB_MAX = 8;

interface Failure {
  readonly code: string;
  readonly message: string;
}
type Answer<Reply> = { readonly reply: Reply } | { readonly failure: Failure };

/** Threads are started when they are needed, ended when they no longer are, and do not keep the process alive. */
export function createWorkerPool<Request, Reply>(module: URL, threads: number): WorkerPool<Request, Reply> {
  const workers = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: ((worker: Worker) => void)[] = [];
  const endTimers = new Map<Worker, NodeJS.Timeout>();
  const end = (worker: Worker): void => {
    endTimers.delete(worker);
    idle.splice(idle.indexOf(worker), 1);
    workers.delete(worker);
    void worker.terminate();
  };
  const acquire = (): Promise<Worker> | Worker => {
    const worker = idle.pop();
    if (worker !== undefined) {
      clearTimeout(endTimers.get(worker));
      return worker;
    }
    if (workers.size === threads) return new Promise((resolve) => waiting.push(resolve));
    settleThreads();
    const started = new Worker(module, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB_MAX } });
    started.unref();
    workers.add(started);
    return started;
  };
  const release = (worker: Worker): void => {
    const next = waiting.shift();
    if (next !== undefined) return next(worker);
    idle.push(worker);
    endTimers.set(worker, setTimeout(end, IDLE_MS, worker).unref());
  };
  return {
    threads,
    async run(request, moved = []) {
      const worker = await acquire();
      try {
        const answer = await ask<Reply>(worker, request, moved);
        if ('reply' in answer) return answer.reply;
        const { code, message } = answer.failure;
        throw new TransferError(isErrorCode(code) ? code : 'INTERNAL', message);
      } finally {
        release(worker);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const timer of endTimers.values()) clearTimeout(timer);
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
}

function ask<Reply>(worker: Worker, request: unknown, moved: readonly ArrayBuffer[]): Promise<Answer<Reply>> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer<Reply>>();
  const finish = (): void => {
    worker.off('message', onMessage);
    worker.off('error', onError);
    worker.unref();
  };
  const onMessage = (answer: Answer<Reply>): void => {
    finish();
    resolve(answer);
  };
  const onError = (error: unknown): void => {
    finish();
    reject(TransferError.from(error, 'worker'));
  };
  worker.on('message', onMessage);
  worker.on('error', onError);
  worker.ref();
  worker.postMessage(request, moved);
  return promise;
}

/** The other side: answers every request with what `handle` makes of it; `moved` names buffers of the reply that go over. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the two modules of a pool name the same pair
export function serveRequests<Request, Reply>(handle: (request: Request) => Reply, moved: (reply: Reply) => ArrayBuffer[]): void {
  const collect = limitMemory();
  collectMemoriesWith(() => collect({ type: 'major' }));
  parentPort?.on('message', (request: Request) => {
    let answer: Answer<Reply>;
    try {
      answer = { reply: handle(request) };
    } catch (error) {
      const { code, message } = TransferError.from(error);
      answer = { failure: { code, message } };
    }
    // Before the answer: who waits for it may begin something that takes as much memory again.
    collectIdleMemories();
    parentPort?.postMessage(answer, 'reply' in answer ? moved(answer.reply) : []);
  });
}

/** The buffers of those arrays that are all of their buffer, and so can be moved without taking anything else along. */
export function ownBuffers(...arrays: readonly (Uint8Array | undefined)[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const array of arrays) {
    if (array !== undefined && array.byteLength === array.buffer.byteLength && array.buffer instanceof ArrayBuffer)
      buffers.add(array.buffer);
  }
  return [...buffers];
}
