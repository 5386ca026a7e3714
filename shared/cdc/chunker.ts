/** Cuts contents that arrive in pieces. One chunker serves one content after the other. */
import { CHUNK_BYTES_MAX } from '../limits.ts';
import type { CutMemory } from './wasm-cut.ts';

export interface Chunker {
  /** Bytes that `push` can take before the room is full. */
  readonly free: number;
  /** Copies the next piece of the content, at most `free` bytes, and emits the chunks that are certain by now. */
  push(piece: Uint8Array): void;
  /** The content ends here: emits what is left. The next `push` begins another one. */
  end(): void;
  /** Goes on in another room, which must not hold chunks that are still needed. Those in the old room stay as they are. */
  moveTo(room: CutMemory): void;
}

/**
 * A content of at most `CHUNK_BYTES_MAX` bytes is one chunk; of a longer one each cut is `findCut` of all that follows.
 * @param firstRoom has room for more than `CHUNK_BYTES_MAX` bytes, as every other one it works in.
 * @param emit gets each chunk in order, a view into the room that stays until the room is used again.
 */
export function createChunker(firstRoom: CutMemory, emit: (chunk: Uint8Array) => void): Chunker {
  let room = firstRoom;
  // The bytes from `start` to `end` belong to no chunk yet.
  let start = 0;
  let end = 0;
  let isUncut = true;
  const unfinished = (): number => end - start;
  const cut = (length: number): void => {
    emit(room.bytes.subarray(start, start + length));
    start += length;
    isUncut = false;
  };
  return {
    get free() {
      return room.bytes.byteLength - end;
    },
    push(piece) {
      room.bytes.set(piece, end);
      end += piece.byteLength;
      while (unfinished() > CHUNK_BYTES_MAX) cut(room.findCut(start, end));
    },
    end() {
      if (isUncut && unfinished() > 0) cut(unfinished());
      while (unfinished() > 0) cut(room.findCut(start, end));
      isUncut = true;
    },
    moveTo(next) {
      next.bytes.set(room.bytes.subarray(start, end));
      end -= start;
      start = 0;
      room = next;
    },
  };
}
