/**
 * A binary range coder with 32-bit range and 16-bit probabilities, in the form of LZMA's (Martin, "Range encoding", 1979; carry by a
 * counted run of 0xff as in LZMA SDK's specification): the encoder narrows an interval, the decoder follows it. Exact arithmetic:
 * shared/DIFFERENCE.md.
 */
import { TransferError } from '../../errors.ts';

/** One direction of coding; the models are written once against it. */
export interface BitCoder {
  readonly decoding: boolean;
  /**
   * Codes one decision. `one` is the probability of a 1 in units of 1/65536, from 1 to 65535.
   * @returns the decision: `bit` itself when encoding; what was sent when decoding, where `bit` is ignored.
   * @throws TransferError PROTOCOL_VIOLATION when decoding ran past the end.
   */
  code(bit: number, one: number): number;
  /** Names the column that the following decisions belong to, for an account of costs. */
  enter(column: Column): void;
}

/** What a difference consists of, for people who ask where its bytes went. */
export const COLUMNS = ['alignment', 'path', 'extension', 'attribute', 'link', 'size', 'chunk', 'mtime', 'template', 'frame'] as const;
export type Column = (typeof COLUMNS)[number];

/** Bits spent by column. */
export type Account = Record<Column, number>;

export function createAccount(): Account {
  return Object.fromEntries(COLUMNS.map((column) => [column, 0])) as Account;
}

const RANGE_MIN = 2 ** 24;
const CARRY = 2 ** 32;
/** Zero bytes that the encoder leaves out at the end; the decoder reads as many and no more beyond its input. */
const TRAILING_ZEROS_MAX = 16;

export interface BitEncoder extends BitCoder {
  /** Ends the encoder: the shortest bytes that decode to what was coded. */
  finish(): Uint8Array;
}

/** @param account takes the cost of each decision, where given. */
export function createBitEncoder(account?: Account): BitEncoder {
  let low = 0;
  let range = CARRY - 1;
  /** The last byte that a carry can still change, and how many 0xff follow it; -1 before the first. */
  let held = -1;
  let heldOnes = 0;
  let out = new Uint8Array(256);
  let length = 0;
  let column: Column = 'frame';

  const put = (byte: number): void => {
    if (length === out.byteLength) {
      const grown = new Uint8Array(length * 2);
      grown.set(out);
      out = grown;
    }
    out[length++] = byte;
  };
  const shift = (): void => {
    if (low < 0xff000000 || low >= CARRY) {
      const carry = low >= CARRY ? 1 : 0;
      // The very first held byte would always be zero, so it is never written: a carry cannot reach above the first real byte.
      if (held >= 0) put((held + carry) & 0xff);
      for (; heldOnes > 0; heldOnes--) put((0xff + carry) & 0xff);
      held = Math.floor(low / RANGE_MIN) & 0xff;
    } else {
      heldOnes++;
    }
    low = (low % RANGE_MIN) * 256;
  };

  return {
    decoding: false,
    code(bit, one) {
      const bound = (range >>> 16) * one;
      if (bit === 1) {
        range = bound;
      } else {
        low += bound;
        range -= bound;
      }
      while (range < RANGE_MIN) {
        range *= 256;
        shift();
      }
      if (account) account[column] -= Math.log2((bit === 1 ? one : 65536 - one) / 65536);
      return bit;
    },
    enter(name) {
      column = name;
    },
    finish() {
      // Of all values in the interval, the one with the most zero bits at its end.
      for (let unit = CARRY; ; unit /= 2) {
        const value = Math.ceil(low / unit) * unit;
        if (value < low + range) {
          low = value;
          break;
        }
      }
      for (let count = 0; count < 5; count++) shift();
      let end = length;
      while (end > 0 && length - end < TRAILING_ZEROS_MAX && out[end - 1] === 0) end--;
      return out.slice(0, end);
    },
  };
}

export interface BitDecoder extends BitCoder {
  /**
   * Checks that nothing follows what was decoded.
   * @throws TransferError PROTOCOL_VIOLATION
   */
  finish(): void;
}

export function createBitDecoder(bytes: Uint8Array): BitDecoder {
  let at = 0;
  let code = 0;
  let range = CARRY - 1;
  const next = (): number => {
    if (at >= bytes.byteLength + TRAILING_ZEROS_MAX) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference ends too early');
    return bytes[at++] ?? 0;
  };
  for (let count = 0; count < 4; count++) code = code * 256 + next();

  return {
    decoding: true,
    code(_bit, one) {
      const bound = (range >>> 16) * one;
      const bit = code < bound ? 1 : 0;
      if (bit === 1) {
        range = bound;
      } else {
        code -= bound;
        range -= bound;
      }
      while (range < RANGE_MIN) {
        range *= 256;
        code = code * 256 + next();
      }
      return bit;
    },
    enter() {},
    finish() {
      if (at < bytes.byteLength || (bytes.at(-1) === 0 && at < bytes.byteLength + TRAILING_ZEROS_MAX))
        throw new TransferError('PROTOCOL_VIOLATION', 'bytes behind the end of a recipe difference');
    },
  };
}
