/** The two bulk frames: `stream` (a recipe) and `segment` (content). Byte tables: PROTOCOL.md. */
import { TransferError } from '../errors.ts';
import { asId, ID_BYTES, type Id } from '../hash.ts';
import { FRAME_BYTES_MAX, RECIPE_NUMBER_MAX, RECIPE_ROWS_MAX, RUN_BYTES_MAX, STREAMS_PER_SESSION_MAX } from '../limits.ts';
import type { WrapMethod } from '../recipe/recipe.ts';
import type { Wrapping } from '../recipe/wrapped.ts';
import { FRAME } from './frames.ts';
import { BASES_MAX } from './messages.ts';
import { createByteReader, createByteWriter, type ByteReader, type ByteWriter } from './varint.ts';

/** A recipe that the stream's recipe is a difference to. */
export type BaseReference =
  | { readonly kind: 'held'; readonly index: number } // index into the answer's list of bases
  | { readonly kind: 'sent'; readonly stream: number }; // a stream of this session

/** Announces a stream: a layer or an archive. */
export interface StreamFrame {
  /** Number in this session, from 0, ascending. */
  readonly stream: number;
  readonly image: number;
  /** BLAKE3 of the stream's bytes. */
  readonly id: Id;
  /** Digest of the recipe's skeleton, where the stream nests others. */
  readonly skeleton: Id | undefined;
  /** Where the stream is a wrapped one: the recipe is then that of its two rows. */
  readonly wrapping?: Wrapping | undefined;
  readonly bases: readonly BaseReference[];
  /** Bytes of each asked id prefix; 0 where nothing is asked and every fresh chunk follows. */
  readonly askBytes: number;
  /** A prefix of `askBytes` for each fresh chunk, concatenated. */
  readonly asked: Uint8Array;
  /** The recipe as a difference to the bases (DIFFERENCE.md). */
  readonly recipe: Uint8Array;
}

/** Content that a run's delta was made against, at the receiver found through recipes both sides hold: rows, then ranges. */
export interface RunBase {
  /** The base rows that the recipe's difference names for the rows of the run's chunks. */
  readonly rows: boolean;
  readonly ranges: readonly BaseRange[];
}

export const NO_BASE: RunBase = { rows: false, ranges: [] };
/** In the place of a base: the stream itself. */
export const OWN_STREAM = -1;

/** A run of chunks. */
export interface BaseRange {
  /** Index into the stream's bases, or `OWN_STREAM`. */
  readonly base: number;
  /** A row of that recipe, or the number of its rows for its tail; 0 of the stream itself. */
  readonly row: number;
  /** Counted in the row; of the stream itself among its fresh chunks, before the run's first. */
  readonly firstChunk: number;
  readonly chunkCount: number;
}

/** Consecutive needed chunks of a stream, encoded together. */
export interface Run {
  /** Number of the codec (DELTA.md). */
  readonly codec: number;
  readonly chunkCount: number;
  readonly base: RunBase;
  readonly payload: Uint8Array;
}

export interface SegmentFrame {
  /** Number in this session, from 0, ascending: what `stored` acknowledges. */
  readonly segment: number;
  readonly stream: number;
  readonly runs: readonly Run[];
}

export const RUN_BASE_RANGES_MAX = 4096;

export function encodeStreamFrame(frame: StreamFrame): Uint8Array {
  const writer = createByteWriter(frame.recipe.byteLength + frame.asked.byteLength + 128);
  writer.byte(FRAME.stream);
  writer.varint(frame.stream);
  writer.varint(frame.image);
  writer.bytes(frame.id);
  writeNature(writer, frame);
  writer.varint(frame.bases.length);
  for (const base of frame.bases) writer.varint(base.kind === 'held' ? base.index * 2 : base.stream * 2 + 1);
  writer.byte(frame.askBytes);
  if (frame.askBytes > 0) {
    writer.varint(frame.asked.byteLength / frame.askBytes);
    writer.bytes(frame.asked);
  }
  writer.bytes(frame.recipe);
  return writer.finish();
}

