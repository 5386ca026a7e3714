/** Collects the symbols of a block and writes it in the shortest of the three forms of RFC 1951. */
import { alignBits, putBits } from './bits';
import {
  CODE_EXTRA,
  DISTANCES,
  DISTANCE_BASES,
  DISTANCE_EXTRA,
  distanceCodeAt,
  END,
  LENGTHS,
  LENGTH_BASES,
  LENGTH_EXTRA,
  LITERALS,
  lengthSymbol,
  startCodes,
} from './codes';
import { DISTANCE_TREE, FIXED_DISTANCE_TREE, FIXED_LITERAL_TREE, LENGTH_CODES, LENGTH_TREE, LITERAL_TREE, SYMBOLS } from './layout';
import { addDynamicBits, buildTree, codeOf, dynamicBits, fixedBits, frequencyOf, lengthOf, setFrequency, startSizes } from './tree';

/** Symbols and matches in the block so far. */
export let symbols: u32 = 0;
export let matches: u32 = 0;

export function startBlocks(): void {
  startCodes();
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

function write(nodes: usize, symbol: u32): void {
  putBits(codeOf(nodes, symbol), lengthOf(nodes, symbol));
}

function count(nodes: usize, symbol: u32): void {
  setFrequency(nodes, symbol, frequencyOf(nodes, symbol) + 1);
}
