/** Compressed streams for the tests of undoing deflate, and both directions in one call. */
import { constants, deflateRawSync, deflateSync, gzipSync, type ZlibOptions } from 'node:zlib';
import { concatBytes } from '../../shared/bytes.ts';
import { createPutTogether } from '../../shared/deflate/put-together.ts';
import { configureKernel, giveKernelBack, takeKernel } from '../../shared/deflate/kernel.ts';
import type { Maker } from '../../shared/deflate/makers.ts';
import type { DeflateFormat } from '../../shared/deflate/port.ts';
import { createTakeApart } from '../../shared/deflate/take-apart.ts';

export interface Undone {
  readonly plain: Uint8Array;
  readonly reconstruction: Uint8Array | undefined;
}

/** `bytes` in parts of the given sizes, again and again; one part where there are none. */
export function inParts(bytes: Uint8Array, sizes: readonly number[] = []): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.byteLength);
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

/** @param markPower see createTakeApart */
export function takeApart(stream: Uint8Array, format: DeflateFormat = 'any', sizes: readonly number[] = [], markPower?: number): Undone {
  const taking = createTakeApart(format, markPower);
  const plain = inParts(stream, sizes).flatMap((part) => taking.push(part));
  const end = taking.end();
  return { plain: concatBytes([...plain, ...end.plain]), reconstruction: end.reconstruction };
}

export function putTogether(reconstruction: Uint8Array, plain: Uint8Array, sizes: readonly number[] = []): Uint8Array {
  const putting = createPutTogether(reconstruction);
  const made = inParts(plain, sizes).flatMap((part) => putting.push(part));
  return concatBytes([...made, ...putting.end()]);
}

const PIECE_BYTES = 64 * 1024;
/** What the kernel says where its output is full. */
const FULL = 2;

/** The raw deflate stream that a maker makes when nothing is corrected; content that it would store cannot be told so. */
export function predictedStream(plain: Uint8Array, maker: Maker, segmentPower = 0): Uint8Array {
  const kernel = takeKernel();
  const { run, memory, plainAt, compressedAt } = kernel;
  const made: Uint8Array[] = [];
  configureKernel(kernel, maker, segmentPower);
  run.startRebuild();
  run.addCorrections(0, 1);
  for (let at = 0; at < plain.byteLength; at += PIECE_BYTES) {
    const piece = plain.subarray(at, at + PIECE_BYTES);
    run.makePlainRoom();
    memory.set(piece, plainAt + run.plainEnd());
    run.addPlain(piece.byteLength);
    if (at + PIECE_BYTES >= plain.byteLength) run.endPlain();
    for (let isFull = true; isFull;) {
      isFull = run.rebuild() === FULL;
      made.push(memory.slice(compressedAt, compressedAt + run.madeBytes()));
      run.clearMade();
    }
  }
  giveKernelBack(kernel);
  return concatBytes(made);
}

/** Whether the stream stays closed or comes back, whatever it is. */
export function comesBack(stream: Uint8Array, format: DeflateFormat, sizes: readonly number[] = []): boolean {
  const { plain, reconstruction } = takeApart(stream, format, sizes);
  return reconstruction === undefined || Buffer.compare(putTogether(reconstruction, plain, sizes), stream) === 0;
}

const COMPRESSORS = { gzip: gzipSync, zlib: deflateSync, raw: deflateRawSync } as const;

/** What node:zlib makes of `content`. */
export function compressed(content: Uint8Array, format: Exclude<DeflateFormat, 'any'>, options: ZlibOptions): Uint8Array {
  return new Uint8Array(COMPRESSORS[format](content, options));
}

export const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
] as const;
