/**
 * DELTA.md, section 11: content opened and closed by the text alone; but members of other makers than gzip's and zlib's are
 * closed by the code, and those with corrections or segments not followed.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { concatBytes } from '../../../shared/bytes.ts';
import { createByteReader } from '../../../shared/wire/varint.ts';
import { deflatedBy } from '../members.ts';
import { deflateReference } from './deflate.ts';

const REFERENCE_MAKERS = 3 * 16;

type Reader = ReturnType<typeof createByteReader>;
type Kind = 'gzip' | 'zip' | 'png' | 'record';

const MARKS: readonly (readonly [Kind, string, number])[] = [
  ['gzip', '1f8b08', 10],
  ['zip', '504b0304', 10],
  ['png', '89504e470d0a1a0a', 8],
  ['record', '504b0102', 46],
];

function kindAt(bytes: Buffer, p: number): Kind | undefined {
  for (const [kind, mark, least] of MARKS) {
    if (bytes.toString('hex', p, p + mark.length / 2) !== mark || p + least > bytes.length) continue;
    if (kind === 'gzip' && (bytes[p + 3] ?? 0) >> 5 !== 0) continue;
    if (kind === 'zip' && (bytes.readUInt16LE(p + 8) !== 8 || (bytes[p + 6] ?? 0) % 2 === 1)) continue;
    return kind;
  }
  return undefined;
}

const number = (value: number, big = false): Buffer => {
  const bytes = Buffer.alloc(4);
  if (big) bytes.writeUInt32BE(value);
  else bytes.writeUInt32LE(value);
  return bytes;
};

function adler(content: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of content) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

/** The end of a header, of a closed member or of one in opened content. */
function headerEnd(kind: Kind, bytes: Buffer, p: number, isOpened: boolean): number {
  if (kind === 'gzip') {
    const flags = bytes[p + 3] ?? 0;
    let at = p + 10;
    if ((flags & 4) !== 0) at += 2 + bytes.readUInt16LE(at);
    for (const flag of [8, 16]) if ((flags & flag) !== 0) at = bytes.indexOf(0, at) + 1;
    return at + (flags & 2);
  }
  if (kind === 'zip') {
    const lengths = p + (isOpened ? 14 : 26);
    return lengths + 4 + bytes.readUInt16LE(lengths) + bytes.readUInt16LE(lengths + 2);
  }
  let at = p + 8;
  while (bytes.toString('latin1', at + 4, at + 8) !== 'IDAT') at += 12 + bytes.readUInt32BE(at);
  return at + 10;
}

/** A member: its header in opened content, its content, its data and its end. */
function read(kind: Kind, bytes: Buffer, p: number): { header: Buffer; content: Buffer; end: number } {
  const at = headerEnd(kind, bytes, p, false);
  if (kind === 'png') {
    const pieces: Buffer[] = [];
    let end = at - 10;
    while (bytes.toString('latin1', end + 4, end + 8) === 'IDAT') {
      pieces.push(bytes.subarray(end + 8, end + 8 + bytes.readUInt32BE(end)));
      end += 12 + bytes.readUInt32BE(end);
    }
    return { header: bytes.subarray(p, at), content: inflateRawSync(Buffer.concat(pieces).subarray(2)), end };
  }
  const { buffer: content, engine } = inflateRawSync(bytes.subarray(at), { info: true }) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  const end = at + engine.bytesWritten;
  if (kind === 'gzip') return { header: bytes.subarray(p, at), content, end: end + 8 };
  const header = Buffer.concat([bytes.subarray(p, p + 14), bytes.subarray(p + 26, at)]);
  return { header, content, end: (header[6] ?? 0) & 8 ? end + 16 : end };
}

