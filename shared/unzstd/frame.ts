/** Frames of zstd and what stands around their blocks (RFC 8878, 3.1), as the predicted encoder writes them. */
import { ZSTD_WINDOW_BYTES_MAX } from '../limits.ts';

export const BLOCK_BYTES_MAX = 128 * 1024;
export const CHECKSUM_BYTES = 4;
export const BLOCK_HEADER_BYTES = 3;
export const SKIPPABLE_HEADER_BYTES = 8;

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** The first byte of a skippable frame is 50 to 5f. */
const SKIPPABLE_MAGIC = [0x50, 0x2a, 0x4d, 0x18];
const SINGLE = 0x20;
const RESERVED = 0x08;
const CHECKSUM = 0x04;
const DICTIONARY = 0x03;
/** Bytes of the content's size, by the upper two bits of the descriptor. */
const SIZE_BYTES = [0, 2, 4, 8];
/** From so many plain bytes on the encoder says their number in a frame that is one block, and makes it a single segment. */
const SIZE_SAID_FROM = 256;
const SINGLE_ABOVE = 1024;
/** Descriptor of the window: 8 MiB. */
const WINDOW_8M = 0x68;

export interface FrameHeader {
  readonly bytes: number;
  /** The plain bytes are one segment, whose length is said. */
  readonly isSingle: boolean;
  readonly contentBytes: number | undefined;
  readonly hasChecksum: boolean;
}

export type FrameKind = 'frame' | 'skippable';

/** What begins with these bytes, four or more; undefined where it is no frame. */
export function frameKindOf(bytes: Uint8Array): FrameKind | undefined {
  if (MAGIC.every((byte, index) => bytes[index] === byte)) return 'frame';
  return SKIPPABLE_MAGIC.every((byte, index) => ((bytes[index] ?? 0) & (index === 0 ? 0xf0 : 0xff)) === byte) ? 'skippable' : undefined;
}

/** Of a skippable frame, of which eight bytes are there: all its bytes. */
export function skippableBytes(bytes: Uint8Array): number {
  return SKIPPABLE_HEADER_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
}

/** The header of the frame that begins here; undefined where it goes on behind `bytes`; null where it is none, or asks for what is not undone. */
export function readFrameHeader(bytes: Uint8Array): FrameHeader | null | undefined {
  if (bytes.byteLength < 5) return undefined;
  const descriptor = bytes[4] ?? 0;
  if (frameKindOf(bytes) !== 'frame' || (descriptor & (RESERVED | DICTIONARY)) !== 0) return null;
  const isSingle = (descriptor & SINGLE) !== 0;
  const sizeBytes = isSingle && descriptor >> 6 === 0 ? 1 : (SIZE_BYTES[descriptor >> 6] ?? 0);
  const at = isSingle ? 5 : 6;
  if (bytes.byteLength < at + sizeBytes) return undefined;
  const window = bytes[5] ?? 0;
  if (!isSingle && 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8) > ZSTD_WINDOW_BYTES_MAX) return null;
  let size = 0;
  for (let i = sizeBytes - 1; i >= 0; i--) size = size * 256 + (bytes[at + i] ?? 0);
  if (!Number.isSafeInteger(size)) return null;
  const contentBytes = sizeBytes === 0 ? undefined : size + (sizeBytes === 2 ? SIZE_SAID_FROM : 0);
  return { bytes: at + sizeBytes, isSingle, contentBytes, hasChecksum: (descriptor & CHECKSUM) !== 0 };
}

/** The header that the predicted encoder gives a frame of so many plain bytes. */
export function plannedHeader(plainBytes: number): Uint8Array {
  if (plainBytes >= BLOCK_BYTES_MAX) return new Uint8Array([...MAGIC, CHECKSUM, WINDOW_8M]);
  const isSingle = plainBytes > SINGLE_ABOVE;
  const saysSize = plainBytes >= SIZE_SAID_FROM;
  const isLong = plainBytes >= 65_536 + SIZE_SAID_FROM;
  const descriptor = CHECKSUM | (isSingle ? SINGLE : 0) | ((isLong ? 2 : saysSize ? 1 : 0) << 6);
  const size = isLong ? plainBytes : plainBytes - SIZE_SAID_FROM;
  const sizeBytes = Array.from({ length: isLong ? 4 : saysSize ? 2 : 0 }, (_, index) => Math.floor(size / 256 ** index) % 256);
  return new Uint8Array([...MAGIC, descriptor, ...(isSingle ? [] : [plainBytes === SINGLE_ABOVE ? 8 : 0]), ...sizeBytes]);
}

/** How the predicted encoder cuts the next block of a frame of which so many plain bytes are left. */
export function plannedBlock(left: number, isSingle: boolean): BlockShape {
  const bytes = Math.min(BLOCK_BYTES_MAX, left);
  return { bytes, isLast: bytes === left && (bytes < BLOCK_BYTES_MAX || isSingle) };
}

export interface BlockShape {
  readonly bytes: number;
  readonly isLast: boolean;
}

/** Whether `plannedBlock` gives this shape; how many bytes are left is known of a single segment only, and follows from the shape of others. */
export function isPlannedShape(shape: BlockShape, left: number | undefined): boolean {
  if (left === undefined) return shape.isLast === shape.bytes < BLOCK_BYTES_MAX;
  const planned = plannedBlock(left, true);
  return planned.bytes === shape.bytes && planned.isLast === shape.isLast;
}
