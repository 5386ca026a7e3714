/** Stored bytes back to raw bytes. Codecs: STORE.md, "Record"; the other way: compressor.ts. */
import { promisify } from 'node:util';
import { zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { TransferError } from '../errors.ts';
import { CODEC_RAW, CODEC_ZSTD } from './record.ts';

const decompress = promisify(zstdDecompress);

/** From here expanding moves off the main thread; below, the hand-over costs more than the work. */
const EXPAND_ASYNC_BYTES_MIN = 1024 * 1024;

/**
 * Stored bytes to raw bytes; `rawLength` bounds the memory taken.
 * @throws TransferError INTEGRITY where they are not `rawLength` bytes in that codec; STORE_VERSION where the codec is unknown.
 */
export async function unpackBytes(codec: number, stored: Uint8Array, rawLength: number): Promise<Uint8Array> {
  if (codec !== CODEC_RAW && codec !== CODEC_ZSTD) throw new TransferError('STORE_VERSION', `codec ${codec} is of a later version`);
  const raw = codec === CODEC_RAW ? stored : await expand(stored, rawLength);
  if (raw.byteLength !== rawLength) throw new TransferError('INTEGRITY', `has ${raw.byteLength} bytes instead of ${rawLength}`);
  return raw;
}

async function expand(stored: Uint8Array, rawLength: number): Promise<Uint8Array> {
  const options = { chunkSize: outputBytes(rawLength), maxOutputLength: Math.max(rawLength, 1) };
  try {
    return rawLength < EXPAND_ASYNC_BYTES_MIN ? zstdDecompressSync(stored, options) : await decompress(stored, options);
  } catch (cause) {
    throw new TransferError('INTEGRITY', 'does not expand', { cause });
  }
}

/** One output buffer where possible: joining several costs a copy. */
function outputBytes(expected: number): number {
  return Math.min(Math.max(expected + 64, 1024), EXPAND_ASYNC_BYTES_MIN);
}
