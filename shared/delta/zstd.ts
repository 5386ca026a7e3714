/** Zstandard (RFC 8878) as node:zlib has it, with and without a base as raw dictionary. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { TransferError } from '../errors.ts';
import { createFrameExpander, maxCompressedBytes } from '../zstd-context.ts';

const { ZSTD_c_compressionLevel: LEVEL, ZSTD_c_windowLog: WINDOW, ZSTD_c_hashLog: HASH, ZSTD_c_chainLog: CHAIN } = constants;
const { ZSTD_d_windowLogMax: WINDOW_MAX } = constants;
/** The largest window that a frame may ask for: 128 MiB covers every target and base. */
const WINDOW_LOG_MAX = 27;
/**
 * Tables for a search over a base. Measured on a security upgrade of a Debian base at levels 3 and 12: with 2^20 entries 0.03 and 0.2 %
 * more bytes than with 2^24, a third less time, and 120 MB less memory in each thread.
 */
const TABLE_LOG_MAX = 20;
/**
 * Tables for levels that search by trees, where content is longer than 1 MiB: 20 MB in each thread where level 15 takes 64. Measured on the
 * streams of patches at levels 15 and 19: 0.002 % more bytes, a sixth less time.
 */
const TREE_LEVEL_MIN = 13;
const TREE_TABLE_LOGS = { [HASH]: 20, [CHAIN]: 22 };
/** What a dictionary in Zstandard's own format begins with; a base that does is used without its first byte. */
const DICTIONARY_MAGIC = [0x37, 0xa4, 0x30, 0xec];

/** One context for the whole thread: it holds nothing from one call to the next. */
const expander = createFrameExpander();

/** One frame. */
export function compressZstd(target: Uint8Array, level: number): Uint8Array {
  const params: Record<number, number> = { [LEVEL]: level };
  if (target.byteLength > 1 << 20) {
    params[WINDOW] = windowLog(target.byteLength);
    if (level >= TREE_LEVEL_MIN) Object.assign(params, TREE_TABLE_LOGS);
  }
  return zstdCompressSync(target, { params, chunkSize: outputBytes(target) });
}

/** One frame that leans on `base`. The window is made for both. */
export function compressZstdOver(target: Uint8Array, base: Uint8Array, level: number): Uint8Array {
  const log = windowLog(target.byteLength + base.byteLength);
  const table = Math.min(TABLE_LOG_MAX, log);
  const params = { [LEVEL]: level, [WINDOW]: log, [HASH]: table, [CHAIN]: table };
  return zstdCompressSync(target, { params, chunkSize: outputBytes(target), dictionary: asDictionary(base) });
}

/** The content of a frame, which must have exactly `targetBytes`. INTEGRITY. */
export function decompressZstd(frame: Uint8Array, targetBytes: number, base?: Uint8Array): Uint8Array {
  if (base !== undefined) return decompressOver(frame, targetBytes, base);
  const content = new Uint8Array(targetBytes);
  if (expander.run(frame, content) === undefined) throw new TransferError('INTEGRITY', `a zstd frame does not hold ${targetBytes} bytes`);
  return content;
}

function decompressOver(frame: Uint8Array, targetBytes: number, base: Uint8Array): Uint8Array {
  const options = { maxOutputLength: targetBytes + 1, params: { [WINDOW_MAX]: WINDOW_LOG_MAX } };
  let content: Uint8Array;
  try {
    content = zstdDecompressSync(frame, { ...options, dictionary: asDictionary(base) });
  } catch (cause) {
    throw new TransferError('INTEGRITY', 'a zstd frame does not decode', { cause });
  }
  if (content.byteLength !== targetBytes)
    throw new TransferError('INTEGRITY', `a zstd frame holds ${content.byteLength} bytes, not ${targetBytes}`);
  return content;
}

/** All of it in one buffer: joining several costs a copy. */
function outputBytes(target: Uint8Array): number {
  return maxCompressedBytes(target.byteLength);
}

function windowLog(bytes: number): number {
  return Math.max(10, Math.min(WINDOW_LOG_MAX, Math.ceil(Math.log2(bytes + 1))));
}

function asDictionary(base: Uint8Array): Uint8Array {
  return DICTIONARY_MAGIC.every((byte, i) => base[i] === byte) ? base.subarray(1) : base;
}
