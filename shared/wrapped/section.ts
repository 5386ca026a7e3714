/** Sections of a reconstruction, compressed where that pays; and the errors of one that is wrong. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { TransferError } from '../errors.ts';
import { createByteWriter, type ByteReader } from '../wire/varint.ts';

const LEVEL = 12;

/** Its length; the length of the zstd frame, or 0 where it is not compressed; the bytes. */
export function section(bytes: Uint8Array): Uint8Array {
  const writer = createByteWriter();
  const compressed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  const isSmaller = compressed.byteLength < bytes.byteLength;
  writer.varint(bytes.byteLength);
  writer.varint(isSmaller ? compressed.byteLength : 0);
  writer.bytes(isSmaller ? compressed : bytes);
  return writer.finish();
}

/** @throws TransferError INTEGRITY, PROTOCOL_VIOLATION (see `sound`), LIMIT_EXCEEDED above `bytesMax` */
export function readSection(reader: ByteReader, bytesMax: number): Uint8Array {
  const bytes = reader.varint('a section', bytesMax);
  const compressed = reader.varint('a section', bytesMax);
  if (compressed === 0) return reader.bytes(bytes, 'a section');
  const frame = reader.bytes(compressed, 'a section');
  let plain: Uint8Array;
  try {
    plain = zstdDecompressSync(frame, { maxOutputLength: Math.max(1, bytes) });
  } catch (error) {
    throw new TransferError('INTEGRITY', 'a section of a reconstruction does not expand', { cause: error });
  }
  if (plain.byteLength !== bytes) throw impossible('length of a section');
  return plain;
}

/** Passes a section; returns its bytes before it was compressed. @throws as `readSection` */
export function skipSection(reader: ByteReader, bytesMax: number): number {
  const bytes = reader.varint('a section', bytesMax);
  const compressed = reader.varint('a section', bytesMax);
  reader.bytes(compressed === 0 ? bytes : compressed, 'a section');
  return bytes;
}

/** What `read` gives; where it finds bytes missing, the reconstruction is damaged. */
export function sound<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TransferError && error.code === 'PROTOCOL_VIOLATION') {
      throw new TransferError('INTEGRITY', `a reconstruction is cut short: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

export function impossible(what: string): TransferError {
  return new TransferError('INTEGRITY', `a reconstruction is impossible: ${what}`);
}