/** @throws TransferError PROTOCOL_VIOLATION, LIMIT_EXCEEDED. The views are into `frame`. */
export function decodeStreamFrame(frame: Uint8Array): StreamFrame {
  const reader = createByteReader(frame, 1);
  const stream = reader.varint('stream number', STREAMS_PER_SESSION_MAX);
  const image = reader.varint('image number', STREAMS_PER_SESSION_MAX);
  const id = asId(reader.bytes(ID_BYTES, 'stream id').slice());
  const nature = readNature(reader);
  const bases = Array.from({ length: reader.varint('number of bases', BASES_MAX) }, (): BaseReference => {
    const code = reader.varint('base', 2 * STREAMS_PER_SESSION_MAX + 1);
    return code % 2 === 0 ? { kind: 'held', index: code / 2 } : { kind: 'sent', stream: (code - 1) / 2 };
  });
  const askBytes = reader.byte('length of asked prefixes');
  if (askBytes > ID_BYTES) throw new TransferError('PROTOCOL_VIOLATION', `asked prefixes have ${askBytes} bytes`);
  const asked =
    askBytes === 0 ? new Uint8Array(0) : reader.bytes(reader.varint('number of asked chunks', RECIPE_ROWS_MAX) * askBytes, 'asked chunks');
  return { stream, image, id, ...nature, bases, askBytes, asked, recipe: reader.rest() };
}

/** What kind of stream it is, and what that kind brings. */
const PLAIN = 0;
const NESTING = 1;
const WRAPPED = 2;

function writeNature(writer: ByteWriter, { skeleton, wrapping }: StreamFrame): void {
  writer.byte(wrapping !== undefined ? WRAPPED : skeleton !== undefined ? NESTING : PLAIN);
  if (wrapping !== undefined) {
    writer.byte(wrapping.method);
    writer.varint(wrapping.bytes);
  } else if (skeleton !== undefined) writer.bytes(skeleton);
}

function readNature(reader: ByteReader): Pick<StreamFrame, 'skeleton' | 'wrapping'> {
  const nature = reader.byte('kind of stream');
  if (nature === PLAIN) return { skeleton: undefined };
  if (nature === NESTING) return { skeleton: asId(reader.bytes(ID_BYTES, 'skeleton digest').slice()) };
  if (nature !== WRAPPED) throw new TransferError('PROTOCOL_VIOLATION', `a kind of stream is 0 to 2, not ${nature}`);
  const method = reader.byte('method of a wrapped stream') as WrapMethod;
  return { skeleton: undefined, wrapping: { method, bytes: reader.varint('length of a wrapped stream', RECIPE_NUMBER_MAX) } };
}

export function encodeSegmentFrame(frame: SegmentFrame): Uint8Array {
  const payloadBytes = frame.runs.reduce((sum, run) => sum + run.payload.byteLength, 0);
  const writer = createByteWriter(payloadBytes + 64 * frame.runs.length + 16);
  writer.byte(FRAME.segment);
  writer.varint(frame.segment);
  writer.varint(frame.stream);
  for (const run of frame.runs) writeRun(writer, run);
  return writer.finish();
}

function writeRun(writer: ByteWriter, run: Run): void {
  writer.byte(run.codec);
  writer.varint(run.chunkCount);
  writer.varint(2 * run.base.ranges.length + (run.base.rows ? 1 : 0));
  for (const range of run.base.ranges) {
    writer.varint(range.base + 1);
    if (range.base !== OWN_STREAM) writer.varint(range.row);
    writer.varint(range.firstChunk);
    writer.varint(range.chunkCount);
  }
  writer.varint(run.payload.byteLength);
  writer.bytes(run.payload);
}

/** @throws TransferError PROTOCOL_VIOLATION, LIMIT_EXCEEDED. The payloads are views into `frame`. */
export function decodeSegmentFrame(frame: Uint8Array): SegmentFrame {
  const reader = createByteReader(frame, 1);
  const segment = reader.varint('segment number');
  const stream = reader.varint('stream number', STREAMS_PER_SESSION_MAX);
  const runs: Run[] = [];
  while (reader.remaining > 0) runs.push(readRun(reader));
  return { segment, stream, runs };
}

function readRun(reader: ByteReader): Run {
  const codec = reader.byte('codec');
  const chunkCount = reader.varint('chunks in a run', RUN_BYTES_MAX);
  const code = reader.varint('base of a run', 2 * RUN_BASE_RANGES_MAX + 1);
  const base = { rows: code % 2 === 1, ranges: Array.from({ length: code >> 1 }, () => readRange(reader)) };
  const payload = reader.bytes(reader.varint('payload length', FRAME_BYTES_MAX), 'payload');
  return { codec, chunkCount, base, payload };
}

function readRange(reader: ByteReader): BaseRange {
  const base = reader.varint('base', BASES_MAX) - 1;
  return {
    base,
    row: base === OWN_STREAM ? 0 : reader.varint('row', RECIPE_ROWS_MAX),
    firstChunk: reader.varint('first chunk'),
    chunkCount: reader.varint('chunk count'),
  };
}
