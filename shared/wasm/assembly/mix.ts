/**
 * Context mixing, with or without an old content: the entropy half of a delta, and a compressor of its own.
 *
 * Under a piece of the alignment the next byte is first decided against the byte that an operand prediction or the old content
 * promises; only where that fails, and between pieces, it is coded bit by bit. Long runs as promised are coded as one number.
 * shared/DELTA.md describes it in full.
 */
import { codeByte, startByteModel } from './mix/byte-model';
import { append, base, baseBytes, pass, position, startContents, target, targetBytes } from './mix/contents';
import { codeHit, OLD_BYTE, OLD_BYTE_AFTER_OPERAND, OPERAND_OTHER, OPERAND_SAME, REPEAT, startHitModel } from './mix/hit-model';
import { scanImages } from './mix/images';
import { codeNumber, startNumbers } from './mix/numbers';
import { expect, old, passExpected, passRun, passUnexpected, run, startOldBytes } from './mix/old-bytes';
import { confidence, dropOperand, findOperand, operandLeft, passOperandByte, predictedByte, startOperands } from './mix/operands';
import { codePieces, pieceBase, pieceCount, pieceEnd, pieceStart } from './mix/pieces';
import { codedBytes, finishEncoding, isDecoding, isExhausted, startDecoding, startEncoding } from './mix/range-coder';
import { isRepeatSettled, passRepeat, repeat, repeatBytes, repeatEnds, restartRepeat, startRepeats } from './mix/repeats';
import { startSlots } from './mix/slots';
import { startSquash } from './mix/squash';
import { startStates } from './mix/states';

/** An earlier occurrence that agrees in as many bytes is treated as old content. */
const SURE_BYTES: u32 = 32;
const RUN_KIND: u32 = 8;

let runAfter: u32 = 0;
let lastRunClass: u32 = 0;
let nextPiece: u32 = 0;

export { convertBranches, hasBranches } from './mix/branches';

/** The tables that both directions start from. `bits`: log2 of slots and of words. */
export function prepare(baseAt: usize, baseLength: u32, targetAt: usize, targetLength: u32, slots: usize, slotBits: u32, repeats: usize, repeatBits: u32): void {
  startSquash();
  startStates();
  startNumbers();
  startContents(baseAt, baseLength, targetAt, targetLength);
  startSlots(slots, slotBits);
  startRepeats(repeats, repeatBits);
  startOldBytes();
  startOperands();
  startByteModel();
  startHitModel();
  scanImages();
}

/** Encodes the target; returns the bytes of the code, which may be more than the room from `start` to `limit`. */
export function encode(start: usize, limit: usize, pieces: usize, count: u32, order: usize, runBytes: u32): u32 {
  startEncoding(start, limit);
  codePieces(pieces, count, count, order);
  codeContent(runBytes);
  finishEncoding();
  return codedBytes(start);
}

/** Decodes into the target. Returns false where the code cannot be right. */
export function decode(start: usize, limit: usize, pieces: usize, piecesMax: u32, order: usize, runBytes: u32): bool {
  startDecoding(start, limit);
  if (!codePieces(pieces, 0, piecesMax, order)) return false;
  return codeContent(runBytes) && isExhausted();
}

function codeContent(runBytes: u32): bool {
  runAfter = runBytes;
  lastRunClass = 0;
  nextPiece = 0;
  while (position < targetBytes) {
    while (nextPiece < pieceCount && position >= pieceEnd(nextPiece)) {
      nextPiece++;
      dropOperand();
    }
    if (nextPiece < pieceCount && position >= pieceStart(nextPiece)) {
      if (!codeAligned(pieceBase(nextPiece) + position - pieceStart(nextPiece), pieceEnd(nextPiece) - position)) return false;
    } else if (repeatBytes >= SURE_BYTES && isRepeatSettled()) {
      if (!codeRepeated()) return false;
    } else {
      const byte = codeByte(known(), false);
      append(byte);
      passUnexpected(byte);
      passRepeat(byte);
    }
  }
  return true;
}

/** The next byte, where it is known already. */
function known(): u32 {
  return isDecoding ? 0 : load<u8>(target + position);
}

/** One byte, or a run, over position `at` of the base; the piece has `left` more bytes. */
function codeAligned(at: u32, left: u32): bool {
  expect(base + at);
  if (run >= runAfter) {
    const bytes = codeRun(left);
    if (bytes > left) return false;
    dropOperand();
    if (bytes == left) return true;
    expect(base + at + bytes);
    at += bytes;
  }
  if (operandLeft == 0) findOperand(at);
  const expected = <u32>load<u8>(old);
  let byte = known();
  if (operandLeft > 0) {
    const predicted = predictedByte();
    const sure = confidence();
    if (codeHit(u32(byte == predicted), predicted, predicted == expected ? OPERAND_SAME : OPERAND_OTHER, sure)) byte = predicted;
    else if (predicted != expected && codeHit(u32(byte == expected), expected, OLD_BYTE_AFTER_OPERAND, sure)) byte = expected;
    else byte = codeByte(byte, true);
  } else if (codeHit(u32(byte == expected), expected, OLD_BYTE, 0)) byte = expected;
  else byte = codeByte(byte, true);
  append(byte);
  passExpected(byte, expected);
  if (operandLeft > 0) passOperandByte(byte);
  passRepeat(byte);
  return true;
}

/** The same over an earlier occurrence. */
function codeRepeated(): bool {
  expect(repeat);
  if (run >= runAfter) {
    const left = targetBytes - position;
    return codeRun(left) <= left;
  }
  const expected = <u32>load<u8>(old);
  let byte = known();
  const sure = (min<u32>(repeatBytes >>> 4, 15) << 3) | (repeatEnds & 7);
  if (codeHit(u32(byte == expected), expected, REPEAT, sure)) byte = expected;
  else byte = codeByte(byte, false);
  append(byte);
  passExpected(byte, expected);
  passRepeat(byte);
  return true;
}

/** Codes how many bytes more are as expected and goes over them. More than `left` is damage. */
function codeRun(left: u32): u32 {
  let bytes: u32 = 0;
  if (!isDecoding) while (bytes < left && load<u8>(target + position + bytes) == load<u8>(old + bytes)) bytes++;
  bytes = codeNumber(bytes, RUN_KIND + lastRunClass);
  if (bytes > left) return bytes;
  lastRunClass = bytes == 0 ? 0 : 1 + min<u32>(6, (31 - clz(bytes)) >>> 1);
  if (isDecoding) for (let i: u32 = 0; i < bytes; i++) store<u8>(target + position + i, load<u8>(old + i));
  passRun();
  if (bytes > 0) {
    pass(bytes);
    restartRepeat();
  }
  return bytes;
}
