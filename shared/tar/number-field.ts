/**
 * Number fields of a tar header, read together with the way they are written, so that they can be written again exactly.
 *
 * POSIX ustar writes octal digits; writers differ in what stands before and behind them. GNU tar writes what does not fit in octal as
 * big-endian two's complement with the field's top bit set ("base-256"). A way of writing is one byte: fill * 8 + ending.
 */

/** Octal digits, zeros in front. */
const FILL_ZEROS = 0;
/** Octal digits, spaces in front. */
const FILL_SPACES = 1;
/** Two's complement, no ending. */
const FILL_BINARY = 2;
/** The whole field is NUL; value 0. */
const FILL_EMPTY = 3;

const NUL = 0;
const SPACE = 0x20;
const ZERO = 0x30;
/** What stands behind the digits, by ending number. The longest that fits is taken. */
const ENDINGS: readonly (readonly number[])[] = [[NUL], [SPACE], [SPACE, NUL], [NUL, SPACE], [], [NUL, NUL], [SPACE, SPACE]];
const BINARY_FORMAT = FILL_BINARY * 8;
const EMPTY_FORMAT = FILL_EMPTY * 8;

/** The format number of a field that none of the formats gives back. */
export const FORMAT_UNKNOWN = 255;
/** Bytes of a binary field that carry a value of up to 2^53. */
const BINARY_BYTES = 7;

/** A field as it was read. Reused from call to call by `readNumber`: copy what is to be kept. */
export interface NumberField {
  /** -1 where there is no number at all. */
  value: number;
  format: number;
}

/** Reads the field of `width` bytes at `at` into `into`. Does not promise that writing it again gives the same: compare. */
export function readNumber(block: Uint8Array, at: number, width: number, into: NumberField): void {
  const first = block[at] as number;
  into.value = -1;
  into.format = FORMAT_UNKNOWN;
  if (first >= 0x80) {
    readBinary(block, at, width, into);
    return;
  }
  const ending = endingAt(block, at + width);
  let position = at;
  const end = at + width - (ENDINGS[ending] as readonly number[]).length;
  while (position < end - 1 && block[position] === SPACE) position++;
  const fill = position > at ? FILL_SPACES : FILL_ZEROS;
  let value = 0;
  let digits = 0;
  for (; position < end; position++) {
    const digit = (block[position] as number) - ZERO;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
    digits++;
  }
  if (position < end) readOdd(block, at, width, digits > 0 ? value : -1, into);
  else setField(into, value, fill * 8 + ending);
}

/** Writes `value`; false when the field cannot hold it in this format. */
export function writeNumber(block: Uint8Array, at: number, width: number, value: number, format: number): boolean {
  const fill = format >>> 3;
  if (format === EMPTY_FORMAT) {
    block.fill(NUL, at, at + width);
    return value === 0;
  }
  if (format === BINARY_FORMAT) return writeBinary(block, at, width, value);
  const ending = ENDINGS[format & 7];
  if (fill > FILL_SPACES || ending === undefined || value < 0) return false;
  let position = at + width - ending.length;
  for (let i = 0; i < ending.length; i++) block[position + i] = ending[i] as number;
  let rest = value;
  do {
    block[--position] = ZERO + (rest % 8);
    rest = Math.floor(rest / 8);
  } while (rest > 0 && position > at);
  block.fill(fill === FILL_ZEROS ? ZERO : SPACE, at, position);
  return rest === 0;
}

/** Anything else: empty, or digits followed by something, whose value still tells how long the body is. */
function readOdd(block: Uint8Array, at: number, width: number, value: number, into: NumberField): void {
  if (isEmpty(block, at, width)) setField(into, 0, EMPTY_FORMAT);
  else setField(into, value, FORMAT_UNKNOWN);
}

function setField(into: NumberField, value: number, format: number): void {
  into.value = value;
  into.format = format;
}

/** Which ending the field has whose last byte is before `end`. */
function endingAt(block: Uint8Array, end: number): number {
  const last = block[end - 1];
  const before = block[end - 2];
  if (last === NUL) return before === SPACE ? 2 : before === NUL ? 5 : 0;
  if (last === SPACE) return before === NUL ? 3 : before === SPACE ? 6 : 1;
  return 4;
}

function isEmpty(block: Uint8Array, at: number, width: number): boolean {
  for (let i = at; i < at + width; i++) if (block[i] !== NUL) return false;
  return true;
}

function readBinary(block: Uint8Array, at: number, width: number, into: NumberField): void {
  const isNegative = block[at] === 0xff;
  const sign = isNegative ? 0xff : 0;
  const low = at + width - BINARY_BYTES;
  for (let i = at; i < low; i++) {
    const byte = i === at && !isNegative ? (block[i] as number) & 0x7f : block[i];
    if (byte !== sign) return;
  }
  let value = 0;
  for (let i = low; i < at + width; i++) value = value * 256 + (isNegative ? 0xff - (block[i] as number) : (block[i] as number));
  if (value < Number.MAX_SAFE_INTEGER) setField(into, isNegative ? -1 - value : value, BINARY_FORMAT);
}

function writeBinary(block: Uint8Array, at: number, width: number, value: number): boolean {
  const sign = value < 0 ? 0xff : 0;
  let rest = value < 0 ? -1 - value : value;
  for (let i = at + width - 1; i >= at; i--) {
    block[i] = (rest % 256) ^ sign;
    rest = Math.floor(rest / 256);
  }
  block[at] = (block[at] as number) | 0x80;
  return rest === 0;
}
