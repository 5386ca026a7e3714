/** Compression at rest: raw bytes to stored bytes. */
import { constants } from 'node:zlib';
import { CHUNK_BYTES_MAX } from '../limits.ts';
import { CODEC_RAW, CODEC_ZSTD } from './record.ts';
import { createFrameCompressor, maxCompressedBytes } from '../zstd-context.ts';

export type Compression = 'none' | 'zstd';

export interface Packed {
  readonly codec: number;
  /** May be the raw bytes themselves; else it lies in memory of the compressor and is good until its next call. */
  readonly stored: Uint8Array;
}

export interface Compressor {
  /** Each in its own frame where that saves at least a tenth, else raw; in order. */
  packAll(raws: readonly Uint8Array[]): Packed[];
  close(): void;
}

/** Below this nothing is gained that the 56 bytes of header would not hide. */
const COMPRESS_BYTES_MIN = 256;
/** What is longer than a chunk is a recipe, which is compressed already. */
const COMPRESS_BYTES_MAX = CHUNK_BYTES_MAX;
/** Less than a tenth saved is not worth expanding for at every read. */
const COMPRESSED_SHARE_MAX = 0.9;
/** Level 1 with tables for chunks of at most 128 KiB: as small as with its own, and a sixth faster. */
const PARAMS = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: 17, [constants.ZSTD_c_hashLog]: 13 };
/** Memory that is kept from call to call; a call that needs more gets it for itself. */
const KEPT_BYTES = 5 * 1024 * 1024;

export function createCompressor(compression: Compression): Compressor {
  if (compression === 'none') return { packAll: (raws) => raws.map(asRaw), close: () => undefined };
  const context = createFrameCompressor(PARAMS);
  let kept: Uint8Array | undefined;
  const room = (bytes: number): Uint8Array => (bytes > KEPT_BYTES ? new Uint8Array(bytes) : (kept ??= new Uint8Array(KEPT_BYTES)));
  return {
    packAll(raws) {
      const memory = room(raws.reduce((sum, raw) => sum + (isTried(raw) ? maxCompressedBytes(raw.byteLength) : 0), 0));
      let at = 0;
      return raws.map((raw) => {
        if (!isTried(raw)) return asRaw(raw);
        const bytes = context.run(raw, memory.subarray(at, at + maxCompressedBytes(raw.byteLength)));
        if (bytes === undefined || bytes > raw.byteLength * COMPRESSED_SHARE_MAX) return asRaw(raw);
        const stored = memory.subarray(at, at + bytes);
        at += bytes;
        return { codec: CODEC_ZSTD, stored };
      });
    },
    close: () => context.close(),
  };
}

function isTried({ byteLength }: Uint8Array): boolean {
  return byteLength >= COMPRESS_BYTES_MIN && byteLength <= COMPRESS_BYTES_MAX;
}

function asRaw(raw: Uint8Array): Packed {
  return { codec: CODEC_RAW, stored: raw };
}
