/** Headers, trailers and check values around deflated data: gzip (RFC 1952) and zlib (RFC 1950). */
import { crc32 } from 'node:zlib';

export const FRAME = { raw: 0, gzip: 1, zlib: 2 } as const;
export type Frame = (typeof FRAME)[keyof typeof FRAME];

/** Bytes behind the data, by frame. */
export const TRAILER_BYTES: readonly number[] = [0, 8, 4];

const GZIP_FIXED_BYTES = 10;
const GZIP_CHECKSUM = 2;
const GZIP_EXTRA = 4;
const GZIP_NAME = 8;
const GZIP_COMMENT = 16;
const GZIP_RESERVED = 0xe0;
const ZLIB_DICTIONARY = 0x20;

/** Which frame `bytes` begin; undefined where neither gzip's nor zlib's. Two bytes are enough to know. */
export function frameOf(bytes: Uint8Array): Frame | undefined {
  const [first = 0, second = 0] = bytes;
  if (first === 0x1f && second === 0x8b) return FRAME.gzip;
  if ((first & 15) === 8 && first >> 4 < 8 && (first * 256 + second) % 31 === 0 && (second & ZLIB_DICTIONARY) === 0) return FRAME.zlib;
  return undefined;
}

/** Length of the header; undefined where it goes on behind `bytes`, -1 where it is none. */
export function headerBytes(frame: Frame, bytes: Uint8Array): number | undefined {
  if (frame === FRAME.raw) return 0;
  if (frame === FRAME.zlib) return bytes.byteLength < 2 ? undefined : 2;
  if (bytes.byteLength < GZIP_FIXED_BYTES) return undefined;
  const flags = bytes[3] ?? 0;
  if (bytes[2] !== 8 || (flags & GZIP_RESERVED) !== 0) return -1;
  let at = GZIP_FIXED_BYTES;
  if ((flags & GZIP_EXTRA) !== 0) {
    if (bytes.byteLength < at + 2) return undefined;
    at += 2 + (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
  }
  for (const flag of [GZIP_NAME, GZIP_COMMENT]) {
    if ((flags & flag) === 0) continue;
    const end = at > bytes.byteLength ? -1 : bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if ((flags & GZIP_CHECKSUM) !== 0) at += 2;
  return at > bytes.byteLength ? undefined : at;
}

/** Computes what stands behind the data. */
export interface Check {
  add(plain: Uint8Array): void;
  /** The trailer of all that was added. */
  trailer(): Uint8Array;
}

export function createCheck(frame: Frame): Check {
  let value = frame === FRAME.zlib ? 1 : 0;
  let bytes = 0;
  return {
    add(plain) {
      if (frame === FRAME.gzip) value = crc32(plain, value);
      else if (frame === FRAME.zlib) value = adler32(plain, value);
      bytes += plain.byteLength;
    },
    trailer() {
      const trailer = new Uint8Array(TRAILER_BYTES[frame] ?? 0);
      const view = new DataView(trailer.buffer);
      if (frame === FRAME.zlib) view.setUint32(0, value);
      if (frame === FRAME.gzip) {
        view.setUint32(0, value, true);
        view.setUint32(4, bytes % 2 ** 32, true);
      }
      return trailer;
    },
  };
}

const ADLER_MODULUS = 65_521;
/** So many bytes before the sums are reduced: they stay below 2^32. */
const ADLER_RUN = 5552;

function adler32(bytes: Uint8Array, start: number): number {
  let low = start & 0xffff;
  let high = start >>> 16;
  for (let at = 0; at < bytes.byteLength;) {
    const end = Math.min(at + ADLER_RUN, bytes.byteLength);
    for (; at < end; at++) {
      low += bytes[at] as number;
      high += low;
    }
    low %= ADLER_MODULUS;
    high %= ADLER_MODULUS;
  }
  return high * 65_536 + low;
}
