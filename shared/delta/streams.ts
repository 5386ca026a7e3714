/** A part of a payload by itself: as it is, or through zstd. DELTA.md, section 6. */
import type { ByteReader, ByteWriter } from '../wire/varint.ts';
import { compressZstd, decompressZstd } from './zstd.ts';

/** Length, length as it stands here, and the bytes: a zstd frame where that is shorter. */
export function writeStream(writer: ByteWriter, stream: Uint8Array, level: number): void {
  const frame = compressZstd(stream, level);
  const coded = frame.byteLength < stream.byteLength ? frame : stream;
  writer.varint(stream.byteLength);
  writer.varint(coded.byteLength);
  writer.bytes(coded);
}

/** PROTOCOL_VIOLATION, LIMIT_EXCEEDED, INTEGRITY. */
export function readStream(reader: ByteReader, bytesMax: number): Uint8Array {
  const length = reader.varint('stream', bytesMax);
  const coded = reader.bytes(reader.varint('stream code', length), 'stream');
  return coded.byteLength === length ? coded : decompressZstd(coded, length);
}
