/** The parts of a zstd stream one after the other: frames with their blocks and checksums, skippable frames, and what follows the last. */
import { copyBytes, equalBytes } from '../bytes.ts';
import { ZSTD_FRAMES_BYTES_MAX, ZSTD_TAIL_BYTES_MAX } from '../limits.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_HEADER_BYTES,
  CHECKSUM_BYTES,
  frameKindOf,
  isPlannedShape,
  plannedHeader,
  readFrameHeader,
  skippableBytes,
  SKIPPABLE_HEADER_BYTES,
  type FrameHeader,
} from './frame.ts';
import type { Kernel } from './kernel.ts';
import { createReconstructionWriter, type ReconstructionWriter } from './reconstruction.ts';
import { writeRecord } from './records.ts';

/** Where in the stream we are, and what was seen so far. */
export interface StreamParts {
  place: 'between' | 'block' | 'checksum' | 'tail';
  /** Bytes that were pushed and belong to what comes next, and how many it takes to go on; 0: any. */
  held: Uint8Array;
  wanted: number;
  isHopeless: boolean;
  compressedBytes: number;
  plainBytes: number;
  readonly writer: ReconstructionWriter;
  /** Plain bytes that are not given out. */
  plain: Uint8Array[];
  readonly kernel: Kernel;
  /** A frame was there. */
  isBegun: boolean;
  frame: OpenFrame | undefined;
}

interface OpenFrame {
  readonly header: FrameHeader;
  readonly headerBytes: Uint8Array;
  blocks: number;
  plainBytes: number;
  recordBytes: number;
  /** Blocks as planned since the last record. */
  planned: number;
}

/** Records, before they are compressed, that are too many: of the compressed bytes this share, and so many bytes. */
const RECORDS_SHARE = 1 / 3;
const RECORDS_BYTES = 64 * 1024;
/** What the kernel says of a block. */
const HAS_RECORD = 1;
const IMPOSSIBLE = 2;
const RLE = 1;
const RESERVED = 3;
const GENERATION = 2;

export function startStreamParts(kernel: Kernel): StreamParts {
  const counts = { compressedBytes: 0, plainBytes: 0 };
  const held = new Uint8Array(0);
  return {
    place: 'between',
    held,
    wanted: 0,
    isHopeless: false,
    ...counts,
    writer: createReconstructionWriter(),
    plain: [],
    kernel,
    isBegun: false,
    frame: undefined,
  };
}

/** Takes all it can from what is held. */
export function advance(stream: StreamParts, isLast: boolean): void {
  while (!stream.isHopeless && STEPS[stream.place](stream, isLast));
  if (stream.isHopeless) stream.held = new Uint8Array(0);
}

/** Each takes its part; false where it needs more bytes for it. */
const STEPS: Record<StreamParts['place'], (stream: StreamParts, isLast: boolean) => boolean> = {
  between: readBetween,
  block: readBlock,
  checksum: readChecksum,
  tail: readTail,
};

function take(stream: StreamParts, bytes: number): Uint8Array {
  const taken = stream.held.subarray(0, bytes);
  stream.held = stream.held.subarray(bytes);
  return taken;
}

function readBetween(stream: StreamParts, isLast: boolean): boolean {
  const { held } = stream;
  if (held.byteLength < SKIPPABLE_HEADER_BYTES && !isLast) return false;
  const kind = held.byteLength < 4 ? undefined : frameKindOf(held);
  if (kind === 'frame') return startFrame(stream);
  if (kind === 'skippable' && held.byteLength >= SKIPPABLE_HEADER_BYTES) {
    const bytes = skippableBytes(held);
    if (bytes > ZSTD_FRAMES_BYTES_MAX) stream.isHopeless = true;
    if (held.byteLength >= bytes && !stream.writer.add({ skippable: copyBytes(take(stream, bytes)) })) stream.isHopeless = true;
    if (held.byteLength >= bytes || !isLast) return held.byteLength >= bytes;
  }
  if (!stream.isBegun) stream.isHopeless = true;
  stream.place = 'tail';
  return true;
}

