/** Compares the tokens that were read with those that are predicted, and writes the corrections. */
import { correctionsEnd, countStep, countSteps, END, END_HEADER, GO_ON, hasRoom, LENGTH, LITERAL, MATCH, NEAREST, STORED, STORED_PLANNED, writeByte, writeCorrection, writeNumber } from './corrections';
import * as header from './header';
import { setTokensAt, TOKEN_END, tokensAt, tokensEnd } from './inflate';
import { ACTUAL, CORRECTIONS, PLANNED, TOKENS_MAX } from './layout';
import { looksLeft } from './looks';
import { findNearest } from './match';
import { at, memberEnd } from './plain';
import { planBlock } from './plan';
import { accept, currentLength, endsHere, goOn, isEmptyLastHere, isLastHere, predict, startSegment } from './predict';
import { isSameHeader, writeHeader } from './record';
import { followStored, isKnownAhead, isStored, startNoStored, startStored, wasPlanned } from './stored';
import { isLazy } from './settings';
import { stretch } from './stretch';
import { startBlock, tokens } from './tally';

let isInBlock: bool = false;
let isOver: bool = false;
/** From here on a mark is wanted; and how far behind a mark the next one. */
let markFrom: u32 = u32.MAX_VALUE;
let markEvery: u32 = 0;

/** At the start of a member. */
export function startAnalysis(): void {
  isInBlock = false;
  isOver = false;
  markFrom = u32.MAX_VALUE;
  startNoStored();
}

/** Stops for a mark at the first place where one can be from `first` on, and then `every` so many bytes. */
export function startMarks(first: u32, every: u32): void {
  if (!isLazy) return;
  markEvery = every;
  markFrom = first;
}

/** Goes on to the next place for a mark. */
export function passMark(isTaken: bool): void {
  markFrom = at + (isTaken ? markEvery : 1);
}

/** The plain bytes have been moved. */
export function moveMarks(shift: u32): void {
  if (markFrom != u32.MAX_VALUE) markFrom = markFrom > shift ? markFrom - shift : 0;
}

/** Bits before the block that begins here in its first byte. */
export function markPhase(): u32 {
  return load<u32>(tokensAt) >>> 16;
}

/**
 * 0: stopped for want of tokens or plain bytes, or at the position `stop`; 1: the member is over; 2: the corrections are full, or more than `correctionsMax` bytes;
 * 3: this is beyond the limits; 4: for a mark: a block begins here, and nothing is known of its first match.
 */
export function analyse(correctionsMax: u32, stop: u32): u32 {
  const full = CORRECTIONS + correctionsMax;
  while (!isOver) {
    if (correctionsEnd >= full || !hasRoom()) return 2;
    if (!isKnownAhead() || at >= stop) return 0;
    if (isStored) {
      if (!followStored()) return 0;
      endStored();
    } else if (!isLazy || !isInBlock || !followStretch(stop)) {
      if (tokensAt == tokensEnd) return 0;
      if (!isInBlock && at >= markFrom && at != memberEnd && currentLength == 0) return 4;
      if (!isInBlock) startActual();
      else if (load<u32>(tokensAt) == TOKEN_END) endActual();
      else followToken();
    }
    if (looksLeft < 0 || tokens >= TOKENS_MAX) return 3;
  }
  return 1;
}

/** Tokens that are as predicted and on which nothing else hangs; false where there are none. */
function followStretch(stop: u32): bool {
  const end = stretch(tokensAt, tokensEnd, stop, true);
  countSteps(<u32>((end - tokensAt) >>> 2));
  const isSome = end != tokensAt;
  setTokensAt(end);
  return isSome;
}

// @ts-ignore: a decorator of the compiler
@inline
function followToken(): void {
  const actual = load<u32>(tokensAt);
  setTokensAt(tokensAt + 4);
  if (endsHere()) {
    writeCorrection(GO_ON);
    goOn();
  }
  const predicted = predict();
  if (predicted == actual) countStep();
  else correctToken(predicted, actual);
  accept(actual);
}

function correctToken(predicted: u32, actual: u32): void {
  if (actual < 256) {
    writeCorrection(LITERAL);
    return;
  }
  const length = actual & 0xffff;
  const distance = actual >>> 16;
  const kind = predicted >>> 16 == distance ? LENGTH : findNearest(at, length) == distance ? NEAREST : MATCH;
  writeCorrection(kind);
  writeByte(length - 3);
  if (kind == MATCH) writeNumber(distance - 1);
}

function startActual(): void {
  const bytes = load<u32>(tokensAt + 4) << 2;
  memory.copy(ACTUAL, tokensAt + 8, bytes);
  setTokensAt(tokensAt + 8 + bytes);
  isInBlock = true;
  if (header.typeOf(ACTUAL) != header.STORED) return;
  if (isEmptyLastHere() && header.storedBytes(ACTUAL) == 0 && header.isFinal(ACTUAL)) {
    countStep();
    endBlock();
  } else startStored(header.storedBytes(ACTUAL));
}

function endStored(): void {
  const isLast = header.isFinal(ACTUAL);
  if (wasPlanned(isLast)) writeCorrection(STORED_PLANNED);
  else {
    writeCorrection(STORED);
    writeNumber((header.storedBytes(ACTUAL) << 1) | (isLast ? 1 : 0));
  }
  endBlock();
}

function endActual(): void {
  setTokensAt(tokensAt + 4);
  const isPredicted = endsHere() && !isEmptyLastHere();
  planBlock(PLANNED);
  header.setFinal(PLANNED, isLastHere());
  const isSame = isSameHeader(ACTUAL, PLANNED);
  if (isSame && isPredicted) countStep();
  else if (isSame) writeCorrection(END);
  else {
    writeCorrection(END_HEADER);
    writeHeader(ACTUAL, PLANNED);
  }
  endBlock();
}

function endBlock(): void {
  isInBlock = false;
  isOver = header.isFinal(ACTUAL);
  startBlock(at);
  startSegment();
}
