/**
 * Length-limited Huffman trees, made the way that the compressors of Gailly and Adler make them: where frequencies are equal the
 * shallower node goes first, and codes that are too long are shortened by the counts of lengths. The order of every step decides
 * the code lengths and with them the bytes.
 */
import { DEPTHS, HEAP, LENGTH_COUNTS, NEXT_CODES, TREE_NODES } from './layout';

const NODE: u32 = 16;
let tree: usize = 0;
let heapCount: u32 = 0;
let heapTop: u32 = 0;
/** Bits that the block takes with the trees built since `startSizes`, and with the fixed ones. */
export let dynamicBits: u32 = 0;
export let fixedBits: u32 = 0;

export function startSizes(): void {
  dynamicBits = 0;
  fixedBits = 0;
}

export function addDynamicBits(bits: u32): void {
  dynamicBits += bits;
}

export function frequencyOf(nodes: usize, node: u32): u32 {
  return load<u32>(nodes + node * NODE);
}

export function setFrequency(nodes: usize, node: u32, frequency: u32): void {
  store<u32>(nodes + node * NODE, frequency);
}

export function lengthOf(nodes: usize, node: u32): u32 {
  return load<u32>(nodes + node * NODE, 4);
}

export function setLength(nodes: usize, node: u32, length: u32): void {
  store<u32>(nodes + node * NODE, length, 4);
}

export function codeOf(nodes: usize, node: u32): u32 {
  return load<u32>(nodes + node * NODE, 8);
}

/**
 * Builds the tree over the frequencies of `symbols` symbols.
 * @param fixed the fixed tree of the same symbols, or 0
 * @param extra address of the extra bits of the symbols from `extraFrom` on
 * @returns the largest symbol that has a code
 */
export function buildTree(nodes: usize, symbols: u32, lengthMax: u32, fixed: usize, extra: usize, extraFrom: u32): u32 {
  tree = nodes;
  heapCount = 0;
  heapTop = TREE_NODES;
  let largest: i32 = -1;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    setLength(nodes, symbol, 0);
    store<u32>(DEPTHS + symbol * 4, 0);
    if (frequencyOf(nodes, symbol) == 0) continue;
    setHeap(++heapCount, symbol);
    largest = symbol;
  }
  // Two codes at least.
  while (heapCount < 2) {
    const symbol: u32 = largest < 2 ? <u32>++largest : 0;
    setHeap(++heapCount, symbol);
    setFrequency(nodes, symbol, 1);
    dynamicBits--;
    if (fixed != 0) fixedBits -= lengthOf(fixed, symbol);
  }
  for (let i = heapCount / 2; i >= 1; i--) siftDown(i);
  joinNodes(symbols);
  assignLengths(<u32>largest, lengthMax, fixed, extra, extraFrom);
  assignCodes(nodes, <u32>largest);
  return <u32>largest;
}

function joinNodes(symbols: u32): void {
  let node = symbols;
  do {
    const first = heap(1);
    setHeap(1, heap(heapCount--));
    siftDown(1);
    const second = heap(1);
    setHeap(--heapTop, first);
    setHeap(--heapTop, second);
    setFrequency(tree, node, frequencyOf(tree, first) + frequencyOf(tree, second));
    store<u32>(DEPTHS + node * 4, max(load<u32>(DEPTHS + first * 4), load<u32>(DEPTHS + second * 4)) + 1);
    store<u32>(tree + first * NODE, node, 12);
    store<u32>(tree + second * NODE, node, 12);
    setHeap(1, node++);
    siftDown(1);
  } while (heapCount >= 2);
  setHeap(--heapTop, heap(1));
}

