/** The header of a block as a correction of the planned one. */
import { readByte, readNumber, writeByte, writeNumber } from './corrections';
import * as header from './header';
import { PLANNED_BEFORE } from './layout';
import { planCodes, planRuns } from './plan';

const TYPES: u32 = 3;
const FINAL: u32 = 4;
const OTHER_LENGTHS: u32 = 8;
const OTHER_RUNS: u32 = 16;
const OTHER_CODES: u32 = 32;
/** Lengths of 286 literals and lengths, then of 30 distances. */
const LENGTHS: u32 = 316;

export function isSameHeader(actual: usize, plan: usize): bool {
  if (header.typeOf(actual) != header.typeOf(plan) || header.isFinal(actual) != header.isFinal(plan)) return false;
  return header.typeOf(actual) != header.DYNAMIC || (isSameLengths(actual, plan) && isSameRuns(actual, plan) && isSameCodes(actual, plan));
}

/** Writes what differs; `plan` becomes what `actual` is. */
export function writeHeader(actual: usize, plan: usize): void {
  const type = header.typeOf(actual);
  let flags = type | (header.isFinal(actual) ? FINAL : 0);
  if (type != header.DYNAMIC) {
    writeByte(flags);
    return;
  }
  const hasLengths = !isSameLengths(actual, plan);
  if (hasLengths) {
    memory.copy(PLANNED_BEFORE, plan, header.HEADER_BYTES);
    memory.copy(header.literalLengthAt(plan, 0), header.literalLengthAt(actual, 0), header.codeLengthAt(plan, 0) - header.literalLengthAt(plan, 0));
  }
  header.setSent(plan, header.literalsSent(actual), header.distancesSent(actual));
  planRuns(plan);
  const hasRuns = !isSameRuns(actual, plan);
  if (hasRuns) copyRuns(plan, actual);
  planCodes(plan);
  const hasCodes = !isSameCodes(actual, plan);
  flags |= (hasLengths ? OTHER_LENGTHS : 0) | (hasRuns ? OTHER_RUNS : 0) | (hasCodes ? OTHER_CODES : 0);
  writeByte(flags);
  if (hasLengths) writeLengths(actual, PLANNED_BEFORE);
  if (hasRuns) writeRuns(actual);
  if (hasCodes) {
    writeByte(header.codesSent(actual));
    for (let symbol: u32 = 0; symbol < 19; symbol++) writeByte(<u32>load<u8>(header.codeLengthAt(actual, symbol)));
  }
}

/** Makes `plan` what the correction that stands next says. False where that is impossible. */
export function readHeader(plan: usize): bool {
  const flags = readByte();
  header.setType(plan, flags & TYPES);
  header.setFinal(plan, (flags & FINAL) != 0);
  if ((flags & TYPES) == header.FIXED) return flags < OTHER_LENGTHS;
  if ((flags & TYPES) != header.DYNAMIC || flags >= OTHER_CODES * 2) return false;
  if ((flags & OTHER_LENGTHS) != 0 && !readLengths(plan)) return false;
  planRuns(plan);
  if ((flags & OTHER_RUNS) != 0 && !readRuns(plan)) return false;
  planCodes(plan);
  if ((flags & OTHER_CODES) == 0) return true;
  const codes = readByte();
  if (codes < 4 || codes > 19) return false;
  header.setCodesSent(plan, codes);
  for (let symbol: u32 = 0; symbol < 19; symbol++) {
    const length = readByte();
    if (length > 7) return false;
    store<u8>(header.codeLengthAt(plan, symbol), <u8>length);
  }
  return true;
}

function isSameLengths(a: usize, b: usize): bool {
  const from = header.literalLengthAt(a, 0);
  const bytes = header.codeLengthAt(a, 0) - from;
  return (
    header.literalsSent(a) == header.literalsSent(b) &&
    header.distancesSent(a) == header.distancesSent(b) &&
    memory.compare(from, header.literalLengthAt(b, 0), bytes) == 0
  );
}

function isSameRuns(a: usize, b: usize): bool {
  return header.runCount(a) == header.runCount(b) && memory.compare(header.runAt(a, 0), header.runAt(b, 0), header.runCount(a) * 2) == 0;
}

function isSameCodes(a: usize, b: usize): bool {
  return header.codesSent(a) == header.codesSent(b) && memory.compare(header.codeLengthAt(a, 0), header.codeLengthAt(b, 0), 19) == 0;
}

function copyRuns(to: usize, from: usize): void {
  header.setRunCount(to, header.runCount(from));
  memory.copy(header.runAt(to, 0), header.runAt(from, 0), header.runCount(from) * 2);
}

function writeLengths(actual: usize, plan: usize): void {
  writeByte(header.literalsSent(actual) - 257);
  writeByte(header.distancesSent(actual) - 1);
  let same: u32 = 0;
  for (let i: u32 = 0; i < LENGTHS; i++) {
    const length = <u32>load<u8>(placeOf(actual, i));
    if (length == <u32>load<u8>(placeOf(plan, i))) {
      same++;
      continue;
    }
    writeNumber(same);
    writeByte(length);
    same = 0;
  }
  writeNumber(same + 1);
}

function readLengths(plan: usize): bool {
  const literals = readByte() + 257;
  const distances = readByte() + 1;
  if (literals > 286 || distances > 30) return false;
  header.setSent(plan, literals, distances);
  let i = readNumber();
  while (i < LENGTHS) {
    const length = readByte();
    if (length > 15) return false;
    store<u8>(placeOf(plan, <u32>i), <u8>length);
    i += 1 + readNumber();
  }
  return i == LENGTHS + 1;
}

function placeOf(record: usize, i: u32): usize {
  return i < 286 ? header.literalLengthAt(record, i) : header.distanceLengthAt(record, i - 286);
}

function writeRuns(actual: usize): void {
  const runs = header.runCount(actual);
  writeNumber(runs);
  for (let i: u32 = 0; i < runs; i++) {
    writeByte(<u32>load<u8>(header.runAt(actual, i)));
    writeByte(<u32>load<u8>(header.runAt(actual, i), 1));
  }
}

function readRuns(plan: usize): bool {
  const runs = readNumber();
  if (runs > LENGTHS) return false;
  header.setRunCount(plan, <u32>runs);
  for (let i: u32 = 0; i < <u32>runs; i++) {
    const symbol = readByte();
    const extra = readByte();
    if (symbol > 18 || extra > 127) return false;
    store<u8>(header.runAt(plan, i), <u8>symbol);
    store<u8>(header.runAt(plan, i), <u8>extra, 1);
  }
  return true;
}
