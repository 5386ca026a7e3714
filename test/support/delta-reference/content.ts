/** DELTA.md, sections 1, 3 and 11: a payload of any codec, decoded by the parts made from the document. */
import { crc32, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { concatBytes } from '../../../shared/bytes.ts';
import { createByteReader } from '../../../shared/wire/varint.ts';
import { decodeMixReference } from '../mix-reference.ts';
import { deflateReference } from './deflate.ts';
import { decodePatch } from './patch.ts';

const NOTHING = new Uint8Array(0);

export function decodeReference(codec: number, payload: Uint8Array, base: Uint8Array | undefined, targetBytes: number): Uint8Array {
  if (codec === 0) return payload;
  if (codec === 1) return zstdDecompressSync(payload);
  if (codec === 3) return decodeMixReference(payload, NOTHING, targetBytes);
  if (codec === 6) return decodeOpened(payload, undefined);
  if (base === undefined) throw new Error(`codec ${codec} needs a base`);
  if (codec === 2) return zstdDecompressSync(payload, { dictionary: hasMark(base) ? base.subarray(1) : base });
  if (codec === 4) return decodeMixReference(payload, base, targetBytes);
  if (codec === 5) return decodePatch(payload, base, targetBytes);
  if (codec === 7) return decodeOpened(payload, openBase(base));
  throw new Error(`no codec ${codec}`);
}

const hasMark = (base: Uint8Array): boolean => [0x37, 0xa4, 0x30, 0xec].every((byte, i) => base[i] === byte);

function decodeOpened(packed: Uint8Array, base: Uint8Array | undefined): Uint8Array {
  const reader = createByteReader(packed);
  const codec = reader.byte('codec');
  const bytes = reader.varint('bytes');
  const members = Array.from({ length: reader.varint('n') }, () => ({
    gap: reader.varint('gap'),
    content: reader.varint('content'),
    maker: reader.byte('maker'),
  }));
  const opened = createByteReader(decodeReference(codec, reader.rest(), base, bytes));
  const parts: Uint8Array[] = [];
  for (const { gap, content, maker } of members) {
    parts.push(opened.bytes(gap, 'gap'));
    const held = opened.bytes(content, 'content');
    const trailer = new DataView(new ArrayBuffer(8));
    trailer.setUint32(0, crc32(held), true);
    trailer.setUint32(4, held.byteLength, true);
    parts.push(deflateReference(held, maker), new Uint8Array(trailer.buffer));
  }
  return concatBytes([...parts, opened.rest()]);
}

/** The opened base. */
export function openBase(base: Uint8Array): Uint8Array {
  const view = Buffer.from(base);
  const parts: Uint8Array[] = [];
  let from = 0;
  let at = 0;
  let room = 64 * 1024 * 1024 - base.byteLength;
  for (let failures = 0; failures < 64;) {
    const start = view.indexOf(Buffer.from([0x1f, 0x8b, 8]), at);
    if (start < 0) break;
    const member = readMember(view, start);
    if (member === undefined || member.content.byteLength > room) {
      failures++;
      at = start + 1;
      continue;
    }
    room -= member.content.byteLength;
    parts.push(base.subarray(from, member.dataStart), member.content);
    at = member.end;
    from = member.end;
  }
  return concatBytes([...parts, base.subarray(from)]);
}

function readMember(view: Buffer, start: number): { dataStart: number; content: Uint8Array; end: number } | undefined {
  const dataStart = headerEnd(view, start);
  if (dataStart === undefined) return undefined;
  try {
    const { buffer, engine } = inflateRawSync(view.subarray(dataStart), { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    const trailer = dataStart + engine.bytesWritten;
    if (buffer.byteLength === 0 || trailer + 8 > view.byteLength) return undefined;
    const isRight = view.readUInt32LE(trailer) === crc32(buffer) && view.readUInt32LE(trailer + 4) === buffer.byteLength;
    return isRight ? { dataStart, content: new Uint8Array(buffer), end: trailer + 8 } : undefined;
  } catch {
    return undefined;
  }
}

function headerEnd(view: Buffer, start: number): number | undefined {
  const flags = view[start + 3] ?? 0xff;
  if ((flags & 0xe0) !== 0) return undefined;
  let at = start + 10;
  if ((flags & 4) !== 0) at += 2 + (view[at] ?? 0) + 256 * (view[at + 1] ?? 0);
  for (const flag of [8, 16])
    if ((flags & flag) !== 0) {
      const end = at < view.byteLength ? view.indexOf(0, at) : -1;
      if (end < 0) return undefined;
      at = end + 1;
    }
  if ((flags & 2) !== 0) at += 2;
  return at < view.byteLength ? at : undefined;
}
