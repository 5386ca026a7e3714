/** Takes compressed streams apart and puts them together again, by the method that a wrapped stream's recipe names. */
import type { PutTogether, TakeApart } from '../deflate/port.ts';
import { putByThreads } from '../deflate/put-by-threads.ts';
import { createPutTogether as createGzip } from '../deflate/put-together.ts';
import { readMarks } from '../deflate/reconstruction.ts';
import { createTakeApart as createGunzip } from '../deflate/take-apart.ts';
import { METHOD_GZIP, METHOD_ZSTD, type WrapMethod } from '../recipe/recipe.ts';
import { createPutTogether as createZstd } from '../unzstd/put-together.ts';
import { createTakeApart as createUnzstd } from '../unzstd/take-apart.ts';

interface Method {
  /** The first bytes of a stream. */
  readonly magic: readonly number[];
  createTakeApart(): TakeApart;
  putTogether(reconstruction: Uint8Array, plain: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

const METHODS: Readonly<Record<WrapMethod, Method>> = {
  // A gzip member (RFC 1952) whose method is deflate.
  [METHOD_GZIP]: { magic: [0x1f, 0x8b, 8], createTakeApart: () => createGunzip('gzip'), putTogether: putGzipTogether },
  // A zstd frame (RFC 8878).
  [METHOD_ZSTD]: { magic: [0x28, 0xb5, 0x2f, 0xfd], createTakeApart: createUnzstd, putTogether: putZstdTogether },
};

/** Enough to tell a method by. */
export const METHOD_HEAD_BYTES = 4;
/** Plain bytes that are put together at a time: other work goes on in between. */
const SLICE_BYTES = 256 * 1024;

/** The method for a stream that begins with `head`; undefined for one that is not compressed in a way that can be undone. */
export function methodFor(head: Uint8Array): WrapMethod | undefined {
  return ([METHOD_GZIP, METHOD_ZSTD] as const).find((method) => METHODS[method].magic.every((byte, index) => head[index] === byte));
}

/**
 * Takes a compressed stream apart; what comes of it is to be proven before anything relies on it.
 * @param onPlain gets the plain bytes in order, and is waited for.
 * @returns the reconstruction; undefined where there is none, and the plain bytes are good for nothing.
 * @throws what `compressed` and `onPlain` throw.
 */
export async function takeApart(
  method: WrapMethod,
  compressed: AsyncIterable<Uint8Array>,
  onPlain: (piece: Uint8Array) => Promise<void>,
): Promise<Uint8Array | undefined> {
  const apart = METHODS[method].createTakeApart();
  for await (const piece of compressed) {
    for (const plain of apart.push(piece)) await onPlain(plain);
    if (apart.isHopeless) break;
  }
  const { plain, reconstruction } = apart.end();
  for (const piece of plain) await onPlain(piece);
  return reconstruction;
}

/**
 * The compressed stream again, in pieces that belong to the caller.
 * @throws TransferError INTEGRITY, LIMIT_EXCEEDED where the reconstruction is not of these plain bytes; what `plain` throws.
 */
export async function* putTogether(
  method: WrapMethod,
  reconstruction: Uint8Array,
  plain: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* METHODS[method].putTogether(reconstruction, plain);
}

/** By several threads where it has marks for them. */
function putGzipTogether(reconstruction: Uint8Array, plain: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const marks = readMarks(reconstruction);
  return marks.size === 0 ? putHere(createGzip(reconstruction), plain) : putByThreads(reconstruction, marks, plain);
}

function putZstdTogether(reconstruction: Uint8Array, plain: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return putHere(createZstd(reconstruction), plain);
}

async function* putHere(together: PutTogether, plain: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of plain) {
    for (let at = 0; at < piece.byteLength; at += SLICE_BYTES) yield* together.push(piece.subarray(at, at + SLICE_BYTES));
  }
  yield* together.end();
}
