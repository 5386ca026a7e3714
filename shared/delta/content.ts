/**
 * Content on the wire: as few bytes as the effort allows, with or without an old version of it.
 *
 * One call takes one target of at most RUN_BYTES_MAX and one base of at most BASE_BYTES_MAX; larger files go through here by
 * windows. Encoding takes memory for five times the base and four times the target at most, decoding for both and some 57 MiB (89
 * without a base). Nothing here proves that the decoded content is the right one: the caller compares its hash.
 */
import { releaseBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { BASE_BYTES_MAX, RUN_BYTES_MAX } from '../limits.ts';
import { collectIdleMemories } from '../wasm/load.ts';
import { createByteReader, createByteWriter, type ByteReader } from '../wire/varint.ts';
import { alignContent, coveredBytes, PIECE_FIELDS, type Pieces } from './align.ts';
import { CODEC, codecName, needsBase } from './codecs.ts';
import { EFFORT_PLANS, type EffortLevel, type EffortPlan } from './efforts.ts';
import { isDense } from './kind.ts';
import { decodeMix, encodeMix, mixDecodingBytes, type RunForm } from './mix.ts';
import { openBase } from './opened/base.ts';
import { closeTarget } from './opened/close.ts';
import { readBaseDecisions, readTargetDecisions } from './opened/decisions.ts';
import { openPair, type OpenedContent } from './opened/open.ts';
import { decodePatch, encodePatch, patchDecodingBytes } from './patch.ts';
import { compressZstd, compressZstdOver, decompressZstd } from './zstd.ts';

export { EFFORT_LEVELS, EFFORTS, type Effort, type EffortLevel } from './efforts.ts';

export interface EncodedContent {
  readonly codec: number;
  /** False where the base given did not help: the payload decodes without it. */
  readonly usesBase: boolean;
  readonly payload: Uint8Array;
}

/**
 * A patch below this part of its target is not worth another try, but for one that takes next to no time where nearly all of the content is found:
 * what went elsewhere, and files with few bytes of their own, cost zstd less. Its level builds no trees.
 */
const CLEAR_GAIN = 100;
const QUICK_LEVEL = 12;
/** Below this part context mixing has so little to do that it takes hardly more time than the patch did, and a third of its bytes. */
const TINY_GAIN = 1000;
/** A base that does not shrink the target to this part of it is left out for a try. */
const BASE_GAIN = 4;
/** Opened content that shrinks to this part of its target is taken without trying it closed. */
const CLEAR_OPENED = 1.5;
/** What content in members grows to when they are opened, of all kinds together. */
const OPENED_GROWTH = 3;
/** A base that lies under less than this part of its target is left to zstd, which finds as much in it. */
const PATCH_WORTH = 8;
/**
 * zstd finds nothing in the base that a patch left, where its pieces have so many bytes on average, less than this part of it is what
 * lies under no piece, and it shrank its target to this part. Measured on thirteen pairs of images: at most 0.03 % more bytes.
 */
const LONG_PIECES = 256;
const LITTLE_REST = 2;
const SMALL_PATCH = 8;
/** In less than this there is no time to spare. */
const SPARED_BYTES_MIN = 64 * 1024;
/** Memory of an alignment from which it is worth giving it back before the delta is made. */
const ALIGNMENT_BYTES = 32 * 1024 * 1024;
/** What a base saves must be more than this part, for the decoder to be made to read it. */
const BASE_WORTH = 64;

/**
 * Encodes `target`, leaning on `base` where that helps; never longer than the content itself. The same arguments give the same
 * bytes. The payload is `target` itself where nothing makes it shorter.
 */
export function encodeContent(target: Uint8Array, base: Uint8Array | undefined, level: EffortLevel): EncodedContent {
  const plan = EFFORT_PLANS[level];
  const raw: EncodedContent = { codec: CODEC.raw, usesBase: false, payload: target };
  if (target.byteLength === 0) return raw;
  const oldBytes = base?.byteLength === 0 ? undefined : base;
  const mayOpen = plan.opensPlain || oldBytes !== undefined;
  const opened = mayOpen ? openPair(target, oldBytes, { thoroughness: plan.opening, level: plan.streamLevel }) : undefined;
  if (opened === undefined) return shortest(target, oldBytes, plan);
  const inside = packOpened(opened, shortest(opened.target, opened.base, plan));
  // What helps little may be worse than nothing.
  const isClear = plan.mixForm !== undefined || inside.payload.byteLength * CLEAR_OPENED < target.byteLength;
  const closed = isClear ? raw : shortest(target, oldBytes, plan);
  return inside.payload.byteLength < closed.payload.byteLength ? inside : closed;
}

function packOpened({ target, targetDecisions, baseDecisions }: OpenedContent, inside: EncodedContent): EncodedContent {
  const { codec, usesBase, payload } = inside;
  const writer = createByteWriter(payload.byteLength + targetDecisions.byteLength + baseDecisions.byteLength + 16);
  writer.byte(codec);
  writer.varint(target.byteLength);
  if (usesBase) writer.bytes(baseDecisions);
  writer.bytes(targetDecisions);
  writer.bytes(payload);
  return { codec: usesBase ? CODEC.openedBase : CODEC.opened, usesBase, payload: writer.finish() };
}

function shortest(target: Uint8Array, base: Uint8Array | undefined, plan: EffortPlan): EncodedContent {
  let best: EncodedContent = { codec: CODEC.raw, usesBase: false, payload: target };
  for (const candidate of candidates(target, base, plan)) {
    // What gains nothing alone is not taken because a base gains little.
    if (candidate.payload.byteLength >= target.byteLength) continue;
    const handicap = best.usesBase && !candidate.usesBase ? best.payload.byteLength / BASE_WORTH : 0;
    if (candidate.payload.byteLength < best.payload.byteLength + handicap) best = candidate;
  }
  return best;
}

/** Whether it is less than one part in so many of its target. */
function isBelow({ payload }: EncodedContent, target: Uint8Array, parts: number): boolean {
  return payload.byteLength * parts < target.byteLength;
}

function* candidates(target: Uint8Array, base: Uint8Array | undefined, plan: EffortPlan): Iterable<EncodedContent> {
  let bytes = target.byteLength;
  if (base !== undefined) {
    for (const candidate of baseCandidates(target, base, plan)) {
      bytes = Math.min(bytes, candidate.payload.byteLength);
      yield candidate;
    }
  }
  if (bytes * BASE_GAIN > target.byteLength) yield* plainCandidates(target, plan);
}

function* plainCandidates(target: Uint8Array, plan: EffortPlan): Iterable<EncodedContent> {
  if (isDense(target)) return;
  if (plan.zstdLevel !== undefined) {
    yield { codec: CODEC.zstd, usesBase: false, payload: compressZstd(target, plan.zstdLevel) };
    return;
  }
  const payload = encodeMix(target, undefined, 3, target.byteLength);
  if (payload !== undefined) yield { codec: CODEC.mix, usesBase: false, payload };
}

function* baseCandidates(target: Uint8Array, base: Uint8Array, plan: EffortPlan): Iterable<EncodedContent> {
  const pieces = alignContent(target, base, { chainMax: plan.chainMax, isForModel: plan.mixForm !== undefined });
  // Its index over the base is larger than the base.
  collectIdleMemories(ALIGNMENT_BYTES);
  if (plan.mixForm === undefined) {
    const covered = coveredBytes(pieces);
    if (covered * PATCH_WORTH >= target.byteLength) {
      const patch = patched(target, base, pieces, plan);
      yield patch;
      if (plan.mixesTiny && isBelow(patch, target, TINY_GAIN)) {
        yield* mixed(target, base, pieces, 0, patch.payload.byteLength);
        return;
      }
      if (isBelow(patch, target, CLEAR_GAIN)) {
        yield { codec: CODEC.zstdBase, usesBase: true, payload: compressZstdOver(target, base, QUICK_LEVEL) };
        return;
      }
      if (leavesNothing(patch.payload.byteLength, target.byteLength, covered, pieces.length / PIECE_FIELDS)) return;
    }
    yield { codec: CODEC.zstdBase, usesBase: true, payload: compressZstdOver(target, base, plan.overLevel) };
    return;
  }
  const patch = patched(target, base, pieces, plan);
  yield patch;
  yield* mixed(target, base, pieces, plan.mixForm, Math.min(patch.payload.byteLength, target.byteLength));
}

/** Nothing where it takes `limit` bytes or more. */
function* mixed(target: Uint8Array, base: Uint8Array, pieces: Pieces, form: RunForm, limit: number): Iterable<EncodedContent> {
  const payload = encodeMix(target, { bytes: base, pieces }, form, limit);
  if (payload !== undefined) yield { codec: CODEC.mixBase, usesBase: true, payload };
}

/** @param covered bytes of the target that have an old byte under them */
function leavesNothing(patchBytes: number, targetBytes: number, covered: number, pieces: number): boolean {
  const isOfLongPieces = covered > pieces * LONG_PIECES;
  const isOfDifferences = (targetBytes - covered) * LITTLE_REST < patchBytes;
  return targetBytes >= SPARED_BYTES_MIN && patchBytes * SMALL_PATCH < targetBytes && isOfLongPieces && isOfDifferences;
}

function patched(target: Uint8Array, base: Uint8Array, pieces: Pieces, plan: EffortPlan): EncodedContent {
  return { codec: CODEC.patch, usesBase: true, payload: encodePatch(target, base, pieces, plan) };
}

/** Told of arrays that are no longer needed while the work goes on: whoever owns one may give its memory back. */
type OnSpent = (bytes: Uint8Array) => void;

/**
 * The content of exactly `targetBytes` that `payload` stands for. Any bytes give some content or a TransferError: INTEGRITY,
 * PROTOCOL_VIOLATION, LIMIT_EXCEEDED; with another base than the encoder's the content is another one or INTEGRITY.
 */
export function decodeContent(
  codec: number,
  payload: Uint8Array,
  base: Uint8Array | undefined,
  targetBytes: number,
  onSpent: OnSpent = () => {},
): Uint8Array {
  checkLimit('a target', targetBytes, RUN_BYTES_MAX);
  checkLimit('a base', base?.byteLength ?? 0, BASE_BYTES_MAX);
  checkLimit('a payload', payload.byteLength, targetBytes);
  const needs = needsBase(codec);
  if (needs !== (base !== undefined))
    throw new TransferError('PROTOCOL_VIOLATION', `${codecName(codec)} ${needs ? 'lacks its base' : 'needs no base'}`);
  if (codec === CODEC.opened || codec === CODEC.openedBase) return decodeOpened(payload, base, targetBytes, onSpent);
  return decodeClosed(codec, payload, base, targetBytes, onSpent);
}

function decodeOpened(packed: Uint8Array, base: Uint8Array | undefined, targetBytes: number, onSpent: OnSpent): Uint8Array {
  const reader = createByteReader(packed);
  const { codec, openedBytes } = readOpenedHead(reader);
  if (needsBase(codec) !== (base !== undefined) || codec === CODEC.opened || codec === CODEC.openedBase)
    throw new TransferError('PROTOCOL_VIOLATION', `opened content cannot hold ${codecName(codec)}`);
  const oldBytes = base === undefined ? undefined : openBase(base, readBaseDecisions(reader));
  const isOwn = oldBytes !== base;
  if (base !== undefined && isOwn) onSpent(base);
  const decisions = readTargetDecisions(reader, targetBytes);
  const target = decodeClosed(codec, reader.rest(), oldBytes, openedBytes, isOwn ? releaseBytes : onSpent);
  collectIdleMemories();
  return closeTarget(target, decisions, targetBytes);
}

function readOpenedHead(reader: ByteReader): { readonly codec: number; readonly openedBytes: number } {
  return { codec: reader.byte('codec'), openedBytes: reader.varint('opened content', RUN_BYTES_MAX) };
}

function decodeClosed(codec: number, payload: Uint8Array, base: Uint8Array | undefined, targetBytes: number, onSpent: OnSpent): Uint8Array {
  if (base === undefined) return decodePlain(codec, payload, targetBytes, onSpent);
  if (codec === CODEC.zstdBase) return decompressZstd(payload, targetBytes, base);
  const decode = codec === CODEC.patch ? decodePatch : decodeMix;
  return decode(payload, base, targetBytes, onSpent);
}

function decodePlain(codec: number, payload: Uint8Array, targetBytes: number, onSpent: OnSpent): Uint8Array {
  if (codec === CODEC.zstd) return decompressZstd(payload, targetBytes);
  if (codec === CODEC.mix) return decodeMix(payload, undefined, targetBytes, onSpent);
  if (codec !== CODEC.raw) throw new TransferError('PROTOCOL_VIOLATION', `there is no codec ${codec}`);
  if (payload.byteLength !== targetBytes)
    throw new TransferError('INTEGRITY', `raw content has ${payload.byteLength} bytes, not ${targetBytes}`);
  return payload;
}

/**
 * Memory that `decodeContent` takes, about, with payload, base and result: what is to be free before. A payload that is none gives any
 * number; it takes no more until it is found out.
 */
export function decodingBytes(codec: number, payload: Uint8Array, baseBytes: number, targetBytes: number): number {
  if (codec !== CODEC.opened && codec !== CODEC.openedBase) return payload.byteLength + closedBytes(codec, baseBytes, targetBytes);
  let inside: ReturnType<typeof readOpenedHead>;
  try {
    inside = readOpenedHead(createByteReader(payload));
  } catch {
    return payload.byteLength;
  }
  const openedBase = Math.min(baseBytes * OPENED_GROWTH, BASE_BYTES_MAX);
  return payload.byteLength + closedBytes(inside.codec, openedBase, inside.openedBytes);
}

function closedBytes(codec: number, baseBytes: number, targetBytes: number): number {
  if (codec === CODEC.mix || codec === CODEC.mixBase) return mixDecodingBytes(targetBytes, baseBytes);
  if (codec === CODEC.patch) return patchDecodingBytes(targetBytes, baseBytes);
  return 2 * (baseBytes + targetBytes);
}

function checkLimit(what: string, bytes: number, limit: number): void {
  if (bytes > limit) throw new TransferError('LIMIT_EXCEEDED', `${what} has ${bytes} bytes, the limit is ${limit}`);
}
