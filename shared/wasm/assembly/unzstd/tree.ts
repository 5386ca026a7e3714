/**
 * A Huffman tree of literals: a length for each byte value (0: none), its description (RFC 8878, 4.2.1), the greatest length.
 * It lies at an address; the room for it is TREE_BYTES.
 */
import { left, readBits, startReading } from './bits';
import { DECODERS, HUFFMAN_CODES, HUFFMAN_DECODER, TREE_BYTES, WEIGHTS, WEIGHTS_TABLE } from './layout';
import { descriptionBytes, logOf, makeDecoder, readTable } from './table';

const LOG: usize = 256;
const DESCRIPTION: usize = 272;
export const LOG_MAX: u32 = 11;
export const DECODER_LOG: u32 = 11;
const WEIGHTS_LOG_MAX: u32 = 6;

/** The greatest length; 0: there is no tree. */
export function treeLog(tree: usize): u32 {
  return load<u32>(tree, LOG);
}

export function setTreeLog(tree: usize, log: u32): void {
  store<u32>(tree, log, LOG);
}

export function lengthOf(tree: usize, symbol: u32): u32 {
  return <u32>load<u8>(tree + symbol);
}

export function setLength(tree: usize, symbol: u32, length: u32): void {
  store<u8>(tree + symbol, <u8>length);
}

export function treeBytes(tree: usize): u32 {
  return load<u32>(tree, LOG + 4);
}

export function setTreeBytes(tree: usize, bytes: u32): void {
  store<u32>(tree, bytes, LOG + 4);
}

export function treeAt(tree: usize): usize {
  return tree + DESCRIPTION;
}

export function copyTree(to: usize, from: usize): void {
  memory.copy(to, from, TREE_BYTES);
}

/** Reads the description between two addresses; false where it is none. */
export function readTree(tree: usize, at: usize, end: usize): bool {
  if (at >= end) return false;
  const first = <u32>load<u8>(at);
  const bytes = first < 128 ? first : (first - 126) >>> 1;
  if (bytes == 0 || at + 1 + bytes > end) return false;
  let symbols: u32 = first - 127;
  if (first < 128) {
    symbols = readWeights(at + 1, bytes);
  } else {
    for (let i: u32 = 0; i < symbols; i++) {
      const pair = <u32>load<u8>(at + 1 + (i >>> 1));
      store<u8>(WEIGHTS + i, <u8>((i & 1) == 0 ? pair >>> 4 : pair & 15));
    }
  }
  setTreeBytes(tree, bytes + 1);
  memory.copy(treeAt(tree), at, bytes + 1);
  return symbols != 0 && weigh(tree, symbols);
}

/** Lengths from the weights, of which the last one is not said. */
function weigh(tree: usize, symbols: u32): bool {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < symbols; i++) {
    const weight = <u32>load<u8>(WEIGHTS + i);
    if (weight > LOG_MAX) return false;
    sum += (1 << weight) >>> 1;
  }
  if (sum == 0) return false;
  const log: u32 = 32 - clz(sum);
  const rest = (1 << log) - sum;
  if (log > LOG_MAX || (rest & (rest - 1)) != 0) return false;
  memory.fill(tree, 0, 256);
  for (let i: u32 = 0; i < symbols; i++) {
    const weight = <u32>load<u8>(WEIGHTS + i);
    if (weight != 0) setLength(tree, i, log + 1 - weight);
  }
  setLength(tree, symbols, log - ctz(rest));
  setTreeLog(tree, log);
  return true;
}

/** Weights that are coded with two states in turns; how many, 0 where that fails. */
function readWeights(at: usize, bytes: u32): u32 {
  if (!readTable(WEIGHTS_TABLE, at, at + bytes, LOG_MAX + 2, WEIGHTS_LOG_MAX)) return 0;
  makeDecoder(WEIGHTS_TABLE, DECODERS);
  const header = descriptionBytes(WEIGHTS_TABLE);
  const log = logOf(WEIGHTS_TABLE);
  if (header >= bytes || !startReading(at + header, bytes - header)) return 0;
  let state = readBits(log);
  let other = readBits(log);
  if (left < 0) return 0;
  for (let count: u32 = 0; count < 254; ) {
    const entry = load<u32>(DECODERS + (<usize>state << 2));
    store<u8>(WEIGHTS + count++, <u8>entry);
    const bits = (entry >>> 8) & 255;
    if (left < <i32>bits) {
      store<u8>(WEIGHTS + count++, load<u8>(DECODERS + (<usize>other << 2)));
      return count;
    }
    state = other;
    other = (entry >>> 16) + readBits(bits);
  }
  return 0;
}

/** The code of each symbol: shorter ones are greater, equally long ones go by their symbols. */
export function makeCodes(tree: usize): void {
  const log = treeLog(tree);
  let next: u32 = 0;
  for (let length = log; length > 0; length--) {
    for (let symbol: u32 = 0; symbol < 256; symbol++) {
      if (lengthOf(tree, symbol) == length) store<u32>(HUFFMAN_CODES + (<usize>symbol << 2), next++ | (length << 16));
    }
    next >>>= 1;
  }
}

/** For every possible next 11 bits the symbol and the length of its code. */
export function makeTreeDecoder(tree: usize): void {
  const log = treeLog(tree);
  let at = HUFFMAN_DECODER;
  for (let length = log; length > 0; length--) {
    const size: u32 = 1 << (DECODER_LOG - length);
    for (let symbol: u32 = 0; symbol < 256; symbol++) {
      if (lengthOf(tree, symbol) != length) continue;
      for (let i: u32 = 0; i < size; i++) {
        store<u16>(at, <u16>(symbol | (length << 8)));
        at += 2;
      }
    }
  }
}

/** Whether all symbols that occur (words of counts) have a code. */
export function holdsAll(tree: usize, counts: usize): bool {
  if (treeLog(tree) == 0) return false;
  for (let symbol: u32 = 0; symbol < 256; symbol++) {
    if (load<u32>(counts + (<usize>symbol << 2)) != 0 && lengthOf(tree, symbol) == 0) return false;
  }
  return true;
}