function startFrame(stream: StreamParts): boolean {
  const header = readFrameHeader(stream.held);
  if (header === null) stream.isHopeless = true;
  if (header === null || header === undefined) return false;
  stream.frame = { header, headerBytes: copyBytes(take(stream, header.bytes)), blocks: 0, plainBytes: 0, recordBytes: 0, planned: 0 };
  stream.isBegun = true;
  stream.kernel.run.startFrame();
  stream.place = 'block';
  return true;
}

function readBlock(stream: StreamParts): boolean {
  const { held, frame } = stream;
  if (frame === undefined || held.byteLength < BLOCK_HEADER_BYTES) return false;
  const [low = 0, middle = 0, high = 0] = held;
  const type = (low >> 1) & 3;
  const isLast = (low & 1) === 1;
  const size = (low >> 3) + middle * 32 + high * 8192;
  if (type === RESERVED || size > BLOCK_BYTES_MAX) stream.isHopeless = true;
  const bytes = BLOCK_HEADER_BYTES + (type === RLE ? 1 : size);
  if (held.byteLength < bytes) stream.wanted = bytes;
  if (stream.isHopeless || held.byteLength < bytes) return false;
  stream.wanted = 0;
  takeBlock(stream, frame, take(stream, bytes), isLast);
  if (isLast) stream.place = 'checksum';
  return true;
}

function takeBlock(stream: StreamParts, frame: OpenFrame, block: Uint8Array, isLast: boolean): void {
  const { kernel, writer } = stream;
  const { run, memory } = kernel;
  memory.set(block, run.blockAddress());
  const found = run.takeBlock(block.byteLength, frame.blocks === 0 && isLast ? 1 : 0);
  if (found === IMPOSSIBLE) {
    stream.isHopeless = true;
    return;
  }
  const bytes = run.takenBytes();
  const shape = { bytes, isLast };
  const { contentBytes, isSingle } = frame.header;
  const isPlanned = isPlannedShape(shape, isSingle && contentBytes !== undefined ? contentBytes - frame.plainBytes : undefined);
  if (found === HAS_RECORD || !isPlanned) {
    const flags = found === HAS_RECORD ? run.recordFlags() : 0;
    const record = {
      shape: isPlanned ? undefined : shape,
      generation: (flags & GENERATION) === 0 ? undefined : run.generationNow(),
      flags,
      bytes: memory.slice(run.recordAddress(), run.recordAddress() + (found === HAS_RECORD ? run.recordBytes() : 0)),
    };
    const written = writeRecord(frame.planned, record);
    writer.addRecords(written);
    frame.recordBytes += written.byteLength;
    frame.planned = 0;
    if (writer.recordBytes > stream.compressedBytes * RECORDS_SHARE + RECORDS_BYTES) stream.isHopeless = true;
  } else frame.planned++;
  frame.blocks++;
  frame.plainBytes += bytes;
  stream.plainBytes += bytes;
  if (bytes > 0) stream.plain.push(memory.slice(run.plainAddress() - bytes, run.plainAddress()));
}

function readChecksum(stream: StreamParts): boolean {
  const { frame, held } = stream;
  if (frame === undefined) return false;
  const { header, headerBytes, plainBytes, recordBytes } = frame;
  if (header.hasChecksum && held.byteLength < CHECKSUM_BYTES) return false;
  const found = copyBytes(take(stream, header.hasChecksum ? CHECKSUM_BYTES : 0));
  const checksum = !header.hasChecksum || equalBytes(found, checksumBytes(stream.kernel)) ? undefined : found;
  const isAsSaid = header.contentBytes === undefined || header.contentBytes === plainBytes;
  const own = equalBytes(headerBytes, plannedHeader(plainBytes)) ? undefined : headerBytes;
  if (!isAsSaid || !stream.writer.add({ frame: { header: own, plainBytes, checksum, recordBytes } })) stream.isHopeless = true;
  stream.frame = undefined;
  stream.place = 'between';
  return true;
}

/** As a frame has it at its end. */
export function checksumBytes({ run }: Kernel): Uint8Array {
  const bytes = new Uint8Array(CHECKSUM_BYTES);
  new DataView(bytes.buffer).setUint32(0, run.frameChecksum() >>> 0, true);
  return bytes;
}

function readTail(stream: StreamParts): boolean {
  if (stream.held.byteLength > ZSTD_TAIL_BYTES_MAX) stream.isHopeless = true;
  return false;
}
