/**
 * Growable columns of numbers and bytes: what a recipe of half a million rows is kept in, at a few bytes a value where an
 * array of objects would take hundreds. They grow by segments, so that growing neither copies nor leaves garbage behind.
 */
import { TransferError } from '../errors.ts';

type NumericArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** A list of numbers in typed arrays. */
export interface NumberColumn {
  readonly length: number;
  push(value: number): void;
  /** The value at `index`, which must be below `length`. */
  at(index: number): number;
  /** Gives back unused room. */
  trim(): void;
}

/** Bytes one after the other; what lies where is for the owner to know. */
export interface ByteHeap {
  readonly length: number;
  /**
   * Copies `bytes` to the end.
   * @throws TransferError LIMIT_EXCEEDED above the limit the heap was made with.
   */
  append(bytes: Uint8Array): void;
  /** The bytes from `start` up to, not including, `end`; must not be modified, and stays as it is when the heap grows. */
  view(start: number, end: number): Uint8Array;
  trim(): void;
}

/** Values in one full segment of a number column; a power of two. */
const SEGMENT_VALUES = 16 * 1024;
/** Bytes in one full segment of a heap; a power of two and a multiple of an id's length, so that no id crosses segments. */
const SEGMENT_BYTES = 256 * 1024;

/** For columns of 32-bit numbers: a function of its own, which keeps nothing alive but itself. */
export function words(length: number): Uint32Array {
  return new Uint32Array(length);
}

export function createNumberColumn(make: (length: number) => NumericArray): NumberColumn {
  const segments: NumericArray[] = [];
  let last = make(16);
  let length = 0;
  const resizeLast = (capacity: number): void => {
    const resized = make(capacity);
    resized.set(last.subarray(0, Math.min(capacity, last.length)));
    last = resized;
  };
  return {
    get length() {
      return length;
    },
    push(value) {
      const at = length - segments.length * SEGMENT_VALUES;
      if (at < last.length) {
        last[at] = value;
      } else if (at < SEGMENT_VALUES) {
        resizeLast(Math.min(SEGMENT_VALUES, at * 2 + 16));
        last[at] = value;
      } else {
        segments.push(last);
        last = make(SEGMENT_VALUES);
        last[0] = value;
      }
      length++;
    },
    at: (index) => (segments[Math.floor(index / SEGMENT_VALUES)] ?? last)[index % SEGMENT_VALUES] ?? 0,
    trim: () => resizeLast(length - segments.length * SEGMENT_VALUES),
  };
}

export function createByteHeap(what: string, bytesMax: number): ByteHeap {
  const segments: Uint8Array[] = [];
  let last: Uint8Array = new Uint8Array(64);
  let length = 0;
  const resizeLast = (capacity: number): void => {
    const resized = new Uint8Array(capacity);
    resized.set(last.subarray(0, Math.min(capacity, last.byteLength)));
    last = resized;
  };
  return {
    get length() {
      return length;
    },
    append(bytes) {
      if (length + bytes.byteLength > bytesMax) throw new TransferError('LIMIT_EXCEEDED', `${what}: more than ${bytesMax} bytes`);
      const free = last.byteLength - (length - segments.length * SEGMENT_BYTES);
      if (bytes.byteLength <= free) {
        last.set(bytes, last.byteLength - free);
        length += bytes.byteLength;
        return;
      }
      for (let done = 0; done < bytes.byteLength;) {
        const at = length - segments.length * SEGMENT_BYTES;
        if (at === SEGMENT_BYTES) {
          segments.push(last);
          last = new Uint8Array(SEGMENT_BYTES);
          continue;
        }
        const count = Math.min(bytes.byteLength - done, SEGMENT_BYTES - at);
        if (at + count > last.byteLength) resizeLast(Math.min(SEGMENT_BYTES, (at + count) * 2));
        last.set(bytes.subarray(done, done + count), at);
        length += count;
        done += count;
      }
    },
    view(start, end) {
      const first = Math.floor(start / SEGMENT_BYTES);
      const from = start - first * SEGMENT_BYTES;
      if (from + end - start <= SEGMENT_BYTES) return (segments[first] ?? last).subarray(from, from + end - start);
      const joined = new Uint8Array(end - start);
      for (let at = start; at < end;) {
        const index = Math.floor(at / SEGMENT_BYTES);
        const stop = Math.min(end, (index + 1) * SEGMENT_BYTES);
        joined.set((segments[index] ?? last).subarray(at - index * SEGMENT_BYTES, stop - index * SEGMENT_BYTES), at - start);
        at = stop;
      }
      return joined;
    },
    trim: () => resizeLast(length - segments.length * SEGMENT_BYTES),
  };
}

/** Byte strings that only some rows have, found by row number: (row, end offset) pairs over one heap. */
export interface SparseBytes {
  /** Rows must come in ascending order. */
  set(row: number, bytes: Uint8Array): void;
  get(row: number): Uint8Array | undefined;
  readonly byteLength: number;
  trim(): void;
}

export function createSparseBytes(what: string, bytesMax: number): SparseBytes {
  const rows = createNumberColumn(words);
  const ends = createNumberColumn(words);
  const heap = createByteHeap(what, bytesMax);
  return {
    set(row, bytes) {
      heap.append(bytes);
      rows.push(row);
      ends.push(heap.length);
    },
    get(row) {
      const index = findRow(rows, row);
      return index === undefined ? undefined : heap.view(index === 0 ? 0 : ends.at(index - 1), ends.at(index));
    },
    get byteLength() {
      return heap.length;
    },
    trim() {
      rows.trim();
      ends.trim();
      heap.trim();
    },
  };
}

/** Numbers that only some rows have. */
export interface SparseNumbers {
  /** Rows must come in ascending order. */
  set(row: number, value: number): void;
  get(row: number): number | undefined;
  trim(): void;
}

export function createSparseNumbers(): SparseNumbers {
  const rows = createNumberColumn(words);
  const values = createNumberColumn((length) => new Float64Array(length));
  return {
    set(row, value) {
      rows.push(row);
      values.push(value);
    },
    get(row) {
      const index = findRow(rows, row);
      return index === undefined ? undefined : values.at(index);
    },
    trim() {
      rows.trim();
      values.trim();
    },
  };
}

/** Numbers that seldom change from row to row: only the changes are kept. */
export interface RunColumn {
  /** The value of the next row. */
  push(value: number): void;
  at(row: number): number;
  trim(): void;
}

export function createRunColumn(): RunColumn {
  const rows = createNumberColumn(words);
  const values = createNumberColumn((length) => new Float64Array(length));
  let length = 0;
  return {
    push(value) {
      if (length === 0 || value !== values.at(values.length - 1)) {
        rows.push(length);
        values.push(value);
      }
      length++;
    },
    at: (row) => values.at(lastUpTo(rows, row)),
    trim() {
      rows.trim();
      values.trim();
    },
  };
}

/** Index of `row` in an ascending column. */
function findRow(rows: NumberColumn, row: number): number | undefined {
  const index = lastUpTo(rows, row);
  return index >= 0 && rows.at(index) === row ? index : undefined;
}

/** Index of the last value of an ascending column that is at most `row`; -1 where there is none. */
export function lastUpTo(rows: NumberColumn, row: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows.at(middle) <= row) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
