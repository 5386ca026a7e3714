/**
 * A delta without a model: pieces, lengths, differences and the rest as four streams, each through zstd. The comparison is made by
 * wasm/assembly/patch.ts; DELTA.md has the format.
 */
import { TransferError } from '../errors.ts';
import { createByteReader, createByteWriter } from '../wire/varint.ts';
import { collectIdleMemories, createWasmInstance, type WasmInstance } from '../wasm/load.ts';
import { PIECE_FIELDS, PIECES_MAX, type Pieces } from './align.ts';
import { createPlaces } from './places.ts';
import { readStream, writeStream } from './streams.ts';

interface PatchExports {
  prepare(base: number, baseBytes: number, target: number, targetBytes: number, pieces: number, count: number, order: number): void;
  compare(lengths: number, differences: number): void;
  lengthsBytes(lengths: number): number;
  differencesBytes(differences: number): number;
  restore(lengths: number, lengthsEnd: number, differences: number, differencesEnd: number, rest: number, restEnd: number): number;
}

/** Zeros around a base. */
const MARGIN = 64;
const FIXED_END = 16 * 1024 * 1024;
/** Of what lies before that, what is used. */
const FIXED_BYTES = 1024 * 1024;
/** A varint of the pieces has at most five bytes. */
const PIECE_BYTES_MAX = 15;
/** Memory of a comparison from which it is worth giving it back before its streams are compressed. */
const COMPARISON_BYTES = 32 * 1024 * 1024;

/** Levels of zstd: for the streams that say how the base differs, and for the rest. */
export interface PatchLevels {
  readonly streamLevel: number;
  readonly restLevel: number;
}

/** @param pieces what `alignContent` found */
export function encodePatch(target: Uint8Array, base: Uint8Array, pieces: Pieces, levels: PatchLevels): Uint8Array {
  const { lengths, differences } = compare(target, base, pieces);
  // zstd takes as much memory as the comparison did.
  collectIdleMemories(COMPARISON_BYTES);
  const writer = createByteWriter(1024);
  writer.varint(pieces.length / PIECE_FIELDS);
  writeStream(writer, packPieces(pieces), levels.streamLevel);
  writeStream(writer, lengths, levels.streamLevel);
  writeStream(writer, differences, levels.streamLevel);
  writeStream(writer, restOf(target, pieces), levels.restLevel);
  return writer.finish();
}

/** Where the target differs from what lies under it, and by how much. */
function compare(target: Uint8Array, base: Uint8Array, pieces: Pieces): { readonly lengths: Uint8Array; readonly differences: Uint8Array } {
  const places = createPlaces(FIXED_END + MARGIN);
  const differencesAt = places.take(target.byteLength);
  const lengthsAt = places.take(target.byteLength * 2 + pieces.length);
  const { wasm, target: at } = start(places, base, target.byteLength, pieces);
  const memory = new Uint8Array(wasm.memory.buffer);
  memory.set(target, at);
  wasm.exports.compare(lengthsAt, differencesAt);
  return {
    lengths: memory.slice(lengthsAt, lengthsAt + wasm.exports.lengthsBytes(lengthsAt)),
    differences: memory.slice(differencesAt, differencesAt + wasm.exports.differencesBytes(differencesAt)),
  };
}

/** Memory that decoding takes, base and result included, but for the patch: its streams have hardly more bytes than the target. */
export function patchDecodingBytes(targetBytes: number, baseBytes: number): number {
  return FIXED_BYTES + baseBytes + 4 * targetBytes;
}

/**
 * PROTOCOL_VIOLATION, LIMIT_EXCEEDED, INTEGRITY. With another base than the encoder's the result is another content.
 * @param onSpent told of the base when it is no longer needed, before the work begins.
 */