function close(kind: Kind, header: Buffer, content: Uint8Array, maker: number): Uint8Array {
  const data = maker < REFERENCE_MAKERS ? deflateReference(content, maker) : deflatedBy(content, maker);
  if (kind === 'gzip') return Buffer.concat([header, data, number(crc32(content)), number(content.byteLength)]);
  if (kind === 'zip') {
    const sums = Buffer.concat([number(crc32(content)), number(data.byteLength), number(content.byteLength)]);
    const isBehind = ((header[6] ?? 0) & 8) !== 0;
    const behind = isBehind ? [Buffer.from('504b0708', 'hex'), sums] : [];
    return Buffer.concat([header.subarray(0, 14), isBehind ? Buffer.alloc(12) : sums, header.subarray(14), data, ...behind]);
  }
  const stream = Buffer.concat([header.subarray(-2), data, number(adler(content), true)]);
  const length = header.readUInt32BE(header.length - 10);
  const parts: Buffer[] = [header.subarray(0, -10)];
  for (let at = 0; at < stream.length; at += length) {
    const typed = Buffer.concat([Buffer.from('IDAT'), stream.subarray(at, at + length)]);
    parts.push(number(typed.length - 4, true), typed, number(crc32(typed), true));
  }
  return Buffer.concat(parts);
}

/** Goes through content; `member` says what stands there instead of a member, and where it ends; undefined: it stays. */
function through(
  bytes: Buffer,
  sign: 1 | -1,
  member: (kind: Kind, p: number) => { parts: Uint8Array[]; end: number } | undefined,
): Uint8Array {
  const out: Uint8Array[] = [];
  let expected = 0;
  for (let p = 0; p < bytes.length;) {
    const kind = kindAt(bytes, p);
    const found = kind === undefined || kind === 'record' ? undefined : member(kind, p);
    if (found !== undefined) {
      out.push(...found.parts);
      p = found.end;
    } else if (kind === 'record') {
      const record = Buffer.from(bytes.subarray(p, p + 46));
      const told = record.readUInt32LE(42);
      const other = (told + sign * expected) >>> 0;
      record.writeUInt32LE(other, 42);
      const more = record.readUInt32LE(20) + record.readUInt16LE(28) + record.readUInt16LE(30) + ((record[8] ?? 0) & 8 ? 16 : 0);
      expected = ((sign === 1 ? other : told) + 30 + more) >>> 0;
      out.push(record);
      p += 46;
    } else out.push(bytes.subarray(p, ++p));
  }
  return concatBytes(out);
}

/** The maker of each place in turn, undefined for one that stays closed; of a base 0. */
type Decisions = Iterator<number | undefined>;

export function readDecisions(reader: Reader, isTarget: boolean): Decisions {
  const decisions: (number | undefined)[] = [];
  for (let n = reader.varint('n'); n > 0; n--) {
    for (let closed = reader.varint('closed'); closed > 0; closed--) decisions.push(undefined);
    const members = reader.varint('members');
    const maker = isTarget ? reader.byte('maker') : 0;
    if (isTarget && reader.byte('form') !== 0) throw new Error('not followed here');
    for (let i = 0; i < members; i++) decisions.push(maker);
  }
  return decisions.values();
}

export function openBase(base: Uint8Array, decisions: Decisions, depth = 1): Uint8Array {
  const bytes = Buffer.from(base);
  return through(bytes, -1, (kind, p) => {
    if (decisions.next().value === undefined) return undefined;
    const { header, content, end } = read(kind, bytes, p);
    const inside = depth === 1 ? openBase(content, decisions, 2) : content;
    return { parts: [header, number(inside.byteLength), inside], end };
  });
}

export function closeTarget(opened: Uint8Array, decisions: Decisions, depth = 1): Uint8Array {
  const bytes = Buffer.from(opened);
  return through(bytes, 1, (kind, p) => {
    const maker: number | undefined = decisions.next().value;
    if (maker === undefined) return undefined;
    const at = headerEnd(kind, bytes, p, true);
    const end = at + 4 + bytes.readUInt32LE(at);
    const inside = bytes.subarray(at + 4, end);
    const content = depth === 1 ? closeTarget(inside, decisions, 2) : inside;
    return { parts: [close(kind, bytes.subarray(p, at), content, maker)], end };
  });
}
