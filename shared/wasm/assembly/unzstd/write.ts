/**
 * Writes a block as it was chosen: header, literals, sequences. What is chosen stands in the variables here, in TREE_MADE and in MADE; it is another
 * module that chooses.
 */
import { endWriting, startWriting, writeBits, writtenEnd } from './bits';
import { literalCode, literalExtra, matchCode, matchExtra } from './codes';
import { COMPRESSED, RAW, rawSizeBytes, TREELESS } from './decode';
import { BLOCK_OUT, BLOCK_OUT_BYTES, CODED_LITERALS, LITERALS, MADE, TABLE_BYTES, TREE_MADE } from './layout';
import { sequenceAt, sequences } from './sequences';
import { deltaBits, descriptionAt, descriptionBytes, firstState, holds, logOf, MODE_FSE, MODE_RLE, nextState } from './table';
import { treeAt, treeBytes } from './tree';

/** Behind the block in BLOCK_OUT. */
export let blockOutEnd: usize = BLOCK_OUT;

/** A raw block, or one that is a byte repeated. */
export function writeSimple(type: u32, at: usize, bytes: u32, isLast: bool): void {
  writeHeader(type, bytes, isLast);
  const kept: u32 = type == RAW ? bytes : 1;
  memory.copy(BLOCK_OUT + 3, at, kept);
  blockOutEnd = BLOCK_OUT + 3 + kept;
}

/** A block that is given with its header. */
export function writeWhole(at: usize, bytes: u32): void {
  memory.copy(BLOCK_OUT, at, bytes);
  blockOutEnd = BLOCK_OUT + bytes;
}

function writeHeader(type: u32, bytes: u32, isLast: bool): void {
  store<u32>(BLOCK_OUT, (isLast ? 1 : 0) | (type << 1) | (bytes << 3));
}

/** How the literals are written: their type, the format of their sizes, how many, and how many bytes are coded behind the tree. */
export let literalsType: u32 = RAW;
export let sizeFormat: u32 = 0;
export let literals: u32 = 0;
export let codedBytes: u32 = 0;

export function chooseLiterals(type: u32, format: u32, count: u32, coded: u32): void {
  literalsType = type;
  sizeFormat = format;
  literals = count;
  codedBytes = coded;
}

/** How the tables are given, a byte. */
export let modes: u32 = 0;

export function chooseModes(byte: u32): void {
  modes = byte;
}

/** Bytes of the header of compressed literals, by the format of their sizes. */
export function sizesBytes(format: u32): u32 {
  return format < 2 ? 3 : format + 2;
}

/** The block as chosen, with its sequences unless `isLiteralsOnly`. False where a table lacks a code, or nothing so long is a block. */
export function writeCompressed(isLast: bool, isLiteralsOnly: bool): bool {
  let out = writeLiterals(BLOCK_OUT + 3);
  if (isLiteralsOnly || sequences == 0) store<u8>(out++, 0);
  else {
    if (sequences < 128) store<u8>(out++, <u8>sequences);
    else if (sequences < 0x7f00) {
      store<u8>(out++, <u8>(128 + (sequences >>> 8)));
      store<u8>(out++, <u8>sequences);
    } else {
      store<u8>(out, 255);
      store<u16>(out, <u16>(sequences - 0x7f00), 1);
      out += 3;
    }
    store<u8>(out++, <u8>modes);
    for (let code: u32 = 0; code < 3; code++) {
      const mode = (modes >>> (6 - 2 * code)) & 3;
      if (mode != MODE_FSE && mode != MODE_RLE) continue;
      const table = MADE + <usize>code * TABLE_BYTES;
      memory.copy(out, descriptionAt(table), descriptionBytes(table));
      out += descriptionBytes(table);
    }
    if (!codeSequences()) return false;
    out = writeSequences(out);
  }
  blockOutEnd = out;
  writeSize(<u32>(out - BLOCK_OUT - 3), isLast);
  return out < BLOCK_OUT + BLOCK_OUT_BYTES;
}

