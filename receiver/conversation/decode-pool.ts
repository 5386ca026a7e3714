/** Decodes runs: at once where that takes no time, on worker threads where it does. */
import { availableParallelism } from 'node:os';
import { isSlowToDecode, mixes } from '../../shared/delta/codecs.ts';
import { decodeContent } from '../../shared/delta/content.ts';
import { createWorkerPool, ownBuffers } from '../../shared/workers/worker-pool.ts';
import { workerUrl } from '../../shared/workers/worker-url.ts';

export interface DecodeRequest {
  readonly codec: number;
  readonly payload: Uint8Array;
  readonly base: Uint8Array | undefined;
  readonly targetBytes: number;
}

export interface DecodePool extends AsyncDisposable {
  readonly threads: number;
  /** The content of a run; takes `base` over. @throws TransferError as `decodeContent`. */
  decode(request: DecodeRequest): Promise<Uint8Array>;
}

/** Memory of the runs that are decoded at the same time: two of the usual size, or one that mixes. */
const ROOM_BYTES = 96 * 1024 * 1024;
/** Beyond twice content and base: an instance of a decoder, and the models of one that mixes. */
const CODEC_BYTES = 16 * 1024 * 1024;
const MIX_BYTES = 64 * 1024 * 1024;

export function createDecodePool(threads = availableParallelism()): DecodePool {
  const room = createRoom(ROOM_BYTES);
  const pool = createWorkerPool<DecodeRequest, Uint8Array>(workerUrl('decode-worker', import.meta.url), threads);
  return {
    threads,
    async decode(request) {
      const { codec, payload, base, targetBytes } = request;
      if (!isSlowToDecode(codec)) return decodeContent(codec, payload, base, targetBytes);
      const bytes = (mixes(codec) ? MIX_BYTES : CODEC_BYTES) + 2 * (targetBytes + (base?.byteLength ?? 0));
      // A run that is larger than that has the room for itself.
      const weight = Math.min(bytes, ROOM_BYTES);
      await room.take(weight);
      try {
        return await pool.run(request, ownBuffers(base));
      } finally {
        room.give(weight);
      }
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** So many bytes of room; who wants more than is free waits its turn. */
function createRoom(bytes: number): { take(weight: number): Promise<void>; give(weight: number): void } {
  let free = bytes;
  const waiting: { readonly weight: number; readonly enter: () => void }[] = [];
  return {
    take(weight) {
      if (waiting.length === 0 && free >= weight) {
        free -= weight;
        return Promise.resolve();
      }
      return new Promise((enter) => waiting.push({ weight, enter }));
    },
    give(weight) {
      free += weight;
      for (let next = waiting[0]; next !== undefined && free >= next.weight; next = waiting[0]) {
        free -= next.weight;
        waiting.shift();
        next.enter();
      }
    },
  };
}
