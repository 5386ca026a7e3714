/** The two digests of the product: BLAKE3-256 names content in stores and on the wire, SHA-256 is what images are known by. */
import { createHash, type Hash } from 'node:crypto';
import { blake3UrlSafeBase64, Blake3Hasher } from '@napi-rs/blake-hash';
import { TransferError } from './errors.ts';

/** Bytes of an id and of a SHA-256 digest. */
export const ID_BYTES = 32;

declare const idBrand: unique symbol;
/** BLAKE3-256 of the bytes that it names: 32 bytes, never modified after it was made. */
export type Id = Uint8Array & { readonly [idBrand]: true };

/** Ids that are made one after the other lie together in a buffer of so many bytes. */
const ROOM_BYTES = 64 * ID_BYTES;
let room = Buffer.alloc(0);
let roomUsed = 0;

/**
 * BLAKE3-256 of `bytes` (https://github.com/BLAKE3-team/BLAKE3-specs). By way of a text: a buffer that native code makes takes twice the time, and
 * seven times the memory.
 */
export function hashBytes(bytes: Uint8Array): Id {
  if (roomUsed === room.byteLength) {
    room = Buffer.alloc(ROOM_BYTES);
    roomUsed = 0;
  }
  const id = new Uint8Array(room.buffer, roomUsed, ID_BYTES);
  room.write(blake3UrlSafeBase64(bytes), roomUsed, 'base64url');
  roomUsed += ID_BYTES;
  return id as Id;
}

/**
 * Copies that lie together in a buffer of their own. For many that are kept: an id as it comes from an index takes some 700 bytes,
 * such a copy some 100.
 */
export function packIds<Each extends Id | undefined>(ids: readonly Each[]): Each[] {
  const packed = new Uint8Array(ids.length * ID_BYTES);
  return ids.map((id, i) => {
    if (id === undefined) return id;
    packed.set(id, i * ID_BYTES);
    return packed.subarray(i * ID_BYTES, (i + 1) * ID_BYTES) as Each;
  });
}

export interface StreamHasher {
  update(bytes: Uint8Array): void;
  /** The digest of all updates; ends the hasher. */
  digest(): Uint8Array;
}

/** BLAKE3-256 of a stream. */
export function createIdHasher(): { update(bytes: Uint8Array): void; digest(): Id } {
  const hasher = new Blake3Hasher();
  return {
    update: (bytes) => void hasher.update(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    digest: () => hasher.digestBuffer() as Uint8Array as Id,
  };
}

/** SHA-256 of a stream: diffIDs, config digests and manifest digests. */
export function createSha256(): StreamHasher {
  const hash: Hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

/** The id that 64 hex digits stand for. */
export function idFromHex(text: string): Id {
  return asId(Buffer.from(text, 'hex'));
}

/** Accepts 32 bytes from outside as an id (of content yet to be verified). */
export function asId(bytes: Uint8Array): Id {
  if (bytes.byteLength !== ID_BYTES) throw new TransferError('PROTOCOL_VIOLATION', `an id has ${ID_BYTES} bytes, got ${bytes.byteLength}`);
  return bytes as Id;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** `sha256:<hex>` as engines and registries write it. */
export function sha256Digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
