/**
 * Predicts the addresses inside of code and tables. Where code has moved, every operand that names a place in it changes, and by
 * how much is known: both ends lie in pieces of the alignment, or the same place was named before. A prediction is four bytes.
 */
import { base, baseBytes, last4, position, target } from './contents';
import { addressOf, enterImage, frameTableAt, imageStart, isCode, isFixed, isFixedAddress, isPlain, NOWHERE, positionOf } from './images';
import { EXACT_MOVES, OUTCOMES, REGION_MOVES } from './layout';
import { isShiftKnown, shiftAt } from './pieces';

// Kinds of operands.
const NONE: u32 = 0;
const CALL: u32 = 1;
const JUMP: u32 = 2;
const BRANCH: u32 = 3;
const RELATIVE: u32 = 4;
const POINTER: u32 = 5;
const FRAME_ENTRY: u32 = 6;
const FRAME: u32 = 7;
const ABSOLUTE: u32 = 8;

// Where the knowledge of a move comes from.
const UNKNOWN: u32 = 0;
const EXACT: u32 = 1;
const ALIGNED: u32 = 2;
const REGION: u32 = 3;

/** Bytes of the current operand still to come; 0 outside of operands. */
export let operandLeft: u32 = 0;
let kind: u32 = NONE;
let source: u32 = UNKNOWN;
let prediction: u32 = 0;
let old: u32 = 0;
let oldAddress: u32 = 0;
let start: u32 = 0;
/** How far the operand itself has moved, where it is relative to that; else how far its point of reference has. */
let reference: i32 = 0;
let isWrong: u32 = 0;
/** How far the first byte of the current image has moved. */
let imageMove: i32 = 0;
let frameTable: u32 = NOWHERE;
let frameTableMove: i32 = 0;

export function startOperands(): void {
  operandLeft = 0;
  imageMove = 0;
  frameTable = NOWHERE;
}

/** False where `findOperand` would find none for sure, as one look tells: outside of tables, with nothing like a pointer or a frame, and behind no opcode. */
// @ts-ignore: decorator
@inline
export function mayBeOperand(at: u32): bool {
  if (!isPlain(at)) return true;
  const offset = at - imageStart;
  if ((offset & 7) == 0 && load<u32>(base + at, 4) == 0) return true;
  if ((offset & 3) == 0 && isFrameLength(load<u32>(base + at - 8))) return true;
  const before = <u32>load<u8>(base + at - 1);
  return (before & 0xc7) == 5 || (before & 0xfe) == 0xe8 || (before & 0xf0) == 0x80;
}

/** Looks whether an operand starts at `at` of the base, over which `position` of the target lies. */
export function findOperand(at: u32): void {
  if (enterImage(at)) imageMove = imageStart == 0 ? 0 : shiftAt(imageStart);
  if (at + 8 > baseBytes || at < 2) return;
  old = load<u32>(base + at);
  kind = instructionOperand(at);
  if (kind == NONE) kind = dataOperand(at);
  if (kind == NONE) return;
  const move = moveOf(oldAddress);
  prediction = source == UNKNOWN ? old : old + move - reference;
  operandLeft = 4;
  isWrong = 0;
  start = position;
}

/** A displacement behind the opcode of a call, jump or branch, or behind a ModRM byte that makes it relative to the instruction. */
function instructionOperand(at: u32): u32 {
  const before = load<u8>(base + at - 1);
  if (before != (last4 & 255)) return NONE;
  let found = NONE;
  if (before == 0xe8) found = CALL;
  else if (before == 0xe9) found = JUMP;
  else if ((before & 0xf0) == 0x80 && load<u8>(base + at - 2) == 0x0f) found = BRANCH;
  else if ((before & 0xc7) == 5) found = RELATIVE;
  else return NONE;
  // More than 64 MiB away: hardly an operand.
  if (old + 0x4000000 > 0x8000000) return NONE;
  oldAddress = addressOf(at) + 4 + old;
  reference = <i32>(position - at) - imageMove;
  return found;
}

