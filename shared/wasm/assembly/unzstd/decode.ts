/** Reads a block (RFC 8878, 3.1.1.2 and 3.1.1.3): its plain bytes, and how it was written. */
import { left, readBits, startReading } from './bits';
import { literalBase, LITERAL_LENGTHS, literalExtra, logMaxOf, matchBase, matchExtra, symbolsMaxOf } from './codes';
import { BEFORE, BLOCK_BYTES_MAX, DECODER_BYTES, DECODERS, LITERALS, PREDEFINED, READ, TABLE_BYTES, TREE_BEFORE, TREE_READ } from './layout';
import { readLiterals } from './literals';
import { addSequence, clearSequences, end, sequences, writePlain } from './sequences';
import { copyTable, descriptionBytes, kindOf, logOf, makeDecoder, makeSingle, MODE_FSE, MODE_PREDEFINED, MODE_REPEAT, MODE_RLE, NONE, readTable } from './table';
import { copyTree, makeTreeDecoder, readTree, treeBytes, treeLog } from './tree';

export const RAW: u32 = 0;
export const RLE: u32 = 1;
export const COMPRESSED: u32 = 2;
export const TREELESS: u32 = 3;

/** Of the block that was read: plain bytes; literals as they are coded, and the format of their sizes; how its tables are given, a byte. */
export let plainBytes: u32 = 0;
export let literalsType: u32 = 0;
export let sizeFormat: u32 = 0;
export let modes: u32 = 0;

/**
 * Reads the block at an address, behind its header, and writes its plain bytes to `out`, where the frame began at `start`. What it says of trees and
 * tables is in TREE_READ and READ. False where it is impossible.
 */
export function readBlock(at: usize, bytes: u32, type: u32, out: usize, start: usize): bool {
  clearSequences();
  if (type == COMPRESSED) {
    if (!readCompressed(at, at + bytes)) return false;
    if (!writePlain(out, start, literalsTotal)) return false;
    plainBytes = <u32>(end - out);
    return true;
  }
  plainBytes = bytes;
  if (type == RAW) memory.copy(out, at, bytes);
  else memory.fill(out, load<u8>(at), bytes);
  return type <= RLE;
}

let literalsTotal: u32 = 0;

function readCompressed(at: usize, blockEnd: usize): bool {
  const from = readLiteralsSection(at, blockEnd);
  if (from == 0 || from >= blockEnd) return false;
  const first = <u32>load<u8>(from);
  if (first == 0) return from + 1 == blockEnd;
  let next = from + 1;
  let count = first;
  if (first == 255) {
    count = <u32>load<u16>(next) + 0x7f00;
    next += 2;
  } else if (first >= 128) count = ((first - 128) << 8) + <u32>load<u8>(next++);
  if (next >= blockEnd) return false;
  modes = <u32>load<u8>(next++);
  for (let code: u32 = 0; code < 3; code++) {
    const table = READ + <usize>code * TABLE_BYTES;
    if (next > blockEnd || !readTableOf(table, code, (modes >>> (6 - 2 * code)) & 3, next, blockEnd)) return false;
    if (modeOf(code) == MODE_FSE || modeOf(code) == MODE_RLE) next += descriptionBytes(table);
    makeDecoder(table, DECODERS + <usize>code * DECODER_BYTES);
  }
  return (modes & 3) == 0 && next < blockEnd && readSequences(next, <u32>(blockEnd - next), count);
}

/** How the table of a code is given. */
export function modeOf(code: u32): u32 {
  return (modes >>> (6 - 2 * code)) & 3;
}

/** The table of a code as a block gives it. */
export function readTableOf(table: usize, code: u32, mode: u32, at: usize, blockEnd: usize): bool {
  if (mode == MODE_PREDEFINED) copyTable(table, PREDEFINED + <usize>code * TABLE_BYTES);
  else if (mode == MODE_REPEAT) {
    copyTable(table, BEFORE + <usize>code * TABLE_BYTES);
    return kindOf(table) != NONE;
  } else if (mode == MODE_RLE) {
    if (at >= blockEnd || <u32>load<u8>(at) >= symbolsMaxOf(code)) return false;
    makeSingle(table, <u32>load<u8>(at));
  } else return readTable(table, at, blockEnd, symbolsMaxOf(code), logMaxOf(code));
  return true;
}

