/** Who a store is: `store.json`. Format: STORE.md. */
import { join } from 'node:path';
import { utf8, utf8Text } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { hex } from '../hash.ts';
import type { StoreFiles } from './files.ts';

export const STORE_ID_BYTES = 16;
const STORE_VERSION = 1;
const FORMAT = 'lighterman store';
const IDENTITY_BYTES_MAX = 4096;

export interface StoreIdentity {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /** Starting value of the record headers' checksums, a u32; not told to anybody. */
  readonly seed: number;
}

/** A new identity from 20 random bytes. */
export function createIdentity(random: (bytes: number) => Uint8Array): StoreIdentity {
  const bytes = random(STORE_ID_BYTES + 4);
  const seed = new DataView(bytes.buffer, bytes.byteOffset + STORE_ID_BYTES, 4).getUint32(0, true);
  return { storeId: bytes.slice(0, STORE_ID_BYTES), seed };
}

/**
 * @returns undefined where the file is missing or damaged.
 * @throws TransferError STORE_VERSION where a later version wrote it.
 */
export async function readIdentity(files: StoreFiles, directory: string): Promise<StoreIdentity | undefined> {
  const path = identityPath(directory);
  const size = await files.size(path);
  if (size === undefined || size > IDENTITY_BYTES_MAX) return undefined;
  const file = await files.open(path, 'read');
  try {
    const bytes = new Uint8Array(size);
    return parseIdentity(utf8Text(bytes.subarray(0, await file.read(bytes, 0))));
  } finally {
    await file.close();
  }
}

/** Writes the file so that it is there as a whole or not at all. */
export async function writeIdentity(files: StoreFiles, directory: string, identity: StoreIdentity): Promise<void> {
  const path = identityPath(directory);
  const { storeId, seed } = identity;
  const file = await files.open(`${path}.new`, 'write');
  try {
    await file.truncate(0);
    await file.write([utf8(`${JSON.stringify({ format: FORMAT, version: STORE_VERSION, storeId: hex(storeId), seed })}\n`)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(`${path}.new`, path);
  await files.syncDirectory(directory);
}

/** As `readIdentity`, of the file's text. */
export function parseIdentity(text: string): StoreIdentity | undefined {
  const value = parseObject(text);
  if (value?.['format'] !== FORMAT) return undefined;
  const { version, storeId, seed } = value as Record<'version' | 'storeId' | 'seed', unknown>;
  if (typeof version === 'number' && version > STORE_VERSION) {
    throw new TransferError('STORE_VERSION', `the store is of version ${version}, this agent knows ${STORE_VERSION}`);
  }
  if (typeof storeId !== 'string' || !/^[0-9a-f]{32}$/.test(storeId)) return undefined;
  if (typeof seed !== 'number' || !Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) return undefined;
  return { storeId: new Uint8Array(Buffer.from(storeId, 'hex')), seed };
}

function identityPath(directory: string): string {
  return join(directory, 'store.json');
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
