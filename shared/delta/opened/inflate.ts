/** What deflate streams (RFC 1951) hold, one small stream after the other: a jar has ten thousand. */
import { constants, createInflateRaw, inflateRawSync } from 'node:zlib';
import { concatBytes } from '../../bytes.ts';
import { openZlibHandle, type ZlibHandle } from '../../zlib-handle.ts';

export interface Inflated {
  /** Has a buffer of its own. */
  readonly content: Uint8Array;
  /** Of the stream. */
  readonly bytes: number;
}

const ROOM_BYTES = 64 * 1024;

/** One for the whole thread: nothing is left in it from one call to the next. */
let own: { readonly handle: ZlibHandle | undefined; readonly room: Uint8Array } | undefined;

/** The deflate stream at the start of `bytes`; undefined where there is none, or more than `contentMax` is in it. */
export function inflateAt(bytes: Uint8Array, contentMax: number): Inflated | undefined {
  if (contentMax < 1 || bytes.byteLength === 0) return undefined;
  own ??= { handle: openZlibHandle(() => createInflateRaw()), room: new Uint8Array(ROOM_BYTES) };
  const { handle, room } = own;
  if (handle === undefined) return inflateOnce(bytes, contentMax);
  const pieces: Uint8Array[] = [];
  let held = 0;
  let rest = bytes;
  try {
    do {
      if (!handle.write(constants.Z_FINISH, rest, room)) return undefined;
      const piece = room.slice(0, room.byteLength - handle.roomLeft);
      held += piece.byteLength;
      if (held > contentMax) return undefined;
      pieces.push(piece);
      rest = rest.subarray(rest.byteLength - handle.inputLeft);
    } while (handle.roomLeft === 0);
  } finally {
    handle.reset();
  }
  return { content: pieces.length === 1 ? (pieces[0] as Uint8Array) : concatBytes(pieces), bytes: bytes.byteLength - rest.byteLength };
}

/** The same with a stream of its own. */
export function inflateOnce(bytes: Uint8Array, contentMax: number): Inflated | undefined {
  try {
    const { buffer, engine } = inflateRawSync(bytes, { info: true, maxOutputLength: contentMax }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return { content: new Uint8Array(buffer), bytes: engine.bytesWritten };
  } catch {
    return undefined;
  }
}
