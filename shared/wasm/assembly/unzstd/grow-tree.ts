/** The Huffman tree that an encoder makes for literals, and its description: as Klaus Post's huff0 makes them, which are those of zstd's HUF. */
import { endWriting, highBit, startWriting, writeBits, writtenEnd } from './bits';
import { distribute, tableLog } from './distribution';
import { COUNTS, CUMULATED, LEAVES, NODES, WEIGHTS, WEIGHTS_TABLE } from './layout';
import { deltaBits, describe, descriptionAt, descriptionBytes, firstState, logOf, makeEncoder, MODE_FSE, nextState, setKind } from './table';
import { lengthOf, LOG_MAX, setLength, setTreeBytes, setTreeLog, treeAt, treeLog } from './tree';

const WEIGHTS_LOG: u32 = 6;
const NOTHING: i32 = -1;

// A leaf is a word in LEAVES: count * 256 + symbol; a node 8 bytes: count, parent. Depths of leaves are in WEIGHTS while the tree is made.
function leafCount(leaf: i32): u32 {
  return leaf < 0 ? u32.MAX_VALUE : load<u32>(LEAVES + (<usize>leaf << 2)) >>> 8;
}

function nodeAt(node: i32): usize {
  return NODES + (<usize>node << 3);
}

function depthOf(leaf: i32): u32 {
  return <u32>load<u8>(WEIGHTS + leaf);
}

function setDepth(leaf: i32, depth: u32): void {
  store<u8>(WEIGHTS + leaf, <u8>depth);
}

/** Makes the tree for the bytes that were counted (at COUNTS), of which there are two different ones or more. `symbols`: one more than the last. */
export function growTree(tree: usize, total: u32, symbols: u32): void {
  const most = heightFor(total, symbols);
  const leaves = sortLeaves(symbols);
  joinLeaves(leaves);
  const log = limitDepths(leaves, most);
  memory.fill(tree, 0, 256);
  for (let leaf: i32 = 0; leaf < leaves; leaf++) setLength(tree, load<u32>(LEAVES + (<usize>leaf << 2)) & 255, depthOf(leaf));
  setTreeLog(tree, log);
}

function heightFor(total: u32, symbols: u32): u32 {
  const least = min(highBit(total) + 1, highBit(symbols - 1) + 2);
  const most = max(min(LOG_MAX, (highBit(total - 1) - 1) & 255), least);
  return min(max(most, 5), LOG_MAX);
}

/** By falling counts, equal ones by their symbols; how many. */
function sortLeaves(symbols: u32): i32 {
  let leaves: i32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(COUNTS + (<usize>symbol << 2));
    if (count == 0) continue;
    let place = leaves++;
    for (; place > 0 && leafCount(place - 1) < count; place--) {
      store<u32>(LEAVES + (<usize>place << 2), load<u32>(LEAVES + (<usize>(place - 1) << 2)));
    }
    store<u32>(LEAVES + (<usize>place << 2), (count << 8) | symbol);
  }
  return leaves;
}

/** Joins the two least again and again, of equal ones nodes before leaves; the depths of the leaves follow. */
function joinLeaves(leaves: i32): void {
  const inner = leaves - 1;
  let leaf = leaves - 1;
  let oldest: i32 = 0;
  // The nodes of the leaves come behind the inner ones.
  for (let node: i32 = 0; node < inner; node++) {
    let sum: u32 = 0;
    for (let i = 0; i < 2; i++) {
      const isLeaf = oldest == node || leafCount(leaf) < load<u32>(nodeAt(oldest));
      sum += isLeaf ? leafCount(leaf) : load<u32>(nodeAt(oldest));
      store<u32>(nodeAt(isLeaf ? inner + leaf-- : oldest++), node, 4);
    }
    store<u32>(nodeAt(node), sum);
  }
  // Now the second word becomes the depth.
  store<u32>(nodeAt(inner - 1), 0, 4);
  for (let node = inner - 2; node >= 0; node--) store<u32>(nodeAt(node), load<u32>(nodeAt(load<u32>(nodeAt(node), 4)), 4) + 1, 4);
  for (leaf = 0; leaf < leaves; leaf++) setDepth(leaf, load<u32>(nodeAt(load<u32>(nodeAt(inner + leaf), 4)), 4) + 1);
}

/** No leaf deeper than `most`: the deepest come up, and others go down to make room, those that cost least. Returns the greatest depth. */
function limitDepths(leaves: i32, most: u32): u32 {
  const deepest = depthOf(leaves - 1);
  if (deepest <= most) return deepest;
  const unit: i32 = 1 << (deepest - most);
  let debt: i32 = 0;
  let last = leaves - 1;
  for (; depthOf(last) > most; last--) {
    debt += unit - (1 << (deepest - depthOf(last)));
    setDepth(last, most);
  }
  while (last >= 0 && depthOf(last) == most) last--;
  debt >>= deepest - most;
  noteRanks(last, most);
  while (debt > 0) debt = lowerOne(debt, most);
  for (; debt < 0; debt++) {
    if (lastOfRank(1) == NOTHING) {
      while (last >= 0 && depthOf(last) == most) last--;
      setDepth(last + 1, depthOf(last + 1) - 1);
      setLastOfRank(1, last + 1);
    } else {
      const next = lastOfRank(1) + 1;
      setDepth(next, depthOf(next) - 1);
      setLastOfRank(1, next);
    }
  }
  return most;
}

