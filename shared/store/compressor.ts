/**
 * Compression at rest: raw bytes to stored bytes, on the thread pool.
 *
 * A one-shot call of zlib makes a stream and a compression context each time, a hundred thousand times a minute here. So a few
 * streams are kept, and each record is ended as a frame of its own (ZSTD_e_end), after which the context begins the next.
 */
import { promisify } from 'node:util';
import { constants, createZstdCompress, zstdCompress, type ZstdCompress } from 'node:zlib';
import { TransferError } from '../errors.ts';
import { CODEC_RAW, CODEC_ZSTD } from './record.ts';

export type Compression = 'none' | 'zstd';

export interface Packed {
  readonly codec: number;
  /** May be the raw bytes themselves, not a copy. */
  readonly stored: Uint8Array;
}

export interface Compressor {
  /** Each in its own frame where that saves at least a tenth, else raw; in order. Calls must not overlap. */
  packAll(raws: readonly Uint8Array[]): Promise<Packed[]>;
  close(): void;
}

/** Below this nothing is gained that the 56 bytes of header would not hide. */
const COMPRESS_BYTES_MIN = 256;
/** Less than a tenth saved is not worth expanding for at every read. */
const COMPRESSED_SHARE_MAX = 0.9;
/** Larger ones, which are rare, are compressed by themselves. */
const STREAM_BYTES_MAX = 1024 * 1024;
/** As many as Node's thread pool runs at once. */
const STREAMS = 4;
/** Level 1 with tables for chunks of at most 128 KiB: as small as with its own, and a sixth faster. */
const PARAMS = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: 17, [constants.ZSTD_c_hashLog]: 13 };

const compressLarge = promisify(zstdCompress);

export function createCompressor(compression: Compression): Compressor {
  const streams = Array.from({ length: compression === 'zstd' ? STREAMS : 0 }, createFrameStream);
  return {
    async packAll(raws) {
      const out: Packed[] = raws.map((raw) => ({ codec: CODEC_RAW, stored: raw }));
      const queue = raws.entries();
      const work = async (stream: ZstdCompress): Promise<void> => {
        for (const [index, raw] of queue) {
          if (raw.byteLength < COMPRESS_BYTES_MIN) continue;
          const stored =
            raw.byteLength <= STREAM_BYTES_MAX ? await compressFrame(stream, raw) : await compressLarge(raw, { params: PARAMS });
          if (stored.byteLength <= raw.byteLength * COMPRESSED_SHARE_MAX) out[index] = { codec: CODEC_ZSTD, stored };
        }
      };
      await Promise.all(streams.map(work));
      return out;
    },
    close() {
      for (const stream of streams) stream.destroy();
    },
  };
}

function createFrameStream(): ZstdCompress {
  // The whole of a frame has to find room in the stream, as it is read only when it is complete.
  const options = { params: PARAMS, chunkSize: 128 * 1024, highWaterMark: 2 * STREAM_BYTES_MAX };
  const stream = createZstdCompress(options);
  // A failure reaches the callback of the write; without a listener it would end the process as well.
  stream.on('error', () => undefined);
  return stream;
}

function compressFrame(stream: ZstdCompress, raw: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    stream.write(raw, (error) => {
      if (error) reject(TransferError.from(error, 'zstd'));
    });
    stream.flush(constants.ZSTD_e_end, () => {
      const frame = stream.read() as Uint8Array | null;
      if (frame === null) reject(new TransferError('INTERNAL', 'zstd: a frame without bytes'));
      else resolve(frame);
    });
  });
}
