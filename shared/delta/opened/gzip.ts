/** Members of gzip (RFC 1952). */
import { createCheck, FRAME, headerBytes, TRAILER_BYTES } from '../../deflate/frame.ts';
import type { Family } from './family.ts';
import { inflateAt } from './inflate.ts';

const METHOD = 8;
const FLAGS_AT = 3;
const FLAGS_RESERVED = 0xe0;

function headerAt(bytes: Buffer, start: number): number | undefined {
  const length = headerBytes(FRAME.gzip, bytes.subarray(start));
  return length === -1 ? undefined : length;
}

export const gzipFamily: Family = {
  magic: Buffer.from([0x1f, 0x8b, METHOD]),
  headBytes: 10,
  isHead: (bytes, start) => ((bytes[start + FLAGS_AT] ?? 0) & FLAGS_RESERVED) === 0,
  open(bytes, start, contentMax) {
    const length = headerAt(bytes, start);
    if (length === undefined) return undefined;
    const dataAt = start + length;
    const inflated = inflateAt(bytes.subarray(dataAt), contentMax);
    if (inflated === undefined) return undefined;
    const dataEnd = dataAt + inflated.bytes;
    return {
      header: bytes.subarray(start, dataAt),
      deflated: bytes.subarray(dataAt, dataEnd),
      content: inflated.content,
      end: dataEnd + (TRAILER_BYTES[FRAME.gzip] ?? 0),
    };
  },
  headerBytes: headerAt,
  close(header, content, deflated) {
    const check = createCheck(FRAME.gzip);
    check.add(content);
    return [header, deflated, check.trailer()];
  },
};
