/**
 * What the encoder would do next. A token is a literal (its byte) or a match: distance * 65,536 + length. Whoever asks says
 * afterwards which token it really was; the state follows that one.
 */
import { canFind, insertTo, linkAhead, setReachEnd, skipTo } from './chains';
import { chunkToken, restartChunks } from './chunks';
import { PLAIN } from './layout';
import { allowLooks } from './looks';
import { findGo, findZlib, foundDistance } from './match';
import { at, memberEnd, moveTo, setBase } from './plain';
import { finder, GO_FAST, GO_LAZY, GO_SPEED, isGo, lazy, nice, segmentBytes, ZLIB_FAST, ZLIB_LAZY } from './settings';
import { isFull, startChunk, startTally, tally, tokens, turnRuleOff } from './tally';

/** What is known of the match at `at`: its length, or 0 where nobody has looked. */
export let currentLength: u32 = 0;
export let currentDistance: u32 = 0;
/** The same of the next position, if looking there was part of the prediction. */
let nextLength: u32 = 0;
let nextDistance: u32 = 0;
/** Where the encoder starts anew. */
export let segmentEnd: u32 = u32.MAX_VALUE;

/** Begins with the member that starts at `at`. */
export function startPrediction(): void {
  currentLength = 0;
  nextLength = 0;
  segmentEnd = segmentBytes == 0 ? u32.MAX_VALUE : at + segmentBytes;
  setReachEnd(segmentEnd);
  restartChunks();
  startTally();
}

/** The member has begun before, and its next segment begins so many bytes further on. */
export function enterSegment(bytesLeft: u32): void {
  if (segmentBytes == 0) return;
  segmentEnd = at + bytesLeft;
  setReachEnd(segmentEnd);
}

/** The end of the member has become known, or positions have been moved down by `shift`. */
export function moveEnds(shift: u32): void {
  if (segmentEnd != u32.MAX_VALUE) segmentEnd -= shift;
  setReachEnd(segmentEnd);
}

/** Whether the encoder would end the block here. */
export function endsHere(): bool {
  return isFull || at == memberEnd || (at == segmentEnd && tokens != 0);
}

/** The block goes on, whatever was predicted. */
export function goOn(): void {
  turnRuleOff();
  if (at == segmentEnd) passSegment();
}

function passSegment(): void {
  while (segmentEnd <= at) segmentEnd += segmentBytes;
  setReachEnd(segmentEnd);
}

/** Whether the encoder would say here that this is the last block. */
export function isLastHere(): bool {
  return at == memberEnd && !isFull && !isGo;
}

/** Whether the encoder would end with an empty stored block here. */
export function isEmptyLastHere(): bool {
  return isGo && at == memberEnd && tokens == 0;
}

/** A block begins: where a segment has ended, so does the next. */
export function startSegment(): void {
  if (at != segmentEnd) return;
  segmentEnd += segmentBytes;
  setReachEnd(segmentEnd);
  setBase(<i32>at - 32768);
  startChunk(at);
  currentLength = 0;
}

/** Tokens were taken, and this is known of the match at `at` now. */
export function setCurrent(length: u32, distance: u32): void {
  currentLength = length;
  currentDistance = distance;
  nextLength = 0;
}

/** The token that the encoder would make of what follows; there must be something. */
export function predict(): u32 {
  nextLength = 0;
  if (finder == GO_LAZY) return predictGo();
  if (finder == ZLIB_LAZY) return predictZlib();
  if (finder == ZLIB_FAST || finder == GO_FAST) return predictFast();
  if (finder >= GO_SPEED) return chunkToken();
  return literal();
}

function predictZlib(): u32 {
  linkAhead(at);
  if (currentLength == 0) {
    insertTo(at + 1);
    currentLength = 2;
    if (canFind(at)) currentLength = findZlib(at, 2);
    currentDistance = foundDistance;
    if (currentLength == 3 && currentDistance > 4096) currentLength = 2;
  }
  if (currentLength < 3) return literal();
  insertTo(at + 2);
  if (currentLength < lazy && canFind(at + 1)) {
    const length = findZlib(at + 1, currentLength);
    if (length > currentLength) {
      nextLength = length;
      nextDistance = foundDistance;
      return literal();
    }
  }
  return (currentDistance << 16) | currentLength;
}

function predictGo(): u32 {
  linkAhead(at);
  if (currentLength == 0) {
    insertTo(at + 1);
    currentLength = 3;
    if (canFind(at)) currentLength = findGo(at, 3);
    currentDistance = foundDistance;
  }
  if (currentLength < 4) return literal();
  insertTo(at + 2);
  if (currentLength < lazy && canFind(at + 1)) {
    const length = findGo(at + 1, min(currentLength, nice - 1));
    if (length > currentLength) {
      nextLength = length;
      nextDistance = foundDistance;
      return literal();
    }
  }
  return (currentDistance << 16) | currentLength;
}

function predictFast(): u32 {
  insertTo(at + 1);
  if (!canFind(at)) return literal();
  const length = finder == GO_FAST ? findGo(at, 3) : findZlib(at, 2);
  return length < (finder == GO_FAST ? <u32>4 : <u32>3) ? literal() : (foundDistance << 16) | length;
}

function literal(): u32 {
  return <u32>load<u8>(PLAIN + at);
}

/** The next token is this one, whatever was predicted. */
export function accept(token: u32): void {
  const isMatch = token > 255;
  const length = isMatch ? token & 0xffff : 1;
  tally(token, at);
  if (finder == ZLIB_LAZY || finder == GO_LAZY) {
    if (isMatch) {
      insertTo(at + length);
      currentLength = 0;
    } else {
      insertTo(at + 1);
      currentLength = nextLength;
      currentDistance = nextDistance;
    }
  } else if (finder != 0 && finder < GO_SPEED) {
    if (!isMatch || length <= lazy) insertTo(at + length);
    else {
      insertTo(at + 1);
      skipTo(at + length);
    }
  }
  nextLength = 0;
  moveTo(at + length);
  if (at > segmentEnd) passSegment();
  allowLooks(length);
}
