/** The record of a pack: its header in bytes. Format: STORE.md, "Record". */
import { crc32 } from 'node:zlib';
import { asId, ID_BYTES, type Id } from '../hash.ts';
import { STORE_RECORD_BYTES_MAX } from '../limits.ts';
import { RECORD_KINDS, type RecordKind } from './port.ts';

export const RECORD_HEADER_BYTES = 56;
/** `LMRC` as the first four bytes of every record. */
export const RECORD_MAGIC = Uint8Array.of(0x4c, 0x4d, 0x52, 0x43);
/** Kind byte of a record that says that another one is gone. */
export const TOMBSTONE = 4;

export const CODEC_RAW = 0;
export const CODEC_ZSTD = 1;

const MAGIC_NUMBER = 0x43524d4c;
const CRC_AT = 52;

export interface RecordHeader {
  /** The byte as it stands: 1 to 3 are the kinds of the port, 4 a tombstone, others unknown to this version. */
  readonly kindByte: number;
  readonly codec: number;
  /** Of a tombstone, the kind byte of the record that is gone; else 0. */
  readonly goneKindByte: number;
  readonly rawLength: number;
  readonly storedLength: number;
  readonly key: Id;
  /** CRC-32 of the stored bytes. */
  readonly storedCrc: number;
}

/** 1 for `chunk`, 2 for `recipe`, 3 for `image`. */
export function kindByte(kind: RecordKind): number {
  return RECORD_KINDS.indexOf(kind) + 1;
}

/** The kind of a byte, undefined where it is none of the port's. */
export function kindOfByte(byte: number): RecordKind | undefined {
  return RECORD_KINDS[byte - 1];
}

/** Writes the header to the first 56 bytes of `out`. `seed` is the store's. */
export function encodeRecordHeader(header: RecordHeader, seed: number, out: Uint8Array): void {
  const view = new DataView(out.buffer, out.byteOffset, RECORD_HEADER_BYTES);
  view.setUint32(0, MAGIC_NUMBER, true);
  view.setUint8(4, header.kindByte);
  view.setUint8(5, header.codec);
  view.setUint8(6, header.goneKindByte);
  view.setUint8(7, 0);
  view.setUint32(8, header.rawLength, true);
  view.setUint32(12, header.storedLength, true);
  out.set(header.key, 16);
  view.setUint32(48, header.storedCrc, true);
  view.setUint32(CRC_AT, crc32(out.subarray(0, CRC_AT), seed), true);
}

/**
 * Reads the header that starts `bytes`; the key is a view of them.
 * @returns undefined where there is no sound header of this store: too short, other magic, checksum, or a length above the limit.
 */
export function decodeRecordHeader(bytes: Uint8Array, seed: number): RecordHeader | undefined {
  if (bytes.byteLength < RECORD_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC_NUMBER) return undefined;
  if (view.getUint32(CRC_AT, true) !== crc32(bytes.subarray(0, CRC_AT), seed)) return undefined;
  const rawLength = view.getUint32(8, true);
  const storedLength = view.getUint32(12, true);
  if (rawLength > STORE_RECORD_BYTES_MAX || storedLength > STORE_RECORD_BYTES_MAX) return undefined;
  return {
    kindByte: view.getUint8(4),
    codec: view.getUint8(5),
    goneKindByte: view.getUint8(6),
    rawLength,
    storedLength,
    key: asId(bytes.subarray(16, 16 + ID_BYTES)),
    storedCrc: view.getUint32(48, true),
  };
}
