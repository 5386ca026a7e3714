/** Entries of zip files (APPNOTE.TXT 6.3): jar, war, whl, egg, apk, docx and their like; and the records of their directories. */
import { crc32 } from 'node:zlib';
import { le32, type Family } from './family.ts';
import { inflateAt } from './inflate.ts';

const METHOD_DEFLATE = 8;
const FLAG_ENCRYPTED = 1;
/** CRC and sizes stand behind the data. */
const FLAG_DESCRIPTOR = 8;
/** Of a local header: what names CRC and sizes stands between these two. */
const SUMS_AT = 14;
const SUMS_END = 26;
const LOCAL_BYTES = 30;
const SUMS_BYTES = SUMS_END - SUMS_AT;
const DESCRIPTOR_MAGIC = Buffer.from([0x50, 0x4b, 7, 8]);

function hasDescriptor(header: Buffer): boolean {
  return (header.readUInt16LE(6) & FLAG_DESCRIPTOR) !== 0;
}

export const zipFamily: Family = {
  magic: Buffer.from([0x50, 0x4b, 3, 4]),
  headBytes: 10,
  isHead: (bytes, start) => bytes.readUInt16LE(start + 8) === METHOD_DEFLATE && ((bytes[start + 6] ?? 0) & FLAG_ENCRYPTED) === 0,
  open(bytes, start, contentMax) {
    if (start + LOCAL_BYTES > bytes.byteLength) return undefined;
    const dataAt = start + LOCAL_BYTES + bytes.readUInt16LE(start + 26) + bytes.readUInt16LE(start + 28);
    const inflated = inflateAt(bytes.subarray(dataAt), contentMax);
    if (inflated === undefined) return undefined;
    const dataEnd = dataAt + inflated.bytes;
    const header = Buffer.concat([bytes.subarray(start, start + SUMS_AT), bytes.subarray(start + SUMS_END, dataAt)]);
    const end = dataEnd + (hasDescriptor(header) ? DESCRIPTOR_MAGIC.byteLength + SUMS_BYTES : 0);
    return { header, deflated: bytes.subarray(dataAt, dataEnd), content: inflated.content, end };
  },
  headerBytes(opened, start) {
    const fixed = LOCAL_BYTES - SUMS_BYTES;
    if (start + fixed > opened.byteLength) return undefined;
    const length = fixed + opened.readUInt16LE(start + SUMS_AT) + opened.readUInt16LE(start + SUMS_AT + 2);
    return start + length > opened.byteLength ? undefined : length;
  },
  close(header, content, deflated) {
    const sums = [le32(crc32(content)), le32(deflated.byteLength), le32(content.byteLength)];
    const isBehind = hasDescriptor(header);
    return [
      header.subarray(0, SUMS_AT),
      ...(isBehind ? [new Uint8Array(SUMS_BYTES)] : sums),
      header.subarray(SUMS_AT),
      deflated,
      ...(isBehind ? [DESCRIPTOR_MAGIC, ...sums] : []),
    ];
  },
};

export const DIRECTORY_MAGIC = Buffer.from([0x50, 0x4b, 1, 2]);
/** Of a record of a directory, without its name and what else follows. */
export const DIRECTORY_BYTES = 46;
const OFFSET_AT = 42;
const DESCRIPTOR_BYTES = 16;

/**
 * Where the entry of each record of a directory begins is told by that of the record before: opened content has the difference, nothing
 * where entries follow one another. One for each content that is gone through.
 */
export interface DirectoryOffsets {
  /** A copy of the next record, at least its fixed part, with the difference for the place. */
  open(record: Buffer): Buffer;
  /** The opposite. */
  close(record: Buffer): Buffer;
}

export function createDirectoryOffsets(): DirectoryOffsets {
  let expected = 0;
  const turn = (record: Buffer, sign: 1 | -1): Buffer => {
    const copy = Buffer.from(record);
    const found = record.readUInt32LE(OFFSET_AT);
    const turned = (found + sign * expected) >>> 0;
    copy.writeUInt32LE(turned, OFFSET_AT);
    const descriptor = hasDescriptor(record.subarray(2)) ? DESCRIPTOR_BYTES : 0;
    const lengths = record.readUInt16LE(28) + record.readUInt16LE(30) + record.readUInt32LE(20);
    expected = ((sign < 0 ? found : turned) + LOCAL_BYTES + lengths + descriptor) >>> 0;
    return copy;
  };
  return { open: (record) => turn(record, -1), close: (record) => turn(record, 1) };
}