function assignLengths(largest: u32, lengthMax: u32, fixed: usize, extra: usize, extraFrom: u32): void {
  memory.fill(LENGTH_COUNTS, 0, 64);
  let tooLong: i32 = 0;
  setLength(tree, heap(heapTop), 0);
  for (let i = heapTop + 1; i < TREE_NODES; i++) {
    const node = heap(i);
    let length = lengthOf(tree, load<u32>(tree + node * NODE, 12)) + 1;
    if (length > lengthMax) {
      length = lengthMax;
      tooLong++;
    }
    setLength(tree, node, length);
    if (!isSymbol(node, largest)) continue;
    setCount(length, count(length) + 1);
    const extraBits = node >= extraFrom ? <u32>load<u8>(extra + node - extraFrom) : 0;
    dynamicBits += frequencyOf(tree, node) * (length + extraBits);
    if (fixed != 0) fixedBits += frequencyOf(tree, node) * (lengthOf(fixed, node) + extraBits);
  }
  if (tooLong > 0) shorten(largest, lengthMax, tooLong);
}

/** Moves leaves up until no code is longer than allowed, then gives the lengths out again, the longest to the rarest. */
function shorten(largest: u32, lengthMax: u32, tooLong: i32): void {
  do {
    let length = lengthMax - 1;
    while (count(length) == 0) length--;
    setCount(length, count(length) - 1);
    setCount(length + 1, count(length + 1) + 2);
    setCount(lengthMax, count(lengthMax) - 1);
    tooLong -= 2;
  } while (tooLong > 0);
  let next = TREE_NODES;
  for (let length = lengthMax; length != 0; length--) {
    for (let left = count(length); left != 0; ) {
      const node = heap(--next);
      if (!isSymbol(node, largest)) continue;
      dynamicBits += (length - lengthOf(tree, node)) * frequencyOf(tree, node);
      setLength(tree, node, length);
      left--;
    }
  }
}

// Inner nodes have numbers above every symbol.
function isSymbol(node: u32, largest: u32): bool {
  return node <= largest;
}

/** The canonical codes of RFC 1951, 3.2.2, as they are sent: first bit lowest. */
export function assignCodes(nodes: usize, largest: u32): void {
  let code: u32 = 0;
  store<u32>(NEXT_CODES, 0);
  for (let length: u32 = 1; length <= 15; length++) {
    code = (code + count(length - 1)) << 1;
    store<u32>(NEXT_CODES + length * 4, code);
  }
  for (let symbol: u32 = 0; symbol <= largest; symbol++) {
    const length = lengthOf(nodes, symbol);
    if (length == 0) continue;
    const next = load<u32>(NEXT_CODES + length * 4);
    store<u32>(NEXT_CODES + length * 4, next + 1);
    store<u32>(nodes + symbol * NODE, reversed(next, length), 8);
  }
}

/** Counts lengths that were set, for `assignCodes`. */
export function countLengths(nodes: usize, symbols: u32): void {
  memory.fill(LENGTH_COUNTS, 0, 64);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) setCount(lengthOf(nodes, symbol), count(lengthOf(nodes, symbol)) + 1);
  setCount(0, 0);
}

function reversed(code: u32, bits: u32): u32 {
  let result: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) result |= ((code >>> i) & 1) << (bits - 1 - i);
  return result;
}

function siftDown(from: u32): void {
  const moved = heap(from);
  let child = from * 2;
  while (child <= heapCount) {
    if (child < heapCount && isSmaller(heap(child + 1), heap(child))) child++;
    if (isSmaller(moved, heap(child))) break;
    setHeap(from, heap(child));
    from = child;
    child *= 2;
  }
  setHeap(from, moved);
}

function isSmaller(a: u32, b: u32): bool {
  const left = frequencyOf(tree, a);
  const right = frequencyOf(tree, b);
  return left < right || (left == right && load<u32>(DEPTHS + a * 4) <= load<u32>(DEPTHS + b * 4));
}

function heap(i: u32): u32 {
  return load<u32>(HEAP + i * 4);
}

function setHeap(i: u32, node: u32): void {
  store<u32>(HEAP + i * 4, node);
}

function count(length: u32): u32 {
  return load<u32>(LENGTH_COUNTS + length * 4);
}

function setCount(length: u32, value: u32): void {
  store<u32>(LENGTH_COUNTS + length * 4, value);
}
