/** The records of a frame's blocks: how many blocks are as planned, a record's length, the record, and so on. */
import { createByteReader, createByteWriter } from '../wire/varint.ts';
import { impossible, sound } from '../wrapped/section.ts';
import type { BlockShape } from './frame.ts';

/** Flags of a record. The shape and the generation are said before what the kernel says: wasm/assembly/unzstd/block.ts. */
const SHAPE = 1;
const GENERATION = 2;
const FLAGS_END = 32;
/** A record is at most so long: the kernel's room, and what stands before. */
const VARINT_BYTES_MAX = 8;

/** What is not as planned of a block. */
export interface BlockRecord {
  readonly shape: BlockShape | undefined;
  /** Of the encoder, from this block on. */
  readonly generation: number | undefined;
  /** The kernel's flags, and its part of the record. */
  readonly flags: number;
  readonly bytes: Uint8Array;
}

/** @param planned blocks before it that are as planned */
export function writeRecord(planned: number, { shape, generation, flags, bytes }: BlockRecord): Uint8Array {
  const body = createByteWriter(bytes.byteLength + 32);
  body.byte(flags | (shape === undefined ? 0 : SHAPE) | (generation === undefined ? 0 : GENERATION));
  if (shape !== undefined) body.varint(shape.bytes * 2 + (shape.isLast ? 1 : 0));
  if (generation !== undefined) body.byte(generation);
  body.bytes(bytes);
  const record = body.finish();
  const writer = createByteWriter(record.byteLength + 16);
  writer.varint(planned);
  writer.varint(record.byteLength);
  writer.bytes(record);
  return writer.finish();
}

/** The records of one frame. */
export interface RecordReader {
  /** Of the next block; undefined: it is as planned. */
  next(): BlockRecord | undefined;
  readonly isUsedUp: boolean;
}

/**
 * @param take gives so many of the bytes that come next
 * @throws TransferError INTEGRITY; so do its functions
 */
export function readRecords(recordBytes: number, bytesMax: number, take: (bytes: number) => Uint8Array): RecordReader {
  let left = recordBytes;
  let planned = 0;
  let isKnown = false;
  const takeSome = (bytes: number): Uint8Array => {
    if (bytes > left) throw impossible('records are missing');
    left -= bytes;
    return take(bytes);
  };
  const takeNumber = (): number => {
    let value = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const [byte = 0] = takeSome(1);
      value += (byte & 127) * 128 ** i;
      if (byte < 128) return value;
    }
    throw impossible('a number of a record');
  };
  return {
    next() {
      if (!isKnown && left > 0) {
        planned = takeNumber();
        isKnown = true;
      }
      if (!isKnown || planned-- > 0) return undefined;
      isKnown = false;
      const bytes = takeNumber();
      if (bytes > bytesMax) throw impossible('length of a record');
      return sound(() => readRecord(takeSome(bytes)));
    },
    get isUsedUp() {
      return left === 0 && !isKnown;
    },
  };
}

function readRecord(record: Uint8Array): BlockRecord {
  const reader = createByteReader(record);
  const flags = reader.byte('flags');
  if (flags === 0 || flags >= FLAGS_END) throw impossible('flags of a record');
  const shape = (flags & SHAPE) === 0 ? undefined : reader.varint('the shape of a block', 2 ** 20);
  const generation = (flags & GENERATION) === 0 ? undefined : reader.byte('a generation');
  return {
    shape: shape === undefined ? undefined : { bytes: Math.floor(shape / 2), isLast: shape % 2 === 1 },
    generation,
    flags: flags & ~(SHAPE | GENERATION),
    bytes: reader.rest(),
  };
}