function dataOperand(at: u32): u32 {
  const offset = at - imageStart;
  reference = 0;
  oldAddress = old;
  if ((offset & 7) == 0 && old >= 0x1000 && old < 0x8000000 && load<u32>(base + at, 4) == 0) return POINTER;
  const table = frameTableAt(at);
  if (table != NOWHERE) {
    if (table != frameTable) {
      frameTable = table;
      frameTableMove = shiftAt(table) - imageMove;
    }
    oldAddress = addressOf(table) + old;
    reference = frameTableMove;
    return FRAME_ENTRY;
  }
  if ((offset & 3) == 0 && isFrame(at)) {
    oldAddress = addressOf(at) + old;
    reference = <i32>(position - at) - imageMove;
    return FRAME;
  }
  if (!isFixed || !isFixedAddress(old) || load<u8>(base + at - 1) != (last4 & 255)) return NONE;
  addressOf(at);
  return isCode ? ABSOLUTE : NONE;
}

/** The first field of a frame description entry of .eh_frame, which leads back to a common entry of version 1. */
function isFrame(at: u32): bool {
  if (at < 64) return false;
  const back = load<u32>(base + at - 4);
  const bytes = load<u32>(base + at - 8);
  if (back == 0 || back > at - 4 || !isFrameLength(bytes)) return false;
  const common = base + (at - 4 - back);
  return load<u32>(common, 4) == 0 && load<u8>(common, 8) == 1 && load<u32>(common) - 8 < 120;
}

// @ts-ignore: decorator
@inline
function isFrameLength(bytes: u32): bool {
  return bytes >= 8 && bytes <= 0xffff && (bytes & 3) == 0;
}

/** How far what was at `address` has moved; `source` says how well that is known. */
function moveOf(address: u32): i32 {
  const exact = exactAt(address);
  if (load<u32>(exact) == address) {
    source = EXACT;
    return load<i32>(exact, 4);
  }
  const at = positionOf(address);
  if (at < baseBytes) {
    const move = shiftAt(at);
    if (isShiftKnown) {
      source = ALIGNED;
      return move - imageMove;
    }
  }
  const region = regionAt(address);
  source = load<u32>(region) == (address >>> 8) + 1 ? REGION : UNKNOWN;
  return load<i32>(region, 4);
}

/** The predicted byte at `position`. */
export function predictedByte(): u32 {
  return (prediction >>> ((4 - operandLeft) << 3)) & 255;
}

/** True unless the last two predictions of this sort were wrong. */
export function isTrusted(): bool {
  return (load<u8>(OUTCOMES + (kind << 2) + source) & 3) != 3;
}

/** What is known about how good the prediction is: 8 bits. */
export function confidence(): u32 {
  const group: u32 = kind == POINTER ? 1 : kind == RELATIVE ? 2 : kind >= FRAME_ENTRY ? 3 : 0;
  const wasWrong = load<u8>(OUTCOMES + (kind << 2) + source) & 1;
  return source | (isWrong << 2) | ((4 - operandLeft) << 3) | (group << 5) | (wasWrong << 7);
}

/** Takes the true byte, just appended: corrects what is left of the prediction, and learns when it was the last. */
export function passOperandByte(byte: u32): void {
  const shift = (4 - operandLeft) << 3;
  const predicted = (prediction >>> shift) & 255;
  if (predicted != byte) {
    isWrong = 1;
    prediction += <u32>(<i32><i8>(byte - predicted)) << shift;
  }
  if (--operandLeft > 0) return;
  const outcome = OUTCOMES + (kind << 2) + source;
  store<u8>(outcome, <u8>((<u32>load<u8>(outcome) << 1) | isWrong));
  const move = <i32>(load<u32>(target + start) - old) + reference;
  const exact = exactAt(oldAddress);
  store<u32>(exact, oldAddress);
  store<i32>(exact, move, 4);
  const region = regionAt(oldAddress);
  store<u32>(region, (oldAddress >>> 8) + 1);
  store<i32>(region, move, 4);
}

/** Forgets the current operand: its bytes were passed over. */
export function dropOperand(): void {
  operandLeft = 0;
}

function exactAt(address: u32): usize {
  return EXACT_MOVES + (<usize>((address * 0x9e3779b1) >>> 16) << 3);
}

function regionAt(address: u32): usize {
  return REGION_MOVES + (<usize>(((address >>> 8) * 0x9e3779b1) >>> 18) << 3);
}
