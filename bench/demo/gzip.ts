/** What `docker save | gzip` would send: the reference of every figure. */
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** gzip's own default. */
const LEVEL = 6;

/** Bytes of the stream compressed. */
export async function gzipBytes(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  const counter = new Writable({
    write(piece: Uint8Array, _encoding, done) {
      bytes += piece.byteLength;
      done();
    },
  });
  await pipeline(source, createGzip({ level: LEVEL, chunkSize: 1 << 18 }), counter, { signal });
  return bytes;
}
