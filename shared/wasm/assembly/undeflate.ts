/**
 * Undoes deflate: inflates compressed bytes into plain ones and tokens (undeflate/inflate.ts), predicts the tokens as known encoders
 * choose them (predict.ts) and writes down where the prediction fails (analyse.ts); and makes the compressed bytes again from the
 * plain ones and those corrections (rebuild.ts). One instance does one of the two. The plain bytes and the positions in them are
 * moved down from time to time; whoever calls does that between two calls.
 */
import { startCodes } from './deflate/codes';
import { moveChunks } from './undeflate/chunks';
import { moveChains, startChains } from './undeflate/chains';
import * as corrections from './undeflate/corrections';
import * as inflater from './undeflate/inflate';
import * as input from './undeflate/input';
import * as analysis from './undeflate/analyse';
import { COMPRESSED, COMPRESSED_BYTES, CORRECTIONS, CORRECTIONS_BYTES, MEMORY_END, PLAIN, PLAIN_BYTES } from './undeflate/layout';
import { LOOKS_FIRST, LOOKS_PER_BYTE, looksLeft, resetLooks, setLooks } from './undeflate/looks';
import * as plain from './undeflate/plain';
import { enterSegment, moveEnds, startPrediction } from './undeflate/predict';
import * as rebuilder from './undeflate/rebuild';
import { setSettings } from './undeflate/settings';
import { moveStored } from './undeflate/stored';
import { moveChunkEnd } from './undeflate/tally';
import * as writer from './undeflate/write';

let memberStart: u32 = 0;
let tokensStart: usize = 0;

/** Of an instance that was just made. */
export function start(): void {
  startCodes();
  plain.startPlain();
  corrections.startCorrections();
  writer.startWriting();
  setLooks(LOOKS_FIRST, LOOKS_PER_BYTE);
}

/** How many places may be looked at in each member that follows: `first`, and so many more for each plain byte. */
export function limitLooks(first: u32, perByte: u32): void {
  setLooks(first, perByte);
}

/** What the last member has left of that; below 0: it took more. */
export function leftLooks(): f64 {
  return <f64>looksLeft;
}

export function memoryBytes(): u32 {
  return <u32>MEMORY_END;
}

export function compressedAddress(): u32 {
  return <u32>COMPRESSED;
}

export function plainAddress(): u32 {
  return <u32>PLAIN;
}

export function correctionsAddress(): u32 {
  return <u32>CORRECTIONS;
}

/** The position behind the last plain byte. */
export function plainEnd(): u32 {
  return plain.plainEnd;
}

/** Taking apart: a member begins behind the plain bytes so far. */
export function startMember(): void {
  inflater.startInflate();
  memberStart = plain.plainEnd;
  tokensStart = inflater.tokensAt;
}

/** Moves compressed bytes that wait to the start; returns how many. */
export function makeRoom(): u32 {
  return input.makeRoom();
}

export function roomBytes(): u32 {
  return <u32>COMPRESSED_BYTES;
}

/** So many were put behind those that wait. */
export function addCompressed(bytes: u32, isOver: u32): void {
  input.addInput(bytes, isOver != 0);
}

/** See undeflate/inflate.ts. */
export function inflate(): u32 {
  const result = inflater.inflate();
  if (result == 1) endPlain();
  return result;
}

/** The member has no plain bytes but those that are there. */
export function endPlain(): void {
  plain.setMemberEnd(plain.plainEnd);
  moveEnds(0);
}

/** The encoder to predict: undeflate/settings.ts. */
export function configure(
  finder: u32,
  hashKind: u32,
  good: u32,
  lazy: u32,
  nice: u32,
  looks: u32,
  blockRule: u32,
  blockSize: u32,
  isGo: u32,
  segmentBytes: u32,
): void {
  setSettings(finder, hashKind, good, lazy, nice, looks, blockRule, blockSize, isGo, segmentBytes);
}

/** Goes (back) to the start of the member, whose tokens and plain bytes must all be there still; `isOver`: they are all there are. */
export function startTrial(isOver: u32): void {
  inflater.setTokensAt(tokensStart);
  plain.startMember(memberStart);
  startChains(memberStart);
  if (isOver != 0) plain.setMemberEnd(plain.plainEnd);
  startPrediction();
  resetLooks(true);
  analysis.startAnalysis();
  corrections.startCorrections();
}