/** Bytes of the header of raw or repeated literals. */
export function rawSizeBytes(format: u32): u32 {
  return format == 0 ? 1 : format == 1 ? 2 : 3;
}

/** Where it ends; 0 where it is impossible. */
function readLiteralsSection(at: usize, blockEnd: usize): usize {
  if (at >= blockEnd) return 0;
  const head = load<u64>(at);
  literalsType = <u32>head & 3;
  sizeFormat = (<u32>head >>> 2) & 3;
  // One byte says five bits of the size where the first bit of the format is 0.
  if (literalsType < COMPRESSED && (sizeFormat & 1) == 0) sizeFormat = 0;
  if (literalsType < COMPRESSED) {
    const bytes = rawSizeBytes(sizeFormat);
    literalsTotal = bytes == 1 ? (<u32>head & 255) >>> 3 : bytes == 2 ? (<u32>head & 0xffff) >>> 4 : (<u32>head & 0xffffff) >>> 4;
    const from = at + bytes;
    const kept: u32 = literalsType == RAW ? literalsTotal : 1;
    if (literalsTotal > BLOCK_BYTES_MAX || from + kept > blockEnd) return 0;
    if (literalsType == RAW) memory.copy(LITERALS, from, literalsTotal);
    else memory.fill(LITERALS, load<u8>(from), literalsTotal);
    return from + kept;
  }
  const bits: u32 = sizeFormat < 2 ? 10 : sizeFormat == 2 ? 14 : 18;
  let from = at + ((4 + 2 * bits + 7) >>> 3);
  literalsTotal = <u32>(head >> 4) & ((1 << bits) - 1);
  const coded = <u32>(head >> (4 + bits)) & ((1 << bits) - 1);
  const sectionEnd = from + coded;
  if (literalsTotal > BLOCK_BYTES_MAX || sectionEnd > blockEnd) return 0;
  if (literalsType == COMPRESSED) {
    if (!readTree(TREE_READ, from, sectionEnd)) return 0;
    from += treeBytes(TREE_READ);
  } else {
    copyTree(TREE_READ, TREE_BEFORE);
    if (treeLog(TREE_READ) == 0) return 0;
  }
  makeTreeDecoder(TREE_READ);
  return readLiterals(from, <u32>(sectionEnd - from), literalsTotal, sizeFormat == 0) ? sectionEnd : 0;
}

function readSequences(at: usize, bytes: u32, count: u32): bool {
  if (!startReading(at, bytes)) return false;
  const offsets = DECODERS + DECODER_BYTES;
  const matches = offsets + DECODER_BYTES;
  let literal = readBits(logOf(READ + LITERAL_LENGTHS));
  let offset = readBits(logOf(READ + TABLE_BYTES));
  let match = readBits(logOf(READ + 2 * TABLE_BYTES));
  for (let i: u32 = 0; i < count; i++) {
    const literalEntry = load<u32>(DECODERS + (<usize>literal << 2));
    const offsetEntry = load<u32>(offsets + (<usize>offset << 2));
    const matchEntry = load<u32>(matches + (<usize>match << 2));
    const offsetCode = offsetEntry & 255;
    const value = ((<u32>1) << offsetCode) + readBits(offsetCode);
    const length = matchBase(matchEntry & 255) + readBits(matchExtra(matchEntry & 255));
    const literals = literalBase(literalEntry & 255) + readBits(literalExtra(literalEntry & 255));
    if (left < 0 || !addSequence(literals, length, value)) return false;
    if (i + 1 == count) break;
    literal = (literalEntry >>> 16) + readBits((literalEntry >>> 8) & 255);
    match = (matchEntry >>> 16) + readBits((matchEntry >>> 8) & 255);
    offset = (offsetEntry >>> 16) + readBits((offsetEntry >>> 8) & 255);
  }
  return left == 0 && sequences == count;
}
