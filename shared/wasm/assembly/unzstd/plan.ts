/**
 * How the predicted encoder writes a block whose sequences are known: which kind of block, tree and tables, as Klaus Post's zstd chooses them.
 * Its versions differ in little: those are its generations.
 */
import { highBit } from './bits';
import { literalCode, matchCode } from './codes';
import { COMPRESSED, RAW, RLE, TREELESS } from './decode';
import { distribute, tableLog } from './distribution';
import { describeTree, growTree } from './grow-tree';
import { BEFORE, BLOCK_BYTES_MAX, BLOCK_OUT, COUNTS, LITERALS, MADE, PREDEFINED, TABLE_BYTES, TREE_BEFORE, TREE_MADE } from './layout';
import { codeLiterals, countBytes, mostCount } from './literals';
import { gatherLiterals, literalBytes, sequenceAt, sequences } from './sequences';
import { canReuseTree } from './state';
import { copyTable, deltaBits, describe, kindOf, logOf, makeEncoder, makeSingle, MODE_FSE, MODE_PREDEFINED, MODE_REPEAT, MODE_RLE, normOf, setKind, symbolsOf } from './table';
import { holdsAll, lengthOf, makeCodes, treeBytes } from './tree';
import { blockOutEnd, chooseLiterals, chooseModes, codedBytes, literalsType, sizeFormat, sizesBytes, writeCompressed, writeSimple } from './write';

/** Before 1.16.4; before 1.17; before 1.17.8; since. */
export const GENERATIONS: u32 = 4;
export let generation: u32 = GENERATIONS - 1;

export function setGeneration(number: u32): void {
  generation = number;
}

/** What was planned: a type of block, whether it has sequences, and whether it is raw because it did not get smaller. */
export let plannedType: u32 = RAW;
export let hasSequences: bool = false;
export let isGivenUp: bool = false;

/** Writes the block to BLOCK_OUT as planned. False where the encoder would have failed. */
export function planBlock(block: usize, bytes: u32, isLast: bool): bool {
  const literals = literalBytes(bytes);
  hasSequences = false;
  isGivenUp = false;
  if (generation == 0 && literals == bytes && bytes == BLOCK_BYTES_MAX) return writeRaw(block, bytes, isLast);
  if (sequences == 0) return planLiterals(block, bytes, isLast);
  if (generation == 3 && isRepeatedByte(literals)) {
    plannedType = RLE;
    writeSimple(RLE, block, bytes, isLast);
    return true;
  }
  const saved = <i32>bytes - <i32>literals - <i32>(bytes >>> (generation == 0 ? 5 : 6));
  if (saved < 16) return planLiterals(block, bytes, isLast);
  gatherLiterals(block, bytes);
  chooseForSequences(literals);
  if (!planTables()) return false;
  plannedType = COMPRESSED;
  hasSequences = true;
  if (!writeCompressed(isLast, false)) return false;
  if (<u32>(blockOutEnd - BLOCK_OUT - 3) < bytes) return true;
  isGivenUp = true;
  hasSequences = false;
  return writeRaw(block, bytes, isLast);
}

function isRepeatedByte(literals: u32): bool {
  return sequences == 1 && literals <= 1 && load<u32>(sequenceAt(0)) == literals && load<u32>(sequenceAt(0), 8) == 4;
}

function writeRaw(block: usize, bytes: u32, isLast: bool): bool {
  plannedType = RAW;
  writeSimple(RAW, block, bytes, isLast);
  return true;
}

/** A block without matches. */
function planLiterals(block: usize, bytes: u32, isLast: bool): bool {
  if (bytes < 32 || generation > 0) return writeRaw(block, bytes, isLast);
  const type = planHuffman(block, bytes);
  if (type == RAW) return writeRaw(block, bytes, isLast);
  if (type == RLE) {
    plannedType = RLE;
    writeSimple(RLE, block, bytes, isLast);
    return true;
  }
  plannedType = COMPRESSED;
  return writeCompressed(isLast, true);
}

function chooseForSequences(literals: u32): void {
  let type = planHuffman(LITERALS, literals);
  if (type >= COMPRESSED && generation >= 2) {
    const coded = codedBytes + (type == COMPRESSED ? treeBytes(TREE_MADE) : 0);
    if (coded + sizesBytes(sizeFormat) >= literals + (literals < 16 ? 1 : literals < 2048 ? 2 : 3)) type = RAW;
  }
  if (type < COMPRESSED) chooseLiterals(type, literals < 16 ? 0 : literals < 2048 ? 1 : 3, literals, 0);
}

