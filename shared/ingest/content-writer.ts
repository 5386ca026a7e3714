/**
 * Cuts contents into chunks, names them, and puts those into the store that it lacks. Content is gathered in two rooms: while one fills,
 * the store works on the chunks of the other.
 */
import { createChunker } from '../cdc/chunker.ts';
import { createCutMemory } from '../cdc/wasm-cut.ts';
import { hashBytes, type Id } from '../hash.ts';
import { BATCH_CHUNKS } from '../recipe/contents.ts';
import type { Store } from '../store/port.ts';

/** Where the chunks of a content are reported. */
export interface ChunkSink {
  /** At once and in order. `id` is only lent. */
  onChunk(id: Id, bytes: number): void;
  /** Later: the store did not have this chunk, and has it now. */
  onNewChunk(id: Id, bytes: number): void;
}

export interface ContentWriter {
  /** Bytes that `push` can take before `turn` has to be called. */
  readonly free: number;
  /** The next piece of the content of `sink`; it is copied. */
  push(piece: Uint8Array, sink: ChunkSink): void;
  /** The content ends: the rest of its chunks are reported. */
  end(): void;
  /**
   * Runs `job` when the store has all that was pushed before it, and before anything pushed after it.
   * @param isLong it is worth beginning with before a room is full.
   */
  schedule(job: () => void | Promise<void>, isLong?: boolean): void;
  /** A long job waits for the next `turn`. */
  readonly isDue: boolean;
  /** Hands what was gathered to the store, when that is done with what it got before; makes room. Throws what store or jobs threw. */
  turn(): Promise<void>;
  /** Resolves when nothing is left to do. */
  finish(): Promise<void>;
  /** After a failure: forgets what the store has not begun with, and resolves when it is done with the rest. Never rejects. */
  abandon(): Promise<void>;
}

interface PendingChunk {
  readonly id: Id;
  readonly bytes: Uint8Array;
  readonly sink: ChunkSink;
}

type Pending = PendingChunk | (() => void | Promise<void>);

const ROOM_BYTES = 4 * 1024 * 1024;

export function createContentWriter(store: Store): ContentWriter {
  let room = createCutMemory(ROOM_BYTES);
  let otherRoom = createCutMemory(ROOM_BYTES);
  let pending: Pending[] = [];
  let inFlight: Promise<void> = Promise.resolve();
  let currentSink: ChunkSink | undefined;
  let isDue = false;
  const chunker = createChunker(room, (bytes) => {
    const sink = currentSink as ChunkSink;
    const id = hashBytes(bytes);
    pending.push({ id, bytes, sink });
    sink.onChunk(id, bytes.byteLength);
  });
  const turn = async (): Promise<void> => {
    await inFlight;
    inFlight = settle(store, pending);
    // A failure is thrown by the next turn, or by finish.
    inFlight.catch(() => undefined);
    pending = [];
    isDue = false;
    [room, otherRoom] = [otherRoom, room];
    chunker.moveTo(room);
  };
  return {
    get free() {
      return chunker.free;
    },
    push(piece, sink) {
      currentSink = sink;
      chunker.push(piece);
    },
    end: () => chunker.end(),
    schedule(job, isLong = false) {
      pending.push(job);
      isDue ||= isLong;
    },
    get isDue() {
      return isDue;
    },
    turn,
    async finish() {
      await turn();
      await inFlight;
    },
    abandon: () => inFlight.catch(() => undefined),
  };
}

/** Works off what is pending, in order. */
async function settle(store: Store, pending: readonly Pending[]): Promise<void> {
  let chunks: PendingChunk[] = [];
  for (const item of pending) {
    if (typeof item !== 'function') chunks.push(item);
    if (typeof item !== 'function' && chunks.length < BATCH_CHUNKS) continue;
    await putNew(store, chunks);
    chunks = [];
    if (typeof item === 'function') await item();
  }
  await putNew(store, chunks);
}

async function putNew(store: Store, chunks: readonly PendingChunk[]): Promise<void> {
  if (chunks.length === 0) return;
  const onNew = (place: number): void => {
    const { id, bytes, sink } = chunks[place] as PendingChunk;
    sink.onNewChunk(id, bytes.byteLength);
  };
  await store.put(chunks.map(({ id, bytes }) => ({ kind: 'chunk', key: id, bytes })), { onNew }); // prettier-ignore
}
