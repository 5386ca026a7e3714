/** PNG images (ISO 15948): the chunks of type IDAT hold one zlib stream, cut into pieces. */
import { crc32 } from 'node:zlib';
import { createCheck, FRAME, frameOf, TRAILER_BYTES } from '../../deflate/frame.ts';
import { be32, type Family } from './family.ts';
import { inflateAt } from './inflate.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const DATA = Buffer.from('IDAT');
/** Chunks before the data, at most: real images have a dozen. */
const CHUNKS_MAX = 64;
/** Pieces of the data, at most. */
const PIECES_MAX = 65_536;
/** Length and type; a CRC stands behind. */
const CHUNK_HEAD_BYTES = 8;
const CHUNK_BYTES = 12;
const ZLIB_HEADER_BYTES = 2;
const TRAILER = TRAILER_BYTES[FRAME.zlib] ?? 0;

function isData(bytes: Buffer, at: number): boolean {
  return DATA.compare(bytes, at + 4, at + CHUNK_HEAD_BYTES) === 0;
}

/** Where the first chunk of data begins, of which the head and two bytes are there. */
function dataAt(bytes: Buffer, start: number): number | undefined {
  let at = start + SIGNATURE.byteLength;
  for (let i = 0; i < CHUNKS_MAX && at + CHUNK_HEAD_BYTES + ZLIB_HEADER_BYTES <= bytes.byteLength; i++) {
    if (isData(bytes, at)) return at;
    at += CHUNK_BYTES + bytes.readUInt32BE(at);
  }
  return undefined;
}

/** The chunks of data from `at` on, together, and where they end. */
function gather(bytes: Buffer, at: number): { readonly stream: Buffer; readonly end: number } {
  const pieces: Buffer[] = [];
  let end = at;
  while (pieces.length < PIECES_MAX && end + CHUNK_HEAD_BYTES <= bytes.byteLength && isData(bytes, end)) {
    const next = end + CHUNK_BYTES + bytes.readUInt32BE(end);
    if (next > bytes.byteLength) break;
    pieces.push(bytes.subarray(end + CHUNK_HEAD_BYTES, next - 4));
    end = next;
  }
  return { stream: Buffer.concat(pieces), end };
}

export const pngFamily: Family = {
  magic: SIGNATURE,
  headBytes: SIGNATURE.byteLength,
  isHead: () => true,
  open(bytes, start, contentMax) {
    const at = dataAt(bytes, start);
    if (at === undefined) return undefined;
    const { stream, end } = gather(bytes, at);
    if (stream.byteLength < ZLIB_HEADER_BYTES + TRAILER || frameOf(stream) !== FRAME.zlib) return undefined;
    const deflated = stream.subarray(ZLIB_HEADER_BYTES, -TRAILER);
    const inflated = inflateAt(deflated, contentMax);
    if (inflated === undefined || inflated.bytes !== deflated.byteLength) return undefined;
    return { header: bytes.subarray(start, at + CHUNK_HEAD_BYTES + ZLIB_HEADER_BYTES), deflated, content: inflated.content, end };
  },
  headerBytes(opened, start) {
    const at = dataAt(opened, start);
    return at === undefined ? undefined : at - start + CHUNK_HEAD_BYTES + ZLIB_HEADER_BYTES;
  },
  close(header, content, deflated) {
    const chunk = header.byteLength - CHUNK_HEAD_BYTES - ZLIB_HEADER_BYTES;
    const pieceBytes = header.readUInt32BE(chunk);
    const check = createCheck(FRAME.zlib);
    check.add(content);
    const stream = Buffer.concat([header.subarray(-ZLIB_HEADER_BYTES), deflated, check.trailer()]);
    if (pieceBytes * PIECES_MAX < stream.byteLength) return undefined;
    const parts: Uint8Array[] = [header.subarray(0, chunk)];
    for (let at = 0; at < stream.byteLength; at += pieceBytes) {
      const piece = stream.subarray(at, at + pieceBytes);
      parts.push(be32(piece.byteLength), DATA, piece, be32(crc32(piece, crc32(DATA))));
    }
    return parts;
  },
};
