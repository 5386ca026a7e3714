/** Decodes runs: at once where that takes no time, on worker threads where it does. */
import { availableParallelism } from 'node:os';
import { isSlowToDecode } from '../../shared/delta/codecs.ts';
import { decodeContent, decodingBytes } from '../../shared/delta/content.ts';
import { createWorkerPool, ownBuffers } from '../../shared/workers/worker-pool.ts';
import { workerUrl } from '../../shared/workers/worker-url.ts';
import { createRoom } from './room.ts';

export interface EncodedRun {
  readonly codec: number;
  readonly payload: Uint8Array;
  readonly targetBytes: number;
}

/** What a worker decodes. */
export interface DecodeRequest extends EncodedRun {
  readonly base: Uint8Array | undefined;
}

/** A base that is read when there is room for it. */
export interface UnreadBase {
  readonly bytes: number;
  /** Gives an array of its own. */
  read(): Promise<Uint8Array>;
}

export interface DecodePool extends AsyncDisposable {
  readonly threads: number;
  /** The content of a run. @throws TransferError as `decodeContent` and `base.read`. */
  decode(run: EncodedRun, base?: UnreadBase): Promise<Uint8Array>;
}

/** Memory of the runs that are decoded at the same time, their bases included: two or three of the usual size, or one that mixes. */
const ROOM_BYTES = 128 * 1024 * 1024;
/** Of a worker beside that. */
const WORKER_BYTES = 16 * 1024 * 1024;
/** More would wait for the store, and each takes memory when it has nothing to do, too. */
const THREADS_MAX = 4;

export function createDecodePool(threads = Math.min(availableParallelism(), THREADS_MAX)): DecodePool {
  const room = createRoom(ROOM_BYTES);
  const pool = createWorkerPool<DecodeRequest, Uint8Array>(workerUrl('decode-worker', import.meta.url), threads);
  return {
    threads,
    async decode(run, unread) {
      const { codec, payload, targetBytes } = run;
      const isSlow = isSlowToDecode(codec);
      if (!isSlow && unread === undefined) return decodeContent(codec, payload, undefined, targetBytes);
      const bytes = decodingBytes(codec, payload, unread?.bytes ?? 0, targetBytes) + (isSlow ? WORKER_BYTES : 0);
      await room.take(bytes);
      try {
        const base = await unread?.read();
        return isSlow
          ? await pool.run({ codec, payload, targetBytes, base }, ownBuffers(base))
          : decodeContent(codec, payload, base, targetBytes);
      } finally {
        room.give(bytes);
      }
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
