/** The header that the encoder would give the block at hand, from the counts of its tokens. */
import { CODE_EXTRA, DISTANCE_EXTRA, DISTANCES, LENGTH_EXTRA, LENGTHS, lengthSymbol, LITERALS } from '../deflate/codes';
import { DISTANCE_TREE, FIXED_DISTANCE_TREE, FIXED_LITERAL_TREE, LENGTH_TREE, LITERAL_TREE } from '../deflate/layout';
import { addDynamicBits, buildTree, dynamicBits, fixedBits, frequencyOf, lengthOf, setFrequency, startSizes } from '../deflate/tree';
import * as header from './header';
import { mergeLengths } from './merge';
import { at, base, blockStart } from './plain';
import { blockRule, isGo, RULE_CHUNK } from './settings';
import { startLengths } from './tally';

const STORED_MAX: u32 = 65535;

/** Writes type, lengths and all that follows from them to `plan`. */
export function planBlock(plan: usize): void {
  memory.fill(plan, 0, header.HEADER_BYTES);
  startSizes();
  planLengths(plan);
  planRuns(plan);
  planCodes(plan);
  header.setType(plan, isGo ? typeOfGo(plan) : typeOfZlib(plan));
}

function planLengths(plan: usize): void {
  if (isGo) {
    mergeLengths(LITERAL_TREE, LITERALS, 15, header.literalLengthAt(plan, 0));
    let distances = DISTANCES;
    while (distances != 0 && frequencyOf(DISTANCE_TREE, distances - 1) == 0) distances--;
    if (distances == 0) setFrequency(DISTANCE_TREE, 0, 1);
    mergeLengths(DISTANCE_TREE, DISTANCES, 15, header.distanceLengthAt(plan, 0));
    let literals = LITERALS;
    while (frequencyOf(LITERAL_TREE, literals - 1) == 0) literals--;
    header.setSent(plan, literals, max(distances, 1));
    return;
  }
  const literalMax = buildTree(LITERAL_TREE, LITERALS, 15, FIXED_LITERAL_TREE, LENGTH_EXTRA, 257);
  const distanceMax = buildTree(DISTANCE_TREE, DISTANCES, 15, FIXED_DISTANCE_TREE, DISTANCE_EXTRA, 0);
  for (let symbol: u32 = 0; symbol <= literalMax; symbol++) store<u8>(header.literalLengthAt(plan, symbol), <u8>lengthOf(LITERAL_TREE, symbol));
  for (let code: u32 = 0; code <= distanceMax; code++) store<u8>(header.distanceLengthAt(plan, code), <u8>lengthOf(DISTANCE_TREE, code));
  header.setSent(plan, literalMax + 1, distanceMax + 1);
}

/** How the lengths in `plan` are said: RFC 1951, 3.2.7, every run as long as it can be; Go lets one go on from literals to distances. */
export function planRuns(plan: usize): void {
  header.setRunCount(plan, 0);
  const literals = header.literalsSent(plan);
  const all = literals + header.distancesSent(plan);
  if (isGo) {
    addRuns(plan, 0, all);
  } else {
    addRuns(plan, 0, literals);
    addRuns(plan, literals, all);
  }
}

function addRuns(plan: usize, from: u32, end: u32): void {
  for (let i = from; i < end; ) {
    const length = load<u8>(header.lengthAt(plan, i));
    let count: u32 = 1;
    while (i + count < end && load<u8>(header.lengthAt(plan, i + count)) == length) count++;
    i += count;
    if (length == 0) {
      while (count >= 11) {
        const run = min(count, 138);
        addRun(plan, 18, run - 11);
        count -= run;
      }
      if (count >= 3) {
        addRun(plan, 17, count - 3);
        count = 0;
      }
    } else {
      addRun(plan, length, 0);
      count--;
      while (count >= 3) {
        const run = min(count, 6);
        addRun(plan, 16, run - 3);
        count -= run;
      }
    }
    for (; count != 0; count--) addRun(plan, length, 0);
  }
}

