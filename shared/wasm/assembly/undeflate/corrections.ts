/**
 * The corrections: a number of steps that are as predicted, then what the next one is instead. A step is a token or the end of a
 * block. The bytes are described in shared/DEFLATE.md.
 */
import { CORRECTIONS, CORRECTIONS_BYTES } from './layout';

/** Instead of what was predicted: a literal; the predicted distance with another length; the nearest match of a length; any match. */
export const LITERAL: u32 = 0;
export const LENGTH: u32 = 1;
export const NEAREST: u32 = 2;
export const MATCH: u32 = 3;
/** The block does not end here, against the rule; ends here, with the header as planned; ends here, with a header of its own. */
export const GO_ON: u32 = 4;
export const END: u32 = 5;
export const END_HEADER: u32 = 6;
/** A stored block begins, that ends where the rule says; one of so many bytes. */
export const STORED_PLANNED: u32 = 7;
export const STORED: u32 = 8;

/** No correction takes more. */
const CORRECTION_MAX: u32 = 4096;

/** Behind what was written, or what is there to read. */
export let correctionsEnd: usize = CORRECTIONS;
let readAt: usize = CORRECTIONS;
/** False where what is read is impossible. */
export let isSound: bool = true;
/** Steps as predicted so far (writing), or still to come (reading). */
let run: u64 = 0;
/** Reading that begins between two corrections: steps of the first run that lie before. */
let stepsBefore: u64 = 0;
let isLastRead: bool = false;
/** The kind of the next correction is known: `run` steps come before it. */
let hasNext: bool = false;

export function startCorrections(): void {
  correctionsEnd = CORRECTIONS;
  readAt = CORRECTIONS;
  isSound = true;
  run = 0;
  stepsBefore = 0;
  hasNext = false;
  isLastRead = false;
}

/** So many steps of the first run have been taken. */
export function skipSteps(steps: u64): void {
  stepsBefore = steps;
}

/** One more step is as predicted. */
// @ts-ignore: a decorator of the compiler
@inline
export function countStep(): void {
  run++;
}

/** Steps since the last correction that was written. */
export function stepsSince(): u64 {
  return run;
}

export function writeCorrection(kind: u32): void {
  writeNumber(run);
  writeByte(kind);
  run = 0;
}

export function writeByte(byte: u32): void {
  store<u8>(correctionsEnd++, <u8>byte);
}

export function writeNumber(value: u64): void {
  for (; value > 127; value >>= 7) writeByte(<u32>(value & 127) | 128);
  writeByte(<u32>value);
}

/** Whether there is room for more. */
export function hasRoom(): bool {
  return correctionsEnd + CORRECTION_MAX < CORRECTIONS + CORRECTIONS_BYTES;
}

/** What was written is taken. */
export function clearCorrections(): void {
  correctionsEnd = CORRECTIONS;
}

/** Moves what is not read to the start. Returns how much that is. */
export function keepCorrections(): u32 {
  const bytes = correctionsEnd - readAt;
  memory.copy(CORRECTIONS, readAt, bytes);
  readAt = CORRECTIONS;
  correctionsEnd = CORRECTIONS + bytes;
  return <u32>bytes;
}

/** `bytes` bytes were put behind; `isLast`: there are no more. */
export function addCorrections(bytes: u32, isLast: bool): void {
  correctionsEnd += bytes;
  isLastRead = isLast;
}

/** Whether the next step is known: as predicted, or a correction that is there whole. */
// @ts-ignore: a decorator of the compiler
@inline
export function canStep(): bool {
  return hasNext || readRun();
}

function readRun(): bool {
  if (!isLastRead && correctionsEnd - readAt < CORRECTION_MAX) return false;
  run = readAt == correctionsEnd ? u64.MAX_VALUE : readNumber();
  if (stepsBefore > run) isSound = false;
  else run -= stepsBefore;
  stepsBefore = 0;
  hasNext = true;
  return true;
}

/** So many more steps are as predicted. */
export function countSteps(steps: u32): void {
  run += steps;
}

/** How many steps are as predicted before the next correction, up to `most`. */
export function stepsToCome(most: u32): u32 {
  return <u32>min<u64>(run, most);
}

export function takeSteps(steps: u32): void {
  run -= steps;
}

/** Whether the next step is as predicted; it then counts as taken. */
// @ts-ignore: a decorator of the compiler
@inline
export function takeStep(): bool {
  if (run == 0) return false;
  run--;
  return true;
}

/** The kind of the correction that stands next. */
export function readKind(): u32 {
  hasNext = false;
  return readByte();
}

/** Whether all corrections were used. */
export function isUsedUp(): bool {
  return isLastRead && readAt == correctionsEnd && (!hasNext || run > u64.MAX_VALUE >> 1);
}

export function readByte(): u32 {
  if (readAt >= correctionsEnd) {
    isSound = false;
    return 0;
  }
  return <u32>load<u8>(readAt++);
}

/** At most 2^53 - 1. */
export function readNumber(): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 53; shift += 7) {
    const byte = <u64>readByte();
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  isSound = false;
  return 0;
}
