/**
 * Zstandard (RFC 8878) frames one after the other through one context, without a buffer or an object made for any of them.
 *
 * A one-shot call of node:zlib makes a stream, a context and an output buffer each time, and a store sees a hundred thousand
 * records a minute. Here the context of one stream of node:zlib is kept, and its handle is called as node:zlib itself calls it in
 * its one-shot functions. That handle is not documented: where it is not as expected, the one-shot functions do the work.
 *
 * Measured on 64 MB of a Node application in records of 14 KB: expanding 72 ms (one-shot 200 ms), compressing 210 ms (355 ms).
 */
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Works on one frame: from `input` into `output`. */
export interface ZstdContext {
  /** Bytes written to `output`; undefined where they do not fit, or the input is not one whole frame. */
  run(input: Uint8Array, output: Uint8Array): number | undefined;
  close(): void;
}

interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
}

/** The part of a stream of node:zlib that is relied on. */
interface Inside {
  readonly _handle?: Partial<Handle> | null;
  /** Room left in the output, input left over: as the last call left them. */
  readonly _writeState?: Uint32Array;
}

interface Stream extends Inside {
  readonly destroyed: boolean;
  on(event: 'error', listener: () => void): unknown;
  reset(): void;
  destroy(): void;
}

/** @param params of ZSTD_CCtx_setParameter, by their numbers. Output of `maxCompressedBytes` always fits. */
export function createFrameCompressor(params: Record<number, number>): ZstdContext {
  return createContext(
    () => createZstdCompress({ params }) as unknown as Stream,
    constants.ZSTD_e_end,
    (input) => zstdCompressSync(input, { params }),
  );
}

/** For frames whose content fits the output exactly. */
export function createFrameExpander(): ZstdContext {
  return createContext(
    () => createZstdDecompress() as unknown as Stream,
    constants.ZSTD_e_continue,
    (input, maxOutputLength) => zstdDecompressSync(input, { maxOutputLength }),
    true,
  );
}

/** ZSTD_compressBound, and some room to spare. */
export function maxCompressedBytes(rawBytes: number): number {
  return rawBytes + (rawBytes >> 8) + 512;
}

function createContext(
  open: () => Stream,
  flush: number,
  oneShot: (input: Uint8Array, outputBytes: number) => Uint8Array,
  fillsOutput = false,
): ZstdContext {
  let stream = openStream(open);
  const attempt = (input: Uint8Array, output: Uint8Array): number | undefined => {
    const { _handle: handle, _writeState: state } = stream;
    if (typeof handle?.writeSync !== 'function' || state === undefined) return runOneShot(oneShot, input, output, fillsOutput);
    handle.writeSync(flush, input, 0, input.byteLength, output, 0, output.byteLength);
    const [roomLeft = 0, inputLeft = 0] = state;
    const isWhole = !stream.destroyed && inputLeft === 0 && (fillsOutput ? roomLeft === 0 : roomLeft > 0);
    return isWhole ? output.byteLength - roomLeft : undefined;
  };
  const renew = (): void => {
    if (stream.destroyed) stream = openStream(open);
    else stream.reset();
  };
  return {
    run(input, output) {
      const bytes = attempt(input, output);
      if (bytes !== undefined) return bytes;
      // The frame before this one may have been cut short without anyone noticing: its rest would be expected here.
      renew();
      const again = attempt(input, output);
      if (again === undefined) renew();
      return again;
    },
    close: () => stream.destroy(),
  };
}

function openStream(open: () => Stream): Stream {
  const stream = open();
  // What fails is told by `run`; without a listener it would end the process as well.
  stream.on('error', () => undefined);
  return stream;
}

function runOneShot(
  oneShot: (input: Uint8Array, outputBytes: number) => Uint8Array,
  input: Uint8Array,
  output: Uint8Array,
  fillsOutput: boolean,
): number | undefined {
  try {
    const bytes = oneShot(input, output.byteLength);
    if (fillsOutput && bytes.byteLength !== output.byteLength) return undefined;
    output.set(bytes);
    return bytes.byteLength;
  } catch {
    return undefined;
  }
}
