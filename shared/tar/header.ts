/**
 * Tar header blocks, exactly: read into fields plus a template that says how they are written, and written again.
 *
 * A template is the block with its fields zeroed, followed by one byte for each format: mode, uid, gid, size, mtime, checksum
 * (number-field.ts) and the split of long names. Headers of one writer share a few templates. A block that template and fields
 * do not give back byte for byte has no template. Layouts: POSIX.1-2017 `pax` "ustar Interchange Format", GNU tar manual "Basic Tar Format".
 */
import { copyBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { RECIPE_NUMBER_MAX } from '../limits.ts';
import { FORMAT_UNKNOWN, readNumber, writeNumber, type NumberField } from './number-field.ts';

/** Bytes of a tar block: a header is one, and a body is padded to a multiple of it. */
export const BLOCK_BYTES = 512;
/** Bytes of a template: a block and seven formats. */
export const TEMPLATE_BYTES = BLOCK_BYTES + 7;

/** What a header says besides its template. */
export interface HeaderFields {
  /** Raw bytes of the name field, the prefix before it joined by `/`; no NUL. */
  readonly name: Uint8Array;
  readonly link: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly size: number;
}

export interface TarHeader extends HeaderFields {
  readonly typeflag: number;
  /** Set when template and fields give the block back. A view that the next `parseHeader` overwrites. */
  readonly template: Uint8Array | undefined;
}

const NAME_BYTES = 100;
const MODE_AT = 100;
const UID_AT = 108;
const GID_AT = 116;
const SIZE_AT = 124;
const MTIME_AT = 136;
const CHECKSUM_AT = 148;
/** Offset of the type flag in a header block, and so in a template. */
export const TYPEFLAG_AT = 156;
const LINK_AT = 157;
const MAGIC_AT = 257;
const MAGIC = [0x75, 0x73, 0x74, 0x61, 0x72, 0];
const PREFIX_AT = 345;
const PREFIX_BYTES = 155;
const SHORT = 8;
const LONG = 12;
const SLASH = 0x2f;
const SPACE = 0x20;

/** Long names are not split: the bytes of the prefix field belong to the template. */
const SPLIT_NONE = 0;
/** At the last slash that leaves a prefix that fits (GNU tar, Go, Python). */
const SPLIT_LATE = 1;
/** At the first slash that leaves a name that fits (libarchive). */
const SPLIT_EARLY = 2;

const template = new Uint8Array(TEMPLATE_BYTES);
const trial = new Uint8Array(BLOCK_BYTES);
const field: NumberField = { value: 0, format: 0 };

/**
 * Reads the block at `at`; undefined where it is no tar header: the checksum is wrong, or the size is no number. Fields that are no
 * numbers, or too large for a recipe, are 0 and there is no template. Name and link are copies.
 */
export function parseHeader(block: Uint8Array, at: number): TarHeader | undefined {
  readNumber(block, at + CHECKSUM_AT, SHORT, field);
  const checksum = field.value;
  const checksumFormat = field.format;
  if (checksum <= 0) return undefined;
  const sum = sumOf(block, at);
  // Old writers summed signed bytes, and readers accept both; a template stands for the usual sum.
  if (checksum !== sum && checksum !== signedSum(block, at, sum)) return undefined;
  readNumber(block, at + SIZE_AT, LONG, field);
  const size = field.value;
  if (size < 0 || size > RECIPE_NUMBER_MAX) return undefined;
  template[BLOCK_BYTES + 3] = field.format;
  template[BLOCK_BYTES + 5] = checksumFormat;
  const mode = number(block, at + MODE_AT, SHORT, 0);
  const uid = number(block, at + UID_AT, SHORT, 1);
  const gid = number(block, at + GID_AT, SHORT, 2);
  const mtime = number(block, at + MTIME_AT, LONG, 4);
  const split = splitOf(block, at);
  template[BLOCK_BYTES + 6] = split;
  template[TYPEFLAG_AT] = block[at + TYPEFLAG_AT] as number;
  template.set(block.subarray(at + MAGIC_AT, at + (split === SPLIT_NONE ? BLOCK_BYTES : PREFIX_AT)), MAGIC_AT);
  if (split !== SPLIT_NONE) {
    template.fill(0, PREFIX_AT, PREFIX_AT + PREFIX_BYTES);
    template.set(block.subarray(at + PREFIX_AT + PREFIX_BYTES, at + BLOCK_BYTES), PREFIX_AT + PREFIX_BYTES);
  }
  const fields = { name: fullName(block, at, split), link: text(block, at + LINK_AT, NAME_BYTES), mode, uid, gid, mtime, size };
  const isExact = checksum === sum && isSame(block, at, fields, checksum, split);
  return { ...fields, typeflag: template[TYPEFLAG_AT] ?? 0, template: isExact ? template : undefined };
}

/**
 * Writes the block that `parseHeader` read.
 * @throws TransferError INTEGRITY when the template cannot express the fields.
 */
export function encodeHeader(from: Uint8Array, fields: HeaderFields, out: Uint8Array, at: number): void {
  const isWritten = writeFields(from, fields, out, at);
  if (!isWritten || !writeNumber(out, at + CHECKSUM_AT, SHORT, sumOf(out, at), from[BLOCK_BYTES + 5] as number)) {
    throw new TransferError('INTEGRITY', 'recipe: a header does not fit its template');
  }
}

/** Tells a header from content: the test for an entry that is itself a tar. */
export function isHeader(bytes: Uint8Array): boolean {
  return bytes.byteLength >= BLOCK_BYTES && parseHeader(bytes, 0) !== undefined;
}

/** A number field and its format, which goes into the template; 0 where there is none that a recipe can hold. */
function number(block: Uint8Array, at: number, width: number, index: number): number {
  readNumber(block, at, width, field);
  const min = width === SHORT ? 0 : -RECIPE_NUMBER_MAX;
  const max = width === SHORT ? 0xffffffff : RECIPE_NUMBER_MAX;
  const isKept = field.format !== FORMAT_UNKNOWN && field.value >= min && field.value <= max;
  template[BLOCK_BYTES + index] = isKept ? field.format : FORMAT_UNKNOWN;
  return isKept ? field.value : 0;
}

function isSame(block: Uint8Array, at: number, fields: HeaderFields, checksum: number, split: number): boolean {
  const formats = [SPLIT_NONE, SPLIT_LATE].includes(split) ? [split] : [SPLIT_LATE, SPLIT_EARLY];
  for (const format of formats) {
    template[BLOCK_BYTES + 6] = format;
    const isWritten =
      writeFields(template, fields, trial, 0) && writeNumber(trial, CHECKSUM_AT, SHORT, checksum, template[BLOCK_BYTES + 5] as number);
    if (isWritten && Buffer.compare(trial, block.subarray(at, at + BLOCK_BYTES)) === 0) return true;
  }
  return false;
}

/** Everything but the checksum; false when something does not fit. */
function writeFields(from: Uint8Array, fields: HeaderFields, out: Uint8Array, at: number): boolean {
  out.set(from.subarray(0, BLOCK_BYTES), at);
  const { name, link } = fields;
  if (link.byteLength > NAME_BYTES) return false;
  out.set(link, at + LINK_AT);
  if (name.byteLength <= NAME_BYTES) {
    out.set(name, at);
  } else {
    const slash = splitAt(name, from[BLOCK_BYTES + 6] as number);
    if (slash <= 0 || slash > PREFIX_BYTES || name.byteLength - slash - 1 > NAME_BYTES) return false;
    out.set(name.subarray(0, slash), at + PREFIX_AT);
    out.set(name.subarray(slash + 1), at);
  }
  return (
    writeNumber(out, at + MODE_AT, SHORT, fields.mode, from[BLOCK_BYTES] as number) &&
    writeNumber(out, at + UID_AT, SHORT, fields.uid, from[BLOCK_BYTES + 1] as number) &&
    writeNumber(out, at + GID_AT, SHORT, fields.gid, from[BLOCK_BYTES + 2] as number) &&
    writeNumber(out, at + SIZE_AT, LONG, fields.size, from[BLOCK_BYTES + 3] as number) &&
    writeNumber(out, at + MTIME_AT, LONG, fields.mtime, from[BLOCK_BYTES + 4] as number)
  );
}

/** Index of the slash between prefix and name of a name that is too long for its field; -1 where there is none. */
function splitAt(name: Uint8Array, split: number): number {
  if (split === SPLIT_EARLY) return name.indexOf(SLASH, name.byteLength - NAME_BYTES - 1);
  if (split !== SPLIT_LATE) return -1;
  // A slash at the very end of a directory's name is not a place to split.
  return name.lastIndexOf(SLASH, Math.min(PREFIX_BYTES, name.byteLength - 2));
}

/** How a header of this block may split long names; SPLIT_EARLY stands for "has a prefix, to be tried". */
function splitOf(block: Uint8Array, at: number): number {
  for (let i = 0; i < MAGIC.length; i++) if (block[at + MAGIC_AT + i] !== MAGIC[i]) return SPLIT_NONE;
  if (block[at + PREFIX_AT] !== 0) return SPLIT_EARLY;
  for (let i = PREFIX_AT; i < PREFIX_AT + PREFIX_BYTES; i++) if (block[at + i] !== 0) return SPLIT_NONE;
  return SPLIT_LATE;
}

function fullName(block: Uint8Array, at: number, split: number): Uint8Array {
  const name = text(block, at, NAME_BYTES);
  if (split !== SPLIT_EARLY) return name;
  const prefix = text(block, at + PREFIX_AT, PREFIX_BYTES);
  const full = new Uint8Array(prefix.byteLength + 1 + name.byteLength);
  full.set(prefix);
  full[prefix.byteLength] = SLASH;
  full.set(name, prefix.byteLength + 1);
  return full;
}

/** A copy of the field up to its first NUL. */
function text(block: Uint8Array, at: number, width: number): Uint8Array {
  let end = at;
  while (end < at + width && block[end] !== 0) end++;
  return copyBytes(block.subarray(at, end));
}

/** Sum of the block's bytes as signed numbers, given their sum as unsigned ones, the checksum field counted as spaces in both. */
function signedSum(block: Uint8Array, at: number, sum: number): number {
  let signed = sum;
  for (let i = at; i < at + BLOCK_BYTES; i++) {
    const isChecksum = i >= at + CHECKSUM_AT && i < at + CHECKSUM_AT + SHORT;
    if (!isChecksum && (block[i] as number) >= 0x80) signed -= 256;
  }
  return signed;
}

/** The checksum of POSIX: the sum of all bytes, its own field counted as spaces. */
function sumOf(block: Uint8Array, at: number): number {
  let sum = SPACE * SHORT;
  for (let i = at; i < at + BLOCK_BYTES; i++) sum += block[i] as number;
  for (let i = at + CHECKSUM_AT; i < at + CHECKSUM_AT + SHORT; i++) sum -= block[i] as number;
  return sum;
}