// The last, least, leaf of each rank: a rank is how far its leaves are above `most`.
function lastOfRank(rank: u32): i32 {
  return load<i32>(CUMULATED + (<usize>rank << 2));
}

function setLastOfRank(rank: u32, leaf: i32): void {
  store<i32>(CUMULATED + (<usize>rank << 2), leaf);
}

function noteRanks(last: i32, most: u32): void {
  for (let rank: u32 = 0; rank < LOG_MAX + 2; rank++) setLastOfRank(rank, NOTHING);
  let depth = most;
  for (let leaf = last; leaf >= 0; leaf--) {
    if (depthOf(leaf) >= depth) continue;
    depth = depthOf(leaf);
    setLastOfRank(most - depth, leaf);
  }
}

/** One leaf goes down by one; what is left of the debt. */
function lowerOne(debt: i32, most: u32): i32 {
  let rank = highBit(debt) + 1;
  for (; rank > 1; rank--) {
    const high = lastOfRank(rank);
    const low = lastOfRank(rank - 1);
    if (high == NOTHING) continue;
    if (low == NOTHING || leafCount(high) <= 2 * leafCount(low)) break;
  }
  while (rank <= LOG_MAX && lastOfRank(rank) == NOTHING) rank++;
  const leaf = lastOfRank(rank);
  if (lastOfRank(rank - 1) == NOTHING) setLastOfRank(rank - 1, leaf);
  setDepth(leaf, depthOf(leaf) + 1);
  setLastOfRank(rank, leaf > 0 && depthOf(leaf - 1) == most - rank ? leaf - 1 : NOTHING);
  return debt - (1 << (rank - 1));
}

/** Writes the description of a tree whose last symbol is `symbols` - 1. False where there is none: the literals are not compressed. */
export function describeTree(tree: usize, symbols: u32): bool {
  const count = symbols - 1;
  const log = treeLog(tree);
  for (let i: u32 = 0; i < 16; i++) store<u32>(COUNTS + (<usize>i << 2), 0);
  for (let i: u32 = 0; i < count; i++) {
    const length = lengthOf(tree, i);
    const weight = length == 0 ? 0 : log + 1 - length;
    store<u8>(WEIGHTS + i, <u8>weight);
    const place = COUNTS + (<usize>weight << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  const bytes = count >= 2 ? compressWeights(treeAt(tree) + 1, count) : 0;
  if (bytes != 0 && bytes < count && bytes < symbols >>> 1) {
    store<u8>(treeAt(tree), <u8>bytes);
    setTreeBytes(tree, bytes + 1);
    return true;
  }
  if (count > 128) return false;
  store<u8>(treeAt(tree), <u8>(127 + count));
  store<u8>(WEIGHTS + count, 0);
  for (let i: u32 = 0; i < count; i += 2) store<u8>(treeAt(tree) + 1 + (i >>> 1), (load<u8>(WEIGHTS + i) << 4) | load<u8>(WEIGHTS + i + 1));
  setTreeBytes(tree, 1 + ((count + 1) >>> 1));
  return true;
}

/** Weights with two states in turns; the bytes, 0 where that does not pay or fails. */
function compressWeights(out: usize, count: u32): u32 {
  let symbols: u32 = 0;
  let most: u32 = 0;
  for (let weight: u32 = 0; weight < 16; weight++) {
    const times = load<u32>(COUNTS + (<usize>weight << 2));
    if (times != 0) symbols = weight + 1;
    most = max(most, times);
  }
  if (most == count || most == 1 || count <= 2) return 0;
  const table = WEIGHTS_TABLE;
  if (!distribute(table, COUNTS, symbols, count, tableLog(WEIGHTS_LOG, count, highBit(count - 1) + 1, symbols))) return 0;
  setKind(table, MODE_FSE);
  describe(table);
  makeEncoder(table);
  memory.copy(out, descriptionAt(table), descriptionBytes(table));
  startWriting(out + descriptionBytes(table));
  let at = count - 1;
  // The last symbol, which is read first or second, is in the state of its turn.
  let state = firstState(table, <u32>load<u8>(WEIGHTS + at));
  let other = firstState(table, <u32>load<u8>(WEIGHTS + --at));
  while (at > 0) {
    const symbol = <u32>load<u8>(WEIGHTS + --at);
    const bits = (state + deltaBits(table, symbol)) >>> 16;
    writeBits(state & ((1 << bits) - 1), bits);
    const next = nextState(table, symbol, state >>> bits);
    state = other;
    other = next;
  }
  // The state of the first symbol is written last.
  const log = logOf(table);
  writeBits(state & ((1 << log) - 1), log);
  writeBits(other & ((1 << log) - 1), log);
  endWriting();
  return <u32>(writtenEnd - out);
}