/** Whether and how literals are compressed: chooses it, and returns the type. */
function planHuffman(at: usize, bytes: u32): u32 {
  if (bytes <= <u32>(generation < 2 ? 32 : 16)) return RAW;
  const isSingle = bytes < 1024;
  const symbols = countBytes(at, bytes);
  if (mostCount == bytes) return RLE;
  if (mostCount == 1 || mostCount < bytes >>> 7) return RAW;
  const wanted = bytes - (bytes >>> 4);
  growTree(TREE_MADE, bytes, symbols);
  if (canReuseTree && holdsAll(TREE_BEFORE, COUNTS) && (sizeWith(TREE_BEFORE) <= sizeWith(TREE_MADE) || wanted <= 12)) {
    makeCodes(TREE_BEFORE);
    const coded = codeLiterals(at, bytes, isSingle);
    if (coded == 0 || coded >= wanted) return RAW;
    chooseLiterals(TREELESS, formatFor(coded, bytes, isSingle), bytes, coded);
    return TREELESS;
  }
  if (!describeTree(TREE_MADE, symbols)) return RAW;
  makeCodes(TREE_MADE);
  const coded = codeLiterals(at, bytes, isSingle);
  const all = coded + treeBytes(TREE_MADE);
  if (coded == 0 || all >= wanted) return RAW;
  chooseLiterals(COMPRESSED, formatFor(all, bytes, isSingle), bytes, coded);
  return COMPRESSED;
}

function formatFor(coded: u32, literals: u32, isSingle: bool): u32 {
  const most = max(coded, literals);
  return most < 1024 ? (isSingle ? 0 : 1) : most < 16384 ? 2 : 3;
}

function sizeWith(tree: usize): u32 {
  let bits: u32 = 7;
  for (let symbol: u32 = 0; symbol < 256; symbol++) bits += lengthOf(tree, symbol) * load<u32>(COUNTS + (<usize>symbol << 2));
  return bits >>> 3;
}

/** The tables of the three codes; false where there is none for one. */
function planTables(): bool {
  memory.fill(COUNTS, 0, 3 * 256);
  for (let i: u32 = 0; i < sequences; i++) {
    const at = sequenceAt(i);
    count(0, literalCode(load<u32>(at)));
    count(1, 31 - clz(load<u32>(at, 8)));
    count(2, matchCode(load<u32>(at, 4)));
  }
  let modes: u32 = 0;
  for (let code: u32 = 0; code < 3; code++) {
    const mode = planTable(code);
    if (mode < 0) return false;
    modes |= <u32>mode << (6 - 2 * code);
  }
  chooseModes(modes);
  return true;
}

// @ts-ignore: a decorator of the compiler
@inline
function count(code: u32, symbol: u32): void {
  const place = COUNTS + (<usize>code << 8) + (<usize>symbol << 2);
  store<u32>(place, load<u32>(place) + 1);
}

function planTable(code: u32): i32 {
  const counts = COUNTS + (<usize>code << 8);
  const table = MADE + <usize>code * TABLE_BYTES;
  let symbols: u32 = 0;
  let most: u32 = 0;
  for (let symbol: u32 = 0; symbol < 64; symbol++) {
    const times = load<u32>(counts + (<usize>symbol << 2));
    if (times != 0) symbols = symbol + 1;
    most = max(most, times);
  }
  if (most == sequences) {
    makeSingle(table, symbols - 1);
    return MODE_RLE;
  }
  if (!distribute(table, counts, symbols, sequences, tableLog(8, sequences, highBit(sequences) + 1, symbols))) return -1;
  setKind(table, MODE_FSE);
  makeEncoder(table);
  let made = costOf(table, counts, symbols) + (((symbols * logOf(table)) >>> 3) + 3) * 8;
  made += (made + 256) >>> 4;
  const predefined = costOf(PREDEFINED + <usize>code * TABLE_BYTES, counts, symbols);
  const before = kindOf(BEFORE + <usize>code * TABLE_BYTES) == MODE_FSE ? costOf(BEFORE + <usize>code * TABLE_BYTES, counts, symbols) : u32.MAX_VALUE;
  if (predefined <= before && predefined <= made) {
    copyTable(table, PREDEFINED + <usize>code * TABLE_BYTES);
    return MODE_PREDEFINED;
  }
  if (before <= made) {
    copyTable(table, BEFORE + <usize>code * TABLE_BYTES);
    return MODE_REPEAT;
  }
  describe(table);
  return MODE_FSE;
}

/** About how many bits the symbols take; the most where the table lacks one. */
function costOf(table: usize, counts: usize, symbols: u32): u32 {
  if (symbolsOf(table) < symbols) return u32.MAX_VALUE;
  const log = logOf(table);
  let cost: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const times = load<u32>(counts + (<usize>symbol << 2));
    if (times == 0) continue;
    if (normOf(table, symbol) == 0) return u32.MAX_VALUE;
    const delta = deltaBits(table, symbol);
    const bits = (delta >>> 16) + 1;
    const each = (bits << 8) - ((((bits << 16) - delta - (1 << log)) << 8) >>> log);
    if (each > (log + 1) << 8) return u32.MAX_VALUE;
    cost += times * each;
  }
  return cost >>> 8;
}
