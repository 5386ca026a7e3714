/** Collects the symbols of a block and writes it in the shortest of the three forms of RFC 1951. */
import { alignBits, putBits } from './bits';
import { BASES, DISTANCE_CODES, DISTANCE_TREE, EXTRA_BITS, FIXED_DISTANCE_TREE, FIXED_LITERAL_TREE, LENGTH_CODES, LENGTH_TREE, LITERAL_TREE, SYMBOLS } from './layout';
import { addDynamicBits, assignCodes, buildTree, codeOf, countLengths, dynamicBits, fixedBits, frequencyOf, lengthOf, setFrequency, setLength, startSizes } from './tree';

const LITERALS: u32 = 286;
const DISTANCES: u32 = 30;
const LENGTHS: u32 = 19;
const END: u32 = 256;
/** Extra bits: those of the 29 length codes, of the 30 distance codes, of the 19 codes of lengths. */
const LENGTH_EXTRA: usize = EXTRA_BITS;
const DISTANCE_EXTRA: usize = EXTRA_BITS + 29;
const CODE_EXTRA: usize = EXTRA_BITS + 59;
const LENGTH_BASES: usize = BASES;
const DISTANCE_BASES: usize = BASES + 64;

/** Symbols and matches in the block so far. */
export let symbols: u32 = 0;
export let matches: u32 = 0;