export function decodePatch(
  patch: Uint8Array,
  base: Uint8Array,
  targetBytes: number,
  onSpent: (bytes: Uint8Array) => void = () => {},
): Uint8Array {
  const reader = createByteReader(patch);
  const count = reader.varint('pieces', Math.min(PIECES_MAX, targetBytes));
  const pieces = unpackPieces(readStream(reader, count * PIECE_BYTES_MAX), count, base.byteLength, targetBytes);
  const streams = [readStream(reader, targetBytes * 2 + count), readStream(reader, targetBytes), readStream(reader, targetBytes)] as const;
  if (reader.remaining > 0) throw new TransferError('PROTOCOL_VIOLATION', 'a patch has bytes behind its streams');
  const places = createPlaces(FIXED_END + MARGIN);
  const starts = streams.map((stream) => places.take(stream.byteLength));
  const { wasm, target } = start(places, base, targetBytes, pieces);
  const memory = new Uint8Array(wasm.memory.buffer);
  streams.forEach((stream, i) => memory.set(stream, starts[i]));
  type Each = [number, number, number];
  const [lengths, differences, rest] = starts as Each;
  const [lengthsEnd, differencesEnd, restEnd] = starts.map((at, i) => at + (streams[i]?.byteLength ?? 0)) as Each;
  onSpent(base);
  const isWhole = wasm.exports.restore(lengths, lengthsEnd, differences, differencesEnd, rest, restEnd);
  if (isWhole === 0) throw new TransferError('INTEGRITY', 'the streams of a patch do not fit together');
  return memory.slice(target, target + targetBytes);
}

function start(
  places: ReturnType<typeof createPlaces>,
  base: Uint8Array,
  targetBytes: number,
  pieces: Pieces,
): { wasm: WasmInstance<PatchExports>; target: number } {
  const target = places.take(targetBytes + MARGIN);
  const piecesAt = places.take(pieces.byteLength);
  const order = places.take((pieces.length / PIECE_FIELDS) * 4 + MARGIN);
  const baseAt = places.take(base.byteLength + MARGIN);
  const wasm = createWasmInstance<PatchExports>('patch', places.end());
  if (wasm === undefined) throw new TransferError('INTERNAL', 'the module patch.wasm was not built');
  new Uint8Array(wasm.memory.buffer).set(base, baseAt);
  new Uint32Array(wasm.memory.buffer, piecesAt, pieces.length).set(pieces);
  wasm.exports.prepare(baseAt, base.byteLength, target, targetBytes, piecesAt, pieces.length / PIECE_FIELDS, order);
  return { wasm, target };
}

/** The bytes that lie in no piece. */
function restOf(target: Uint8Array, pieces: Pieces): Uint8Array {
  const writer = createByteWriter();
  let end = 0;
  for (let i = 0; i < pieces.length; i += PIECE_FIELDS) {
    const from = pieces[i] as number;
    writer.bytes(target.subarray(end, from));
    end = from + (pieces[i + 1] as number);
  }
  writer.bytes(target.subarray(end));
  return writer.finish();
}

function packPieces(pieces: Pieces): Uint8Array {
  const writer = createByteWriter(pieces.length * 2 + 1);
  let end = 0;
  let shift = 0;
  for (let i = 0; i < pieces.length; i += PIECE_FIELDS) {
    const [from, bytes, basePosition] = pieces.subarray(i, i + PIECE_FIELDS) as unknown as [number, number, number];
    const change = from - basePosition - shift;
    writer.varint(from - end);
    writer.varint(bytes);
    writer.varint(change < 0 ? -2 * change - 1 : 2 * change);
    end = from + bytes;
    shift = from - basePosition;
  }
  return writer.finish();
}

function unpackPieces(packed: Uint8Array, count: number, baseBytes: number, targetBytes: number): Pieces {
  const reader = createByteReader(packed);
  const pieces = new Uint32Array(count * PIECE_FIELDS);
  let end = 0;
  let shift = 0;
  for (let i = 0; i < pieces.length; i += PIECE_FIELDS) {
    const from = end + reader.varint('gap', targetBytes - end);
    const bytes = reader.varint('piece', targetBytes - from);
    const change = reader.varint('shift', 2 * (baseBytes + targetBytes) + 1);
    shift += change % 2 === 0 ? change / 2 : -(change + 1) / 2;
    if (from - shift < 0 || from - shift + bytes > baseBytes)
      throw new TransferError('INTEGRITY', 'a piece of a patch lies outside of its base');
    pieces.set([from, bytes, from - shift], i);
    end = from + bytes;
  }
  if (reader.remaining > 0) throw new TransferError('PROTOCOL_VIOLATION', 'a patch has bytes behind its pieces');
  return pieces;
}
