/** Finds the gzip members (RFC 1952) inside a content, and what they hold. */
import { crc32, inflateRawSync } from 'node:zlib';

export interface GzipMember {
  /** Where the header starts, where the deflated data does, and where the data ends: 8 bytes of trailer follow. */
  readonly start: number;
  readonly dataStart: number;
  readonly dataEnd: number;
  readonly content: Uint8Array;
}

export const TRAILER_BYTES = 8;
const HEADER_BYTES = 10;
/** What looks like a member and is none may be met so often: each costs up to a whole inflation. */
const FAILURES_MAX = 64;
const FLAG_CHECKSUM = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
const FLAGS_RESERVED = 0xe0;

/**
 * The members from the start of `bytes` on, none inside of another, whose data and trailer are right. Part of the format: both ends
 * find the same ones. The bytes with all members inflated stay below `openedMax`; a member that would go beyond is left closed.
 */
export function findMembers(bytes: Uint8Array, openedMax: number): GzipMember[] {
  const members: GzipMember[] = [];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let opened = bytes.byteLength;
  let failures = 0;
  let at = 0;
  while (failures < FAILURES_MAX) {
    const start = view.indexOf(MAGIC, at);
    if (start < 0) break;
    const member = readMember(view, start, openedMax - opened);
    if (member === undefined) {
      failures++;
      at = start + 1;
      continue;
    }
    members.push(member);
    opened += member.content.byteLength;
    at = member.dataEnd + TRAILER_BYTES;
  }
  return members;
}

/** The two identifying bytes and the method: deflate. */
const MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);

function readMember(view: Buffer, start: number, contentMax: number): GzipMember | undefined {
  const dataStart = headerEnd(view, start);
  if (dataStart === undefined || contentMax < 1) return undefined;
  let inflated: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    inflated = inflateRawSync(view.subarray(dataStart), { info: true, maxOutputLength: contentMax, chunkSize: 64 * 1024 }) as never;
  } catch {
    return undefined;
  }
  const content = new Uint8Array(inflated.buffer.buffer, inflated.buffer.byteOffset, inflated.buffer.byteLength);
  const dataEnd = dataStart + inflated.engine.bytesWritten;
  if (dataEnd + TRAILER_BYTES > view.byteLength || content.byteLength === 0) return undefined;
  if (view.readUInt32LE(dataEnd) !== crc32(content) || view.readUInt32LE(dataEnd + 4) !== content.byteLength) return undefined;
  return { start, dataStart, dataEnd, content };
}

/** Where the data starts, behind the optional fields. */
function headerEnd(view: Buffer, start: number): number | undefined {
  const flags = view[start + 3] ?? FLAGS_RESERVED;
  if ((flags & FLAGS_RESERVED) !== 0) return undefined;
  let at = start + HEADER_BYTES;
  if ((flags & FLAG_EXTRA) !== 0) {
    if (at + 2 > view.byteLength) return undefined;
    at += 2 + view.readUInt16LE(at);
  }
  for (const flag of [FLAG_NAME, FLAG_COMMENT]) {
    if ((flags & flag) === 0) continue;
    const end = at > view.byteLength ? -1 : view.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if ((flags & FLAG_CHECKSUM) !== 0) at += 2;
  return at < view.byteLength ? at : undefined;
}

/** The eight bytes behind the data of a member that holds `content`. */
export function trailerOf(content: Uint8Array): Uint8Array {
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.byteLength, 4);
  return new Uint8Array(trailer);
}
