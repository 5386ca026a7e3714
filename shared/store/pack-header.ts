/** The 64 bytes that open a pack. Format: STORE.md, "Pack header". */
import { crc32 } from 'node:zlib';
import { TransferError } from '../errors.ts';
import { utf8 } from '../bytes.ts';
import type { StoreFile } from './files.ts';
import type { StoreIdentity } from './identity.ts';

export const PACK_HEADER_BYTES = 64;
const PACK_VERSION = 1;
const MAGIC = utf8('LMPACK');
const CRC_AT = 60;

export interface PackHeader extends StoreIdentity {
  /** As in the file's name; from 1. */
  readonly pack: number;
}

export function encodePackHeader(header: PackHeader): Uint8Array {
  const out = new Uint8Array(PACK_HEADER_BYTES);
  const view = new DataView(out.buffer);
  out.set(MAGIC, 0);
  view.setUint16(6, PACK_VERSION, true);
  view.setUint32(8, header.pack, true);
  view.setUint32(12, header.seed, true);
  out.set(header.storeId, 16);
  view.setUint32(CRC_AT, crc32(out.subarray(0, CRC_AT)), true);
  return out;
}

/**
 * @returns undefined where the header is damaged or cut short.
 * @throws TransferError STORE_VERSION where it is sound and of a later version.
 */
export function decodePackHeader(bytes: Uint8Array): PackHeader | undefined {
  if (bytes.byteLength < PACK_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACK_HEADER_BYTES);
  if (Buffer.compare(bytes.subarray(0, MAGIC.byteLength), MAGIC) !== 0) return undefined;
  if (view.getUint32(CRC_AT, true) !== crc32(bytes.subarray(0, CRC_AT))) return undefined;
  const version = view.getUint16(6, true);
  if (version > PACK_VERSION) throw new TransferError('STORE_VERSION', `pack of version ${version}, known is ${PACK_VERSION}`);
  return { pack: view.getUint32(8, true), seed: view.getUint32(12, true), storeId: bytes.slice(16, 32) };
}

/** The header of an open pack, as `decodePackHeader`. */
export async function readPackHeader(file: StoreFile): Promise<PackHeader | undefined> {
  const bytes = new Uint8Array(PACK_HEADER_BYTES);
  return decodePackHeader(bytes.subarray(0, await file.read(bytes, 0)));
}
