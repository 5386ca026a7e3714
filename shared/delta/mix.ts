/**
 * Context mixing, with or without an old content: the work is done by wasm/assembly/mix.ts, the format is in DELTA.md.
 *
 * A code is one byte of form, then the bytes of the arithmetic coder.
 */
import { TransferError } from '../errors.ts';
import { createWasmInstance, type WasmInstance } from '../wasm/load.ts';
import { PIECE_FIELDS, PIECES_MAX, type Pieces } from './align.ts';
import { createPlaces } from './places.ts';

interface MixExports {
  prepare(
    base: number,
    baseBytes: number,
    target: number,
    targetBytes: number,
    slots: number,
    slotBits: number,
    repeats: number,
    repeatBits: number,
  ): void;
  hasBranches(at: number, bytes: number): number;
  convertBranches(at: number, bytes: number, isBack: boolean): void;
  encode(start: number, limit: number, pieces: number, count: number, order: number, runBytes: number): number;
  decode(start: number, limit: number, pieces: number, piecesMax: number, order: number, runBytes: number): number;
}

/** The lower bits of the form: after how many bytes as expected the number of further ones is coded. */
export const RUN_BYTES = [16, 32, 64, 128] as const;
/** Index into `RUN_BYTES`: later is smaller and slower. */
export type RunForm = 0 | 1 | 2 | 3;
const RUN_MASK = 3;
/** In the form: operands of x86 branches were made absolute. Only without a base. */
const HAS_BRANCHES = 4;

const NOTHING = new Uint8Array(0);
const NO_PIECES: Pieces = new Uint32Array(0);
/** Zeros before and behind a content. */
const MARGIN = 64;
/** Where contents begin, behind the module's own tables: `FIXED_END` of mix/layout.ts, rounded up. */
const FIXED_END = 16 * 1024 * 1024;
/** Of what lies before that, what is used. */
const FIXED_BYTES = 9 * 1024 * 1024;

/**
 * The code of `target`, or undefined where it would take `limit` bytes or more.
 * @param pieces what `alignContent` found in `base`
 */
export function encodeMix(
  target: Uint8Array,
  base: { readonly bytes: Uint8Array; readonly pieces: Pieces } | undefined,
  form: RunForm,
  limit: number,
): Uint8Array | undefined {
  const pieces = base?.pieces ?? NO_PIECES;
  const count = pieces.length / PIECE_FIELDS;
  const room = makeRoom(target.byteLength, base?.bytes ?? NOTHING, count, limit);
  const { exports, memory } = room.wasm;
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(target, room.target);
  new Uint32Array(memory.buffer, room.pieces, pieces.length).set(pieces);
  const hasBranches = base === undefined && exports.hasBranches(room.target, target.byteLength) !== 0;
  if (hasBranches) exports.convertBranches(room.target, target.byteLength, false);
  bytes[room.code] = form | (hasBranches ? HAS_BRANCHES : 0);
  const length = 1 + exports.encode(room.code + 1, room.code + limit, room.pieces, count, room.order, RUN_BYTES[form]);
  return length < limit ? bytes.slice(room.code, room.code + length) : undefined;
}

/**
 * The content of `targetBytes` bytes that `code` stands for. Nearly any code gives some content: only its hash tells whether it is
 * the right one. INTEGRITY, PROTOCOL_VIOLATION.
 * @param onSpent told of code and base when they are no longer needed, before the work begins.
 */
export function decodeMix(
  code: Uint8Array,
  base: Uint8Array = NOTHING,
  targetBytes: number,
  onSpent: (bytes: Uint8Array) => void = () => {},
): Uint8Array {
  const form = code[0] ?? -1;
  const hasBranches = (form & HAS_BRANCHES) !== 0;
  if (form < 0 || form > (RUN_MASK | HAS_BRANCHES) || (hasBranches && base.byteLength > 0))
    throw new TransferError('PROTOCOL_VIOLATION', 'a mixed code begins with an unknown form');
  const piecesMax = base.byteLength === 0 ? 0 : Math.min(targetBytes, PIECES_MAX);
  const room = makeRoom(targetBytes, base, piecesMax, code.byteLength);
  const { exports, memory } = room.wasm;
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(code, room.code);
  const codeEnd = room.code + code.byteLength;
  for (const each of [code, base]) onSpent(each);
  const runBytes = RUN_BYTES[(form & RUN_MASK) as RunForm];
  if (exports.decode(room.code + 1, codeEnd, room.pieces, piecesMax, room.order, runBytes) === 0)
    throw new TransferError('INTEGRITY', 'a mixed code does not decode');
  if (hasBranches) exports.convertBranches(room.target, targetBytes, true);
  return bytes.slice(room.target, room.target + targetBytes);
}

/** Memory that decoding takes at most, base and result included, but for the code. */
export function mixDecodingBytes(targetBytes: number, baseBytes: number): number {
  const { slotBits, repeatBits } = tableBits(targetBytes, baseBytes);
  return FIXED_BYTES + baseBytes + 2 * targetBytes + (16 << slotBits) + (4 << repeatBits);
}

interface Room {
  readonly wasm: WasmInstance<MixExports>;
  readonly target: number;
  readonly code: number;
  readonly pieces: number;
  readonly order: number;
}

function makeRoom(targetBytes: number, base: Uint8Array, pieces: number, codeBytes: number): Room {
  const { slotBits, repeatBits } = tableBits(targetBytes, base.byteLength);
  const places = createPlaces(FIXED_END + MARGIN);
  const baseAt = places.take(base.byteLength + MARGIN);
  const target = places.take(targetBytes + MARGIN);
  const code = places.take(codeBytes);
  const piecesAt = places.take(pieces * PIECE_FIELDS * 4);
  const order = places.take(pieces * 4);
  const slots = places.take(16 << slotBits);
  const repeats = places.take(4 << repeatBits);
  const wasm = createWasmInstance<MixExports>('mix', places.end());
  if (wasm === undefined) throw new TransferError('INTERNAL', 'the module mix.wasm was not built');
  new Uint8Array(wasm.memory.buffer).set(base, baseAt);
  wasm.exports.prepare(baseAt, base.byteLength, target, targetBytes, slots, slotBits, repeats, repeatBits);
  return { wasm, target, code, pieces: piecesAt, order };
}

/** Sizes of the tables of contexts and of repeats: part of the format. */
function tableBits(targetBytes: number, baseBytes: number): { slotBits: number; repeatBits: number } {
  return {
    slotBits: baseBytes === 0 ? within(log(targetBytes) + 1, 22) : within(log(targetBytes), 21),
    repeatBits: within(log(targetBytes + Math.floor(baseBytes / 4)), 22),
  };
}

function log(bytes: number): number {
  return Math.ceil(Math.log2(Math.max(bytes, 1)));
}

function within(bits: number, max: number): number {
  return Math.max(10, Math.min(max, bits));
}
