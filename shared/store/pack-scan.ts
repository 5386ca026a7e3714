/**
 * Walks a pack from record to record without an index, and finds its way again behind damage. Recovery and check stand on it.
 */
import { crc32 } from 'node:zlib';
import { copyBytes } from '../bytes.ts';
import { asId } from '../hash.ts';
import type { StoreFile } from './files.ts';
import { decodeRecordHeader, RECORD_HEADER_BYTES, RECORD_MAGIC, type RecordHeader } from './record.ts';

export interface ScannedRecord {
  readonly type: 'record';
  readonly offset: number;
  /** Of the first byte behind it. */
  readonly end: number;
  readonly header: RecordHeader;
}

export interface ScannedDamage {
  readonly type: 'damage';
  readonly offset: number;
  readonly end: number;
  readonly what: string;
  /** Where only the content is damaged. */
  readonly header?: RecordHeader;
}

export interface ScanOptions {
  readonly file: StoreFile;
  /** The store's seed. */
  readonly seed: number;
  readonly from: number;
  /** The end of the pack, or of the part to be walked. */
  readonly to: number;
  /** Whether to read the stored bytes and compare their checksums. */
  readonly readContent: boolean;
}

const WINDOW_BYTES = 1024 * 1024;

/** Everything from `from` to `to`, in order and without gaps. Memory: one window of 1 MiB. */
export async function* scanPack(options: ScanOptions): AsyncGenerator<ScannedRecord | ScannedDamage> {
  const { seed, from, to, readContent } = options;
  const window = createWindow(options.file, to, readContent ? WINDOW_BYTES : WINDOW_BYTES / 16);
  let at = from;
  while (at < to) {
    const header = await readHeader(window, at, to, seed);
    if (header === undefined) {
      const end = await findHeader(window, at + 1, to, seed);
      yield { type: 'damage', offset: at, end, what: 'no sound record header' };
      at = end;
      continue;
    }
    const end = at + RECORD_HEADER_BYTES + header.storedLength;
    if (readContent && (await checksum(window, at + RECORD_HEADER_BYTES, end)) !== header.storedCrc) {
      yield { type: 'damage', offset: at, end, what: 'content does not match its checksum', header };
    } else {
      yield { type: 'record', offset: at, end, header };
    }
    at = end;
  }
}

/** Views of a file, read through one buffer. A view is valid until the next call. */
interface Window {
  /** From `at`, at least `wanted` bytes where the file has them, often more. */
  view(at: number, wanted: number): Promise<Uint8Array>;
}

function createWindow(file: StoreFile, to: number, windowBytes: number): Window {
  const buffer = new Uint8Array(windowBytes);
  let start = 0;
  let length = 0;
  return {
    async view(at, wanted) {
      const end = Math.min(at + wanted, to);
      if (at < start || end > start + length) {
        start = at;
        length = await file.read(buffer.subarray(0, Math.min(windowBytes, to - at)), at);
      }
      return buffer.subarray(at - start, length);
    },
  };
}

/** The header at `at`, if it is sound and its record ends before `to`. */
async function readHeader(window: Window, at: number, to: number, seed: number): Promise<RecordHeader | undefined> {
  const header = decodeRecordHeader(await window.view(at, RECORD_HEADER_BYTES), seed);
  if (header === undefined || at + RECORD_HEADER_BYTES + header.storedLength > to) return undefined;
  return { ...header, key: asId(copyBytes(header.key)) };
}

async function findHeader(window: Window, from: number, to: number, seed: number): Promise<number> {
  let at = from;
  while (at + RECORD_HEADER_BYTES <= to) {
    const view = await window.view(at, RECORD_HEADER_BYTES);
    if (view.byteLength < RECORD_HEADER_BYTES) return to;
    const found = Buffer.from(view.buffer, view.byteOffset, view.byteLength).indexOf(RECORD_MAGIC);
    if (found === -1) {
      at += view.byteLength - RECORD_MAGIC.byteLength + 1;
    } else if ((await readHeader(window, at + found, to, seed)) === undefined) {
      at += found + 1;
    } else {
      return at + found;
    }
  }
  return to;
}

async function checksum(window: Window, from: number, to: number): Promise<number> {
  let value = 0;
  let at = from;
  while (at < to) {
    const view = await window.view(at, 1);
    if (view.byteLength === 0) break;
    const part = view.subarray(0, to - at);
    value = crc32(part, value);
    at += part.byteLength;
  }
  return value;
}