export function startBlocks(): void {
  let length: u32 = 0;
  for (let code: u32 = 0; code < 28; code++) {
    const extra: u32 = code < 8 ? 0 : (code - 4) >>> 2;
    store<u8>(LENGTH_EXTRA + code, <u8>extra);
    store<u16>(LENGTH_BASES + code * 2, <u16>length);
    for (const end = length + (1 << extra); length < end; length++) store<u8>(LENGTH_CODES + length, <u8>code);
  }
  // The longest match has a code of its own.
  store<u8>(LENGTH_EXTRA + 28, 0);
  store<u16>(LENGTH_BASES + 28 * 2, 255);
  store<u8>(LENGTH_CODES + 255, 28);
  let distance: u32 = 0;
  for (let code: u32 = 0; code < DISTANCES; code++) {
    const extra: u32 = code < 4 ? 0 : (code - 2) >>> 1;
    store<u8>(DISTANCE_EXTRA + code, <u8>extra);
    store<u16>(DISTANCE_BASES + code * 2, <u16>distance);
    for (const end = distance + (1 << extra); distance < end; ) {
      store<u8>(distanceCodeAt(distance), <u8>code);
      distance += distance < 256 ? 1 : 128;
    }
  }
  store<u8>(CODE_EXTRA + 16, 2);
  store<u8>(CODE_EXTRA + 17, 3);
  store<u8>(CODE_EXTRA + 18, 7);
  for (let symbol: u32 = 0; symbol < 288; symbol++) setLength(FIXED_LITERAL_TREE, symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  countLengths(FIXED_LITERAL_TREE, 288);
  assignCodes(FIXED_LITERAL_TREE, 287);
  for (let symbol: u32 = 0; symbol < DISTANCES; symbol++) setLength(FIXED_DISTANCE_TREE, symbol, 5);
  countLengths(FIXED_DISTANCE_TREE, DISTANCES);
  assignCodes(FIXED_DISTANCE_TREE, DISTANCES - 1);
  startBlock();
}

function startBlock(): void {
  for (let symbol: u32 = 0; symbol < LITERALS; symbol++) setFrequency(LITERAL_TREE, symbol, 0);
  for (let symbol: u32 = 0; symbol < DISTANCES; symbol++) setFrequency(DISTANCE_TREE, symbol, 0);
  for (let symbol: u32 = 0; symbol < LENGTHS; symbol++) setFrequency(LENGTH_TREE, symbol, 0);
  setFrequency(LITERAL_TREE, END, 1);
  symbols = 0;
  matches = 0;
}

export function addLiteral(byte: u32): void {
  store<u32>(SYMBOLS + (symbols++ << 2), byte);
  count(LITERAL_TREE, byte);
}

/** @param length 3 to 258
 *  @param distance 1 to 32768 */
export function addMatch(length: u32, distance: u32): void {
  store<u32>(SYMBOLS + (symbols++ << 2), (distance << 8) | (length - 3));
  matches++;
  count(LITERAL_TREE, 257 + <u32>load<u8>(LENGTH_CODES + length - 3));
  count(DISTANCE_TREE, <u32>load<u8>(distanceCodeAt(distance - 1)));
}

/** An estimate of the block's bits: eight for each symbol, and the distances. */
export function roughBits(): u32 {
  let bits = symbols * 8;
  for (let code: u32 = 0; code < DISTANCES; code++) bits += frequencyOf(DISTANCE_TREE, code) * (5 + <u32>load<u8>(DISTANCE_EXTRA + code));
  return bits;
}

/** @param content the bytes that the block stands for; 0 where they have left the window */
export function endBlock(content: usize, bytes: u32, isLast: bool): void {
  startSizes();
  const literalMax = buildTree(LITERAL_TREE, LITERALS, 15, FIXED_LITERAL_TREE, LENGTH_EXTRA, 257);
  const distanceMax = buildTree(DISTANCE_TREE, DISTANCES, 15, FIXED_DISTANCE_TREE, DISTANCE_EXTRA, 0);
  codeLengths(LITERAL_TREE, literalMax, false);
  codeLengths(DISTANCE_TREE, distanceMax, false);
  buildTree(LENGTH_TREE, LENGTHS, 7, 0, CODE_EXTRA, 0);
  let sent: u32 = 18;
  while (sent >= 3 && lengthOf(LENGTH_TREE, lengthSymbol(sent)) == 0) sent--;
  addDynamicBits(3 * (sent + 1) + 14);
  const dynamicBytes = (dynamicBits + 10) >>> 3;
  const fixedBytes = (fixedBits + 10) >>> 3;
  const last = u32(isLast);
  if (content != 0 && bytes + 4 <= min(dynamicBytes, fixedBytes)) writeStored(content, bytes, last);
  else if (fixedBytes <= dynamicBytes) {
    putBits(2 | last, 3);
    writeSymbols(FIXED_LITERAL_TREE, FIXED_DISTANCE_TREE);
  } else {
    putBits(4 | last, 3);
    putBits(literalMax - 256, 5);
    putBits(distanceMax, 5);
    putBits(sent - 3, 4);
    for (let i: u32 = 0; i <= sent; i++) putBits(lengthOf(LENGTH_TREE, lengthSymbol(i)), 3);
    codeLengths(LITERAL_TREE, literalMax, true);
    codeLengths(DISTANCE_TREE, distanceMax, true);
    writeSymbols(LITERAL_TREE, DISTANCE_TREE);
  }
  startBlock();
}

function writeStored(content: usize, bytes: u32, last: u32): void {
  putBits(last, 3);
  alignBits();
  putBits(bytes, 16);
  putBits(~bytes & 0xffff, 16);
  for (let i: u32 = 0; i < bytes; i++) putBits(<u32>load<u8>(content + i), 8);
}

function writeSymbols(literals: usize, distances: usize): void {
  for (let i: u32 = 0; i < symbols; i++) {
    const symbol = load<u32>(SYMBOLS + (i << 2));
    if (symbol < 256) {
      write(literals, symbol);
      continue;
    }
    const length = symbol & 255;
    const lengthCode = <u32>load<u8>(LENGTH_CODES + length);
    write(literals, 257 + lengthCode);
    putBits(length - <u32>load<u16>(LENGTH_BASES + lengthCode * 2), <u32>load<u8>(LENGTH_EXTRA + lengthCode));
    const distance = (symbol >>> 8) - 1;
    const distanceCode = <u32>load<u8>(distanceCodeAt(distance));
    write(distances, distanceCode);
    putBits(distance - <u32>load<u16>(DISTANCE_BASES + distanceCode * 2), <u32>load<u8>(DISTANCE_EXTRA + distanceCode));
  }
  write(literals, END);
}

/** Run-length codes of the code lengths (RFC 1951, 3.2.7): counts them, or writes them. */
function codeLengths(nodes: usize, largest: u32, isWriting: bool): void {
  let before: u32 = u32.MAX_VALUE;
  let run: u32 = 0;
  let next = lengthOf(nodes, 0);
  let runMax: u32 = next == 0 ? 138 : 7;
  let runMin: u32 = next == 0 ? 3 : 4;
  for (let symbol: u32 = 0; symbol <= largest; symbol++) {
    const length = next;
    next = symbol < largest ? lengthOf(nodes, symbol + 1) : u32.MAX_VALUE;
    if (++run < runMax && length == next) continue;
    if (run < runMin) {
      while (run-- != 0) lengthCode(length, isWriting);
    } else if (length != 0) {
      if (length != before) {
        lengthCode(length, isWriting);
        run--;
      }
      lengthCode(16, isWriting);
      if (isWriting) putBits(run - 3, 2);
    } else {
      lengthCode(run <= 10 ? 17 : 18, isWriting);
      if (isWriting) putBits(run <= 10 ? run - 3 : run - 11, run <= 10 ? 3 : 7);
    }
    run = 0;
    before = length;
    runMax = next == 0 ? 138 : length == next ? 6 : 7;
    runMin = next == 0 || length == next ? 3 : 4;
  }
}

function lengthCode(symbol: u32, isWriting: bool): void {
  if (isWriting) write(LENGTH_TREE, symbol);
  else count(LENGTH_TREE, symbol);
}

/** The order in which the lengths of the codes of lengths are sent: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15. */
function lengthSymbol(i: u32): u32 {
  if (i < 3) return 16 + i;
  if (i == 3) return 0;
  const step = (i - 4) >>> 1;
  return (i & 1) == 0 ? 8 + step : 7 - step;
}

function write(nodes: usize, symbol: u32): void {
  putBits(codeOf(nodes, symbol), lengthOf(nodes, symbol));
}

function count(nodes: usize, symbol: u32): void {
  setFrequency(nodes, symbol, frequencyOf(nodes, symbol) + 1);
}

/** @param distance 0 to 32767 */
function distanceCodeAt(distance: u32): usize {
  return DISTANCE_CODES + <usize>(distance < 256 ? distance : 256 + (distance >>> 7));
}