function addRun(plan: usize, symbol: u32, extra: u32): void {
  const runs = header.runCount(plan);
  store<u8>(header.runAt(plan, runs), <u8>symbol);
  store<u8>(header.runAt(plan, runs), <u8>extra, 1);
  header.setRunCount(plan, runs + 1);
}

/** The codes of the lengths, from how often `plan` uses each. */
export function planCodes(plan: usize): void {
  startLengths();
  const runs = header.runCount(plan);
  for (let i: u32 = 0; i < runs; i++) {
    const symbol = <u32>load<u8>(header.runAt(plan, i));
    setFrequency(LENGTH_TREE, symbol, frequencyOf(LENGTH_TREE, symbol) + 1);
  }
  if (isGo) mergeLengths(LENGTH_TREE, LENGTHS, 7, header.codeLengthAt(plan, 0));
  else {
    buildTree(LENGTH_TREE, LENGTHS, 7, 0, CODE_EXTRA, 0);
    for (let symbol: u32 = 0; symbol < LENGTHS; symbol++) store<u8>(header.codeLengthAt(plan, symbol), <u8>lengthOf(LENGTH_TREE, symbol));
  }
  let sent = LENGTHS;
  while (sent > 4 && load<u8>(header.codeLengthAt(plan, lengthSymbol(sent - 1))) == 0) sent--;
  header.setCodesSent(plan, sent);
}

function typeOfZlib(plan: usize): u32 {
  addDynamicBits(3 * header.codesSent(plan) + 14);
  const dynamicBytes = (dynamicBits + 10) >>> 3;
  const fixedBytes = (fixedBits + 10) >>> 3;
  const isStorable = blockStart >= base && at - blockStart <= STORED_MAX;
  if (isStorable && <u32>(<i32>at - blockStart) + 4 <= min(dynamicBytes, fixedBytes)) return header.STORED;
  return fixedBytes <= dynamicBytes ? header.FIXED : header.DYNAMIC;
}

function typeOfGo(plan: usize): u32 {
  let coded: u32 = 0;
  let extras: u32 = 0;
  let fixed: u32 = 3;
  for (let symbol: u32 = 0; symbol < LITERALS; symbol++) {
    const frequency = frequencyOf(LITERAL_TREE, symbol);
    const extra = symbol < 257 ? 0 : <u32>load<u8>(LENGTH_EXTRA + symbol - 257);
    coded += frequency * <u32>load<u8>(header.literalLengthAt(plan, symbol));
    fixed += frequency * lengthOf(FIXED_LITERAL_TREE, symbol);
    extras += frequency * extra;
  }
  for (let code: u32 = 0; code < DISTANCES; code++) {
    const frequency = frequencyOf(DISTANCE_TREE, code);
    const extra = <u32>load<u8>(DISTANCE_EXTRA + code);
    coded += frequency * <u32>load<u8>(header.distanceLengthAt(plan, code));
    fixed += frequency * 5;
    extras += frequency * extra;
  }
  let dynamic: u32 = 3 + 14 + 3 * header.codesSent(plan) + coded;
  const runs = header.runCount(plan);
  for (let i: u32 = 0; i < runs; i++) {
    const symbol = <u32>load<u8>(header.runAt(plan, i));
    dynamic += <u32>load<u8>(header.codeLengthAt(plan, symbol)) + <u32>load<u8>(CODE_EXTRA + symbol);
  }
  const bytes = <u32>(<i32>at - blockStart);
  const isStorable = blockStart >= base && bytes <= STORED_MAX;
  if (blockRule == RULE_CHUNK) {
    // The fastest level never takes the fixed codes, forgets the extra bits, and stores what does not save a sixteenth.
    return isStorable && (bytes + 5) * 8 < dynamic + (dynamic >>> 4) ? header.STORED : header.DYNAMIC;
  }
  const least = min(dynamic, fixed) + extras;
  if (isStorable && (bytes + 5) * 8 < least) return header.STORED;
  return dynamic < fixed ? header.DYNAMIC : header.FIXED;
}