/** See undeflate/analyse.ts. Stops behind `plainMax` plain bytes of the member if they are all still there; 0: does not. */
export function analyse(correctionsMax: u32, plainMax: u32): u32 {
  return analysis.analyse(correctionsMax, plainMax == 0 ? u32.MAX_VALUE : memberStart + plainMax);
}

/** From now on `analyse` also stops for marks, where nobody has looked for a match yet: behind `first` plain bytes of the member, then behind `every` so many more. */
export function startMarks(first: u32, every: u32): void {
  analysis.startMarks(memberStart + first, every);
}

/** Of the mark that `analyse` stopped for: plain bytes that are there behind it; how far before it the base lies; bits before it in its byte; steps since the last correction. */
export function markAhead(): u32 {
  return plain.plainEnd - plain.at;
}

export function markBase(): u32 {
  return <u32>(<i32>plain.at - plain.base);
}

export function markPhase(): u32 {
  return analysis.markPhase();
}

export function markSteps(): f64 {
  return <f64>corrections.stepsSince();
}

export function passMark(isTaken: u32): void {
  analysis.passMark(isTaken != 0);
}

/** Bytes of corrections that were written, or are there to read. */
export function correctionsBytes(): u32 {
  return <u32>(corrections.correctionsEnd - CORRECTIONS);
}

export function clearCorrections(): void {
  corrections.clearCorrections();
}

/** Moves the corrections that are not read to the start; returns how many bytes. */
export function keepCorrections(): u32 {
  return corrections.keepCorrections();
}

export function correctionsRoom(): u32 {
  return <u32>CORRECTIONS_BYTES;
}

export function addCorrections(bytes: u32, isLast: u32): void {
  corrections.addCorrections(bytes, isLast != 0);
}

export function isUsedUp(): u32 {
  return corrections.isUsedUp() ? 1 : 0;
}

/** Putting together: a member begins behind the plain bytes so far. */
export function startRebuild(): void {
  plain.startMember(plain.plainEnd);
  startChains(plain.plainEnd);
  startPrediction();
  resetLooks(false);
  corrections.startCorrections();
  rebuilder.startRebuild();
}

/**
 * Putting together a part of a member: it begins behind the plain bytes so far, of which `known` are the member's.
 * @param back how far before that the base lies
 * @param segmentLeft where the encoder starts anew: so many bytes further on
 * @param phase bits of the first byte that are made before
 * @param steps that were taken of the first run of corrections
 * @param bytes of the part: a block ends with it. The largest number: it goes on to the member's end.
 */
export function startPart(known: u32, back: u32, segmentLeft: u32, phase: u32, steps: f64, bytes: u32): void {
  const start = plain.plainEnd;
  plain.startMember(start);
  plain.setBase(<i32>(start - back));
  startChains(start - known);
  startPrediction();
  enterSegment(segmentLeft);
  resetLooks(false);
  corrections.startCorrections();
  corrections.skipSteps(<u64>steps);
  rebuilder.startRebuild();
  if (bytes != u32.MAX_VALUE) rebuilder.setPartEnd(start + bytes);
  writer.skipBits(phase);
}

/** The part is made, up to a byte that goes on with the next one: it is written too. Returns how many of its bits are used; 0: there is none. */
export function flushBits(): u32 {
  return writer.flushBits();
}

/** So many plain bytes were put behind those that are there. */
export function addPlain(bytes: u32): void {
  plain.setPlainEnd(plain.plainEnd + bytes);
}

export function plainRoom(): u32 {
  return PLAIN_BYTES - plain.plainEnd;
}

/** See undeflate/rebuild.ts. */
export function rebuild(): u32 {
  return rebuilder.rebuild();
}

/** Whole compressed bytes that were made. */
export function madeBytes(): u32 {
  return <u32>(writer.outEnd - COMPRESSED);
}

export function clearMade(): void {
  writer.clearOut();
}

/** Moves the plain bytes that are still needed down. */
export function makePlainRoom(): void {
  const shift = plain.movePlainDown();
  if (shift == 0) return;
  moveEnds(shift);
  moveChains(shift);
  moveChunks(shift);
  moveChunkEnd(shift);
  moveStored(shift);
  analysis.moveMarks(shift);
  rebuilder.moveRebuild(shift);
  inflater.moveInflate(shift);
  writer.moveWriting(shift);
}
