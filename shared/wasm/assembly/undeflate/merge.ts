/**
 * Code lengths as Go chooses them: the best ones of at most so many bits, by merging packages level by level (Larmore and
 * Hirschberg, 1990), where of equal weights the package goes first, and the symbols with the longer codes come first in each list.
 */
import { frequencyOf } from '../deflate/tree';
import { LEAVES, MERGED } from './layout';

const LEVEL_WORDS: u32 = 640;
/** Marks a package among the items of a level; the lower bits are the weight. */
const PACKAGE: u32 = 1 << 31;
const WEIGHT: u32 = PACKAGE - 1;
/** Where there is no pair: more than any leaf, less than no leaf. */
const NO_WEIGHT: u32 = u32.MAX_VALUE - 1;

/** Writes the length, a byte, of each of `symbols` symbols at `lengths`; what does not occur gets 0. */
export function mergeLengths(nodes: usize, symbols: u32, lengthMax: u32, lengths: usize): void {
  memory.fill(lengths, 0, symbols);
  let leaves: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const frequency = frequencyOf(nodes, symbol);
    if (frequency != 0) insertLeaf(leaves++, (frequency << 9) | symbol);
  }
  if (leaves <= 2) {
    for (let i: u32 = 0; i < leaves; i++) store<u8>(lengths + (leafAt(i) & 511), 1);
    return;
  }
  lengthMax = min(lengthMax, leaves - 1);
  for (let level: u32 = 1; level <= lengthMax; level++) fillLevel(level, leaves);
  // Every time a leaf is among the items that are taken, its code is a bit longer.
  let taken: u32 = 2 * leaves - 2;
  for (let level = lengthMax; level != 0; level--) {
    let packages: u32 = 0;
    for (let i: u32 = 0; i < taken; i++) if ((itemAt(level, i) & PACKAGE) != 0) packages++;
    for (let i: u32 = 0; i < taken - packages; i++) {
      const length = lengths + (leafAt(i) & 511);
      store<u8>(length, load<u8>(length) + 1);
    }
    taken = packages * 2;
  }
}

/** Items of a level in the order of their weights: the leaves, and pairs of the items of the level below. */
function fillLevel(level: u32, leaves: u32): void {
  let leaf = LEAVES;
  const leavesEnd = LEAVES + (<usize>leaves << 2);
  let pair = itemsAt(level - 1);
  const pairsEnd = level == 1 ? pair : pair + (<usize>(countAt(level - 1) >>> 1) << 3);
  const items = itemsAt(level);
  let item = items;
  // Weights to compare; beyond the last there is none that is less.
  let leafWeight = load<u32>(leaf) >>> 9;
  let pairWeight = pairWeightAt(pair, pairsEnd);
  while (leaf < leavesEnd || pair < pairsEnd) {
    if (leafWeight < pairWeight) {
      store<u32>(item, leafWeight);
      leaf += 4;
      leafWeight = leaf < leavesEnd ? load<u32>(leaf) >>> 9 : u32.MAX_VALUE;
    } else {
      store<u32>(item, pairWeight | PACKAGE);
      pair += 8;
      pairWeight = pairWeightAt(pair, pairsEnd);
    }
    item += 4;
  }
  store<u32>(MERGED + <usize>(level * LEVEL_WORDS) * 4, <u32>((item - items) >>> 2));
}

// @ts-ignore: a decorator of the compiler
@inline
function pairWeightAt(pair: usize, end: usize): u32 {
  return pair < end ? (load<u32>(pair) & WEIGHT) + (load<u32>(pair, 4) & WEIGHT) : NO_WEIGHT;
}

/** Address of the items of a level. */
function itemsAt(level: u32): usize {
  return MERGED + <usize>(level * LEVEL_WORDS + 1) * 4;
}

function insertLeaf(count: u32, leaf: u32): void {
  let i = count;
  for (; i != 0 && leafAt(i - 1) > leaf; i--) store<u32>(LEAVES + <usize>i * 4, leafAt(i - 1));
  store<u32>(LEAVES + <usize>i * 4, leaf);
}

function leafAt(i: u32): u32 {
  return load<u32>(LEAVES + <usize>i * 4);
}

function countAt(level: u32): u32 {
  return load<u32>(MERGED + <usize>(level * LEVEL_WORDS) * 4);
}

function itemAt(level: u32, i: u32): u32 {
  return load<u32>(MERGED + <usize>(level * LEVEL_WORDS + 1 + i) * 4);
}
