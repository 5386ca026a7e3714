/**
 * A delta without a model: under each piece of the alignment the target is compared with what the old bytes and the operand
 * predictions promise, and where it differs the difference is written down (bsdiff, Percival 2003, with better promises).
 * shared/DELTA.md describes the streams.
 */
import { appendAlone, base, pass, position, startContents, target, targetBytes } from './mix/contents';
import { scanImages } from './mix/images';
import { dropOperand, findOperand, isTrusted, mayBeOperand, operandLeft, passOperandByte, predictedByte, startOperands } from './mix/operands';
import { pieceBase, pieceCount, pieceEnd, pieceStart, placePieces } from './mix/pieces';

/** What `readLength` gives behind the end of the lengths. */
const NO_LENGTH: u32 = u32.MAX_VALUE;

let lengthsAt: usize = 0;
let lengthsEnd: usize = 0;
let differencesAt: usize = 0;
let differencesEnd: usize = 0;
let restAt: usize = 0;
let restEnd: usize = 0;

/** Contents with 64 zero bytes around the base; pieces as in mix/pieces.ts, and right. */
export function prepare(baseAt: usize, baseLength: u32, at: usize, length: u32, pieces: usize, count: u32, order: usize): void {
  startContents(baseAt, baseLength, at, length);
  startOperands();
  scanImages();
  placePieces(pieces, count, order);
}

/**
 * Writes, for each piece until it is covered, how many bytes are as promised and how many are not, in turn, as varints to
 * `lengths` (room for twice the target); and for each that is not its difference to `differences` (room for the target).
 */
export function compare(lengths: usize, differences: usize): void {
  lengthsAt = lengths;
  differencesAt = differences;
  for (let piece: u32 = 0; piece < pieceCount; piece++) {
    pass(pieceStart(piece) - position);
    const end = pieceEnd(piece);
    const shift = pieceBase(piece) - position;
    let isEqual = true;
    let run: u32 = 0;
    while (position < end) {
      const byte = <u32>load<u8>(target + position);
      const difference = byte - promise(position + shift);
      if ((difference == 0) != isEqual) {
        writeLength(run);
        run = 0;
        isEqual = !isEqual;
      }
      if (difference != 0) store<u8>(differencesAt++, <u8>difference);
      run++;
      take(byte);
    }
    writeLength(run);
    dropOperand();
  }
}

/** The bytes that `compare` has written. */
export function lengthsBytes(lengths: usize): u32 {
  return <u32>(lengthsAt - lengths);
}

export function differencesBytes(differences: usize): u32 {
  return <u32>(differencesAt - differences);
}

/** Fills the target from the streams and `rest`, the bytes of no piece. False where a stream is too short or too long. */
export function restore(lengths: usize, lengthsLimit: usize, differences: usize, differencesLimit: usize, rest: usize, restLimit: usize): bool {
  lengthsAt = lengths;
  lengthsEnd = lengthsLimit;
  differencesAt = differences;
  differencesEnd = differencesLimit;
  restAt = rest;
  restEnd = restLimit;
  for (let piece: u32 = 0; piece < pieceCount; piece++) {
    if (!copyRest(pieceStart(piece) - position) || !restorePiece(pieceEnd(piece), pieceBase(piece) - pieceStart(piece))) return false;
    dropOperand();
  }
  return copyRest(targetBytes - position) && lengthsAt == lengthsEnd && differencesAt == differencesEnd && restAt == restEnd;
}

function copyRest(bytes: u32): bool {
  if (bytes > <u32>(restEnd - restAt)) return false;
  memory.copy(target + position, restAt, bytes);
  restAt += bytes;
  pass(bytes);
  return true;
}

function restorePiece(end: u32, shift: u32): bool {
  let isEqual = false;
  while (position < end) {
    isEqual = !isEqual;
    const run = readLength();
    if (run > end - position) return false;
    if (!isEqual && run > <u32>(differencesEnd - differencesAt)) return false;
    for (const stop = position + run; position < stop; ) {
      const promised = promise(position + shift);
      take((promised + (isEqual ? 0 : load<u8>(differencesAt++))) & 255);
    }
  }
  return true;
}

/** The byte promised for the current position, over position `at` of the base. */
// @ts-ignore: decorator
@inline
function promise(at: u32): u32 {
  if (operandLeft == 0 && mayBeOperand(at)) findOperand(at);
  return operandLeft > 0 && isTrusted() ? predictedByte() : load<u8>(base + at);
}

// @ts-ignore: decorator
@inline
function take(byte: u32): void {
  appendAlone(byte);
  if (operandLeft > 0) passOperandByte(byte);
}

function writeLength(value: u32): void {
  while (value >= 0x80) {
    store<u8>(lengthsAt++, <u8>(value | 0x80));
    value >>>= 7;
  }
  store<u8>(lengthsAt++, <u8>value);
}

/** At most 28 bits. */
function readLength(): u32 {
  let value: u32 = 0;
  for (let shift: u32 = 0; shift < 28; shift += 7) {
    if (lengthsAt >= lengthsEnd) return NO_LENGTH;
    const byte = <u32>load<u8>(lengthsAt++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return NO_LENGTH;
}
