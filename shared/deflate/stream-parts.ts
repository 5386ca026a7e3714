/** The parts of a compressed stream one after the other: headers, deflated data, trailers, members, and what follows the last. */
import { concatBytes, copyBytes, equalBytes } from '../bytes.ts';
import { DEFLATE_HEADER_BYTES_MAX, DEFLATE_TAIL_BYTES_MAX } from '../limits.ts';
import type { Choice } from './choose-maker.ts';
import { createCheck, FRAME, frameOf, headerBytes, TRAILER_BYTES, type Check, type Frame } from './frame.ts';
import type { Kernel } from './kernel.ts';
import { createMemberAnalysis, type MemberAnalysis } from './member-analysis.ts';
import type { DeflateFormat } from './port.ts';
import { createReconstructionWriter, type ReconstructionWriter } from './reconstruction.ts';

/** Where in the stream we are, and what was seen so far. */
export interface StreamParts {
  place: 'header' | 'data' | 'trailer' | 'between' | 'tail';
  /** Bytes that were pushed and belong to what comes next. */
  held: Uint8Array;
  isHopeless: boolean;
  compressedBytes: number;
  plainBytes: number;
  readonly writer: ReconstructionWriter;
  /** Plain bytes that are not given out. */
  plain: Uint8Array[];
  readonly format: DeflateFormat;
  readonly kernel: Kernel;
  readonly markPower: number;
  member: OpenMember | undefined;
  /** What the member before was. */
  frame: Frame;
  choice: Choice | undefined;
}

interface OpenMember {
  readonly frame: Frame;
  readonly header: Uint8Array;
  readonly check: Check;
  readonly analysis: MemberAnalysis;
}

/** Corrections, before they are compressed, that are too many: of the compressed bytes this share, and so many bytes. */
const CORRECTIONS_SHARE = 1 / 2;
const CORRECTIONS_BYTES = 64 * 1024;

export function startStreamParts(kernel: Kernel, format: DeflateFormat, markPower: number): StreamParts {
  const held = new Uint8Array(0);
  const counts = { compressedBytes: 0, plainBytes: 0 };
  const none = { member: undefined, choice: undefined, frame: FRAME.raw };
  const writer = createReconstructionWriter(markPower);
  return { place: 'header', held, isHopeless: false, ...counts, ...none, writer, plain: [], format, kernel, markPower };
}

/** Takes all it can from what is held. */
export function advance(stream: StreamParts, isLast: boolean): void {
  for (;;) {
    if (stream.isHopeless) break;
    if (!STEPS[stream.place](stream, isLast)) break;
  }
  if (stream.isHopeless) stream.held = new Uint8Array(0);
}

/** Each takes its part; false where it needs more bytes for it. */
const STEPS: Record<StreamParts['place'], (stream: StreamParts, isLast: boolean) => boolean> = {
  header: readHeader,
  data: readData,
  trailer: readTrailer,
  between: readBetween,
  tail: readTail,
};

function readHeader(stream: StreamParts): boolean {
  const { held, format } = stream;
  if (held.byteLength < 2 && format !== 'raw') return false;
  const frame = format === 'raw' ? FRAME.raw : frameOf(held);
  const isWanted = frame !== undefined && (format === 'any' || FRAME[format] === frame);
  const bytes = isWanted ? headerBytes(frame, held) : -1;
  if ((bytes ?? held.byteLength) > DEFLATE_HEADER_BYTES_MAX || bytes === -1) stream.isHopeless = true;
  if (stream.isHopeless || bytes === undefined || frame === undefined) return false;
  const check = createCheck(frame);
  const analysis = createMemberAnalysis(stream.kernel, stream.choice, {
    plain(part) {
      check.add(part);
      stream.plainBytes += part.byteLength;
      stream.plain.push(part);
    },
    corrections: (part) => stream.writer.addCorrections(part),
    marks: { power: stream.markPower, add: (mark) => stream.writer.addMark(mark) },
  });
  stream.member = { frame, header: copyBytes(held.subarray(0, bytes)), check, analysis };
  stream.held = held.subarray(bytes);
  stream.place = 'data';
  return true;
}

function readData(stream: StreamParts, isLast: boolean): boolean {
  const { member, held, writer } = stream;
  if (member === undefined) return false;
  const rest = held.subarray(member.analysis.push(held, isLast));
  const { isOver, isWrong } = member.analysis;
  if (isWrong || writer.correctionsBytes > stream.compressedBytes * CORRECTIONS_SHARE + CORRECTIONS_BYTES) stream.isHopeless = true;
  stream.held = isOver ? concatBytes([member.analysis.rest(), rest]) : rest;
  if (isOver) stream.place = 'trailer';
  return isOver;
}

function readTrailer(stream: StreamParts): boolean {
  const { member, held } = stream;
  const choice = member?.analysis.choice;
  if (member === undefined || choice === undefined) return false;
  const { frame, header, check } = member;
  const { plainBytes, correctionsBytes } = member.analysis;
  const bytes = TRAILER_BYTES[frame] ?? 0;
  if (held.byteLength < bytes) return false;
  const found = copyBytes(held.subarray(0, bytes));
  const trailer = equalBytes(found, check.trailer()) ? undefined : found;
  if (!stream.writer.addMember({ ...choice, frame, header, plainBytes, trailer, correctionsBytes })) stream.isHopeless = true;
  stream.choice = choice;
  stream.frame = frame;
  stream.member = undefined;
  stream.held = held.subarray(bytes);
  stream.place = 'between';
  return true;
}

/** Another gzip member may follow. */
function readBetween(stream: StreamParts, isLast: boolean): boolean {
  const { held, frame } = stream;
  if (frame === FRAME.gzip && held.byteLength < 3 && !isLast) return false;
  const isMember = frame === FRAME.gzip && held.byteLength >= 3 && frameOf(held) === FRAME.gzip && held[2] === 8;
  stream.place = isMember ? 'header' : 'tail';
  return true;
}

function readTail(stream: StreamParts): boolean {
  if (stream.held.byteLength > DEFLATE_TAIL_BYTES_MAX) stream.isHopeless = true;
  return false;
}
