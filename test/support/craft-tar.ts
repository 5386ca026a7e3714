/** Tars written block by block, so that tests can write what no tar program does any more. Independent of shared/tar on purpose. */
import { concatBytes, utf8 } from '../../shared/bytes.ts';

/** Fields of a header block as text or bytes; what is not given is what GNU tar writes for a small file of root. */
export interface CraftedHeader {
  readonly name?: string | Uint8Array;
  readonly mode?: string;
  readonly uid?: string;
  readonly gid?: string;
  /** Octal text or raw bytes; a number is written as eleven octal digits and NUL. */
  readonly size?: number | string | Uint8Array;
  readonly mtime?: string | Uint8Array;
  readonly type?: string;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
  /** Bytes written over the block before the checksum is made, by offset. */
  readonly patches?: readonly (readonly [offset: number, bytes: Uint8Array | string])[];
  /** How the checksum is written; six digits, NUL and space by default. */
  readonly checksum?: (sum: number) => string;
  /** Sum bytes as signed, as old SunOS did. */
  readonly signed?: boolean;
}

export const POSIX_MAGIC = 'ustar\u000000';
export const GNU_MAGIC = 'ustar  \0';
const CHECKSUM_AT = 148;

export function craftHeader(header: CraftedHeader = {}): Uint8Array {
  const block = new Uint8Array(512);
  const put = (offset: number, value: string | Uint8Array): void => block.set(typeof value === 'string' ? utf8(value) : value, offset);
  const { size = 0 } = header;
  put(0, header.name ?? 'file');
  put(100, header.mode ?? '0000644\0');
  put(108, header.uid ?? '0000000\0');
  put(116, header.gid ?? '0000000\0');
  put(124, typeof size === 'number' ? `${size.toString(8).padStart(11, '0')}\0` : size);
  put(136, header.mtime ?? '14512345670\0');
  put(156, header.type ?? '0');
  put(157, header.link ?? '');
  put(257, header.magic ?? POSIX_MAGIC);
  put(345, header.prefix ?? '');
  for (const [offset, bytes] of header.patches ?? []) put(offset, bytes);
  put(CHECKSUM_AT, ' '.repeat(8));
  let sum = 0;
  for (const byte of block) sum += header.signed === true && byte >= 0x80 ? byte - 256 : byte;
  put(CHECKSUM_AT, header.checksum?.(sum) ?? `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** A header with its body, padded with `padding` bytes (zero). */
export function craftEntry(header: CraftedHeader, body: Uint8Array | string = '', padding = 0): Uint8Array {
  const bytes = typeof body === 'string' ? utf8(body) : body;
  const pad = new Uint8Array((512 - (bytes.byteLength % 512)) % 512).fill(padding);
  return concatBytes([craftHeader({ size: bytes.byteLength, ...header }), bytes, pad]);
}

/** Entries and two blocks of zeros. */
export function craftTar(entries: readonly Uint8Array[], zeroTail = 1024): Uint8Array {
  return concatBytes([...entries, new Uint8Array(zeroTail)]);
}

/** A pax record: its length counts itself. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const restBytes = utf8(rest).byteLength;
  let length = restBytes + 1;
  while (`${length}`.length + restBytes !== length) length++;
  return `${length}${rest}`;
}

/** A number in GNU's base-256 form, big-endian in `width` bytes. */
export function base256(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = BigInt.asUintN(8 * width, BigInt(value));
  for (let index = width - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  bytes[0] = (bytes[0] as number) | 0x80;
  return bytes;
}