function writeSize(bytes: u32, isLast: bool): void {
  const first = load<u8>(BLOCK_OUT + 3);
  writeHeader(COMPRESSED, bytes, isLast);
  store<u8>(BLOCK_OUT + 3, first);
}

function writeLiterals(at: usize): usize {
  const head = literalsType | (sizeFormat << 2);
  if (literalsType < COMPRESSED) {
    const bytes = rawSizeBytes(sizeFormat);
    store<u32>(at, bytes == 1 ? literalsType | (literals << 3) : head | (literals << 4));
    const kept: u32 = literalsType == RAW ? literals : 1;
    memory.copy(at + bytes, LITERALS, kept);
    return at + bytes + kept;
  }
  const tree: u32 = literalsType == TREELESS ? 0 : treeBytes(TREE_MADE);
  const bits: u64 = sizeFormat < 2 ? 10 : sizeFormat == 2 ? 14 : 18;
  store<u64>(at, <u64>head | (<u64>literals << 4) | (<u64>(tree + codedBytes) << (4 + bits)));
  let out = at + sizesBytes(sizeFormat);
  memory.copy(out, treeAt(TREE_MADE), tree);
  out += tree;
  memory.copy(out, CODED_LITERALS, codedBytes);
  return out + codedBytes;
}

/** Gives each sequence its codes; false where a table lacks one. */
function codeSequences(): bool {
  for (let i: u32 = 0; i < sequences; i++) {
    const at = sequenceAt(i);
    const literal = literalCode(load<u32>(at));
    const match = matchCode(load<u32>(at, 4));
    const offset = 31 - clz(load<u32>(at, 8));
    store<u32>(at, literal | (offset << 8) | (match << 16), 12);
    if (!holds(MADE, literal) || !holds(MADE + TABLE_BYTES, offset) || !holds(MADE + 2 * TABLE_BYTES, match)) return false;
  }
  return true;
}

/** From the last to the first; returns where they end. */
function writeSequences(at: usize): usize {
  const offsets = MADE + TABLE_BYTES;
  const matches = MADE + 2 * TABLE_BYTES;
  startWriting(at);
  let sequence = sequenceAt(sequences - 1);
  let codes = load<u32>(sequence, 12);
  let literal = firstState(MADE, codes & 255);
  let offset = firstState(offsets, (codes >>> 8) & 255);
  let match = firstState(matches, codes >>> 16);
  writeExtra(sequence, codes);
  for (let i = sequences - 1; i > 0; ) {
    sequence = sequenceAt(--i);
    codes = load<u32>(sequence, 12);
    offset = writeState(offsets, offset, (codes >>> 8) & 255);
    match = writeState(matches, match, codes >>> 16);
    literal = writeState(MADE, literal, codes & 255);
    writeExtra(sequence, codes);
  }
  writeBits(match & ((1 << logOf(matches)) - 1), logOf(matches));
  writeBits(offset & ((1 << logOf(offsets)) - 1), logOf(offsets));
  writeBits(literal & ((1 << logOf(MADE)) - 1), logOf(MADE));
  endWriting();
  return writtenEnd;
}

// @ts-ignore: a decorator of the compiler
@inline
function writeState(table: usize, state: u32, symbol: u32): u32 {
  const bits = (state + deltaBits(table, symbol)) >>> 16;
  writeBits(state & ((1 << bits) - 1), bits);
  return nextState(table, symbol, state >>> bits);
}

// @ts-ignore: a decorator of the compiler
@inline
function writeExtra(sequence: usize, codes: u32): void {
  const literal = literalExtra(codes & 255);
  const match = matchExtra(codes >>> 16);
  const offset = (codes >>> 8) & 255;
  writeBits(load<u32>(sequence) & ((1 << literal) - 1), literal);
  writeBits(load<u32>(sequence, 4) & ((1 << match) - 1), match);
  writeBits(load<u32>(sequence, 8) & ((1 << offset) - 1), offset);
}
