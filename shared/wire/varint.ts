/** Unsigned LEB128 integers up to 2^53 - 1, as in DWARF and WebAssembly: 7 bits a byte, low bits first. */
import { TransferError } from '../errors.ts';

export interface ByteWriter {
  /** Bytes so far. */
  readonly length: number;
  varint(value: number): void;
  byte(value: number): void;
  bytes(value: Uint8Array): void;
  finish(): Uint8Array;
}

/** Collects bytes in a buffer that doubles; `finish` gives a view of it. */
export function createByteWriter(initialBytes = 256): ByteWriter {
  let buffer = new Uint8Array(initialBytes);
  let length = 0;
  const reserve = (more: number): void => {
    if (length + more <= buffer.byteLength) return;
    const grown = new Uint8Array(Math.max(buffer.byteLength * 2, length + more));
    grown.set(buffer.subarray(0, length));
    buffer = grown;
  };
  return {
    get length() {
      return length;
    },
    varint(value) {
      reserve(8);
      let rest = value;
      while (rest >= 0x80) {
        buffer[length++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      buffer[length++] = rest;
    },
    byte(value) {
      reserve(1);
      buffer[length++] = value;
    },
    bytes(value) {
      reserve(value.byteLength);
      buffer.set(value, length);
      length += value.byteLength;
    },
    finish: () => buffer.subarray(0, length),
  };
}

const NOTHING = new Uint8Array(0);

export interface ByteReader {
  /** @throws TransferError PROTOCOL_VIOLATION at the end of the bytes, beyond 2^53 - 1, or above `max` (LIMIT_EXCEEDED). */
  varint(what: string, max?: number): number;
  byte(what: string): number;
  /** A view of the next `length` bytes. */
  bytes(length: number, what: string): Uint8Array;
  /** A view of all that is left. */
  rest(): Uint8Array;
  readonly remaining: number;
}

export function createByteReader(source: Uint8Array, start = 0): ByteReader {
  let at = start;
  const end = source.byteLength;
  return {
    varint(what, max = Number.MAX_SAFE_INTEGER) {
      let value = 0;
      let scale = 1;
      for (let i = 0; ; i++) {
        if (at >= end) throw truncated(what);
        const byte = source[at++] as number;
        if (i === 7 && byte > 0x0f) throw new TransferError('PROTOCOL_VIOLATION', `${what} is larger than 2^53`);
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
        if (i === 7) throw new TransferError('PROTOCOL_VIOLATION', `${what} is larger than 2^53`);
        scale *= 0x80;
      }
      if (value > max) throw new TransferError('LIMIT_EXCEEDED', `${what} is ${value}, the limit is ${max}`);
      return value;
    },
    byte(what) {
      if (at >= end) throw truncated(what);
      return source[at++] as number;
    },
    bytes(length, what) {
      if (length === 0) return NOTHING;
      if (length > end - at) throw truncated(what);
      at += length;
      return source.subarray(at - length, at);
    },
    rest() {
      const view = source.subarray(at, end);
      at = end;
      return view;
    },
    get remaining() {
      return end - at;
    },
  };
}

function truncated(what: string): TransferError {
  return new TransferError('PROTOCOL_VIOLATION', `the frame ends inside ${what}`);
}
