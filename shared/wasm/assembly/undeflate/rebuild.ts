/** Makes blocks again from plain bytes and corrections. */
import { canStep, END, END_HEADER, GO_ON, isSound, LENGTH, LITERAL, MATCH, NEAREST, readByte, readKind, readNumber, stepsToCome, STORED, STORED_PLANNED, takeStep, takeSteps } from './corrections';
import * as header from './header';
import { PLAIN, PLANNED, TOKENS, TOKENS_MAX } from './layout';
import { looksLeft } from './looks';
import { findNearest } from './match';
import { at, blockStart, memberEnd, plainEnd } from './plain';
import { planBlock } from './plan';
import { accept, endsHere, goOn, isEmptyLastHere, isLastHere, predict, startSegment } from './predict';
import { readHeader } from './record';
import { followStored, isKnownAhead, isStored, isWhole, startNoStored, startStored, storedStart } from './stored';
import { isLazy } from './settings';
import { stretch } from './stretch';
import { startBlock, tokens } from './tally';
import { isWriting, writeBlock, writeMore, writeStored } from './write';

const STORED_MAX: u32 = 65535;

/** The block at hand, or the one that is being written, is the last. */
let isLast: bool = false;
let isStoredOpen: bool = false;
let isWrong: bool = false;
/** Where a block must end, and the part that is made with it. */
let partEnd: u32 = u32.MAX_VALUE;

/** At the start of a member, or of a part of one. */
export function startRebuild(): void {
  isLast = false;
  isWrong = false;
  partEnd = u32.MAX_VALUE;
  startNoStored();
}

export function setPartEnd(position: u32): void {
  partEnd = position;
}

/** The plain bytes have been moved. */
export function moveRebuild(shift: u32): void {
  if (partEnd != u32.MAX_VALUE) partEnd = partEnd > shift ? partEnd - shift : 0;
}

/**
 * 0: stopped for want of plain bytes; 1: the member is over; 2: the output is full; 3: for want of corrections; 4: the corrections are
 * impossible; 5: they ask for too much work; 6: the part is over.
 */
export function rebuild(): u32 {
  while (!isWrong) {
    if (isWriting) {
      if (!writeMore()) return 2;
      if (isLast) return at == memberEnd ? 1 : 4;
    }
    if (at >= partEnd && tokens == 0 && !isStored) return at == partEnd ? 6 : 4;
    if (!isKnownAhead()) return 0;
    if (isStored) {
      if (!followStored()) return 0;
      endStored();
    } else {
      if (!canStep()) return 3;
      if (!isLazy || !takeStretch()) {
        if (takeStep()) predictedStep();
        else correctedStep();
      }
    }
    if (looksLeft < 0) return 5;
    if (tokens >= TOKENS_MAX || !isSound) return 4;
  }
  return 4;
}

/** Steps that are as predicted and on which nothing else hangs; false where there are none. */
function takeStretch(): bool {
  const from = TOKENS + (<usize>tokens << 2);
  const end = stretch(from, from + (<usize>stepsToCome(TOKENS_MAX) << 2), u32.MAX_VALUE, false);
  takeSteps(<u32>((end - from) >>> 2));
  return end != from;
}

// @ts-ignore: a decorator of the compiler
@inline
function predictedStep(): void {
  if (endsHere()) endPredicted();
  else take(predict());
}

function endPredicted(): void {
  if (isEmptyLastHere()) {
    isLast = true;
    writeStored(at, 0, true);
    endBlock();
  } else endPlanned(false);
}

function endPlanned(hasRecord: bool): void {
  planBlock(PLANNED);
  header.setFinal(PLANNED, isLastHere());
  if (hasRecord ? !readHeader(PLANNED) : header.typeOf(PLANNED) == header.STORED) {
    isWrong = true;
    return;
  }
  isLast = header.isFinal(PLANNED);
  writeBlock(PLANNED, tokens);
  endBlock();
}

function endBlock(): void {
  startBlock(at);
  startSegment();
}

// @ts-ignore: a decorator of the compiler
@inline
function take(token: u32): void {
  store<u32>(TOKENS + (<usize>tokens << 2), token);
  accept(token);
}

function correctedStep(): void {
  const kind = readKind();
  if (kind == GO_ON) {
    if (!endsHere()) isWrong = true;
    else goOn();
  } else if (kind == END) endPlanned(false);
  else if (kind == END_HEADER) endPlanned(true);
  else if (kind == STORED || kind == STORED_PLANNED) startStoredBlock(kind);
  else if (kind <= MATCH && at != memberEnd) takeCorrected(kind);
  else isWrong = true;
}

function takeCorrected(kind: u32): void {
  let token = predict();
  if (kind == LITERAL) {
    take(<u32>load<u8>(PLAIN + at));
    return;
  }
  const length = readByte() + 3;
  if (kind == LENGTH) token = (token & 0xffff0000) | length;
  else if (kind == NEAREST) token = (findNearest(at, length) << 16) | length;
  else {
    const distance = readNumber() + 1;
    if (distance > 32768) isWrong = true;
    token = (<u32>distance << 16) | length;
  }
  if (token >>> 16 == 0 || length > min(memberEnd, plainEnd) - at) isWrong = true;
  if (!isWrong) take(token);
}

function startStoredBlock(kind: u32): void {
  isStoredOpen = kind == STORED_PLANNED;
  if (tokens != 0) isWrong = true;
  let length = u32.MAX_VALUE;
  if (!isStoredOpen) {
    const number = readNumber();
    isLast = (number & 1) != 0;
    length = <u32>(number >> 1);
    if (number >> 1 > STORED_MAX) isWrong = true;
  }
  if (!isWrong) startStored(length);
}

function endStored(): void {
  if (isStoredOpen) isLast = isLastHere();
  const bytes = <u32>(<i32>at - blockStart);
  if (!isWhole() || bytes > STORED_MAX) {
    isWrong = true;
    return;
  }
  writeStored(storedStart(), bytes, isLast);
  endBlock();
}
