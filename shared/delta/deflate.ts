/** Deflate exactly as known compressors do it: the work is done by wasm/assembly/deflate.ts. */
import { TransferError } from '../errors.ts';
import { createWasmInstance, type WasmInstance } from '../wasm/load.ts';

/** Whose output, and at which level: the flavour times 16, plus the level. */
export type Maker = number;

const GZIP = 0;
/** zlib with memLevel 8, its default, and 9. */
const ZLIB = 1;
const ZLIB_LARGE = 2;
const FLAVOUR_STEP = 16;

/** Every maker, the common ones first. */
export const MAKERS: readonly Maker[] = [9, 6, 1, 8, 7, 5, 4, 3, 2].flatMap((level) =>
  [GZIP, ZLIB, ZLIB_LARGE].map((flavour) => flavour * FLAVOUR_STEP + level),
);

export function isMaker(maker: number): boolean {
  return MAKERS.includes(maker);
}

interface DeflateExports {
  deflate(
    from: number,
    bytes: number,
    out: number,
    outLimit: number,
    expected: number,
    flavour: number,
    level: number,
    looksMax: number,
  ): number;
}

/** Places looked at for matches, for each byte of content: more than real content takes, and little enough to wait for. */
const LOOKS_PER_BYTE = 256;
const LOOKS_MIN = 1 << 20;
/** Behind the module's own tables. */
const FIRST = 1024 * 1024;
const GUARD_BYTES = 1024;

export interface Deflater {
  /** The deflated form of `content` by `maker`, at most `bytesMax` bytes; undefined where it would be longer or too much work. */
  deflate(content: Uint8Array, maker: Maker, bytesMax: number): Uint8Array | undefined;
  /** True where `maker` makes exactly `deflated` of `content`. */
  makes(content: Uint8Array, maker: Maker, deflated: Uint8Array): boolean;
}

/** Keeps one memory for contents up to the largest so far. */
export function createDeflater(): Deflater {
  let wasm: WasmInstance<DeflateExports> | undefined;
  const run = (content: Uint8Array, maker: Maker, bytesMax: number, expected?: Uint8Array): Uint8Array | undefined => {
    const out = FIRST + content.byteLength + GUARD_BYTES;
    const expectedAt = out + bytesMax + GUARD_BYTES;
    const end = expectedAt + (expected?.byteLength ?? 0) + GUARD_BYTES;
    if (wasm === undefined || wasm.memory.buffer.byteLength < end) wasm = createWasmInstance<DeflateExports>('deflate', end * 2);
    if (wasm === undefined) throw new TransferError('INTERNAL', 'the module deflate.wasm was not built');
    const memory = new Uint8Array(wasm.memory.buffer);
    memory.set(content, FIRST);
    if (expected !== undefined) memory.set(expected, expectedAt);
    const looks = Math.max(LOOKS_MIN, content.byteLength * LOOKS_PER_BYTE);
    const flavour = Math.floor(maker / FLAVOUR_STEP);
    const limit = out + bytesMax;
    const length = wasm.exports.deflate(
      FIRST,
      content.byteLength,
      out,
      limit,
      expected === undefined ? 0 : expectedAt,
      flavour,
      maker % FLAVOUR_STEP,
      looks,
    );
    return length === 0 ? undefined : memory.slice(out, out + length);
  };
  return {
    deflate: (content, maker, bytesMax) => run(content, maker, bytesMax),
    makes: (content, maker, deflated) => run(content, maker, deflated.byteLength, deflated)?.byteLength === deflated.byteLength,
  };
}
