/**
 * The tree of decisions: each node says from where on which alignment (or none) is followed, and what was followed before.
 * When all live alignments share an ancestor the way to it is written out as pieces and the tree starts anew.
 */
import { baseBytes } from './content';

/** Marks a node without a parent. */
export const ROOT: u32 = u32.MAX_VALUE;

let nodes: usize = 0;
let nodesMax: u32 = 0;
let nodeCount: u32 = 0;
let pieces: usize = 0;
/** Pieces written so far. */
export let pieceCount: u32 = 0;

/** @param nodesAt room for `limit` nodes of 16 bytes
 *  @param piecesAt room for the pieces, 12 bytes each: position in the target, bytes, position in the base */
export function startPieces(nodesAt: usize, limit: u32, piecesAt: usize): void {
  nodes = nodesAt;
  nodesMax = limit;
  nodeCount = 0;
  pieces = piecesAt;
  pieceCount = 0;
}

/** True while at least `count` more nodes fit. */
export function hasRoom(count: u32): bool {
  return nodeCount + count <= nodesMax;
}

export function addNode(position: u32, shift: i32, isGap: bool, parent: u32): u32 {
  const at = nodes + (<usize>nodeCount << 4);
  store<u32>(at, position);
  store<i32>(at, shift, 4);
  store<u32>(at, u32(isGap), 8);
  store<u32>(at, parent, 12);
  return nodeCount++;
}

/** Writes the pieces on the way to `node`, the last of which ends at `end`, and empties the tree. */
export function commit(node: u32, end: u32): void {
  let next = ROOT;
  while (node != ROOT) {
    const link = nodes + (<usize>node << 4) + 12;
    const parent = load<u32>(link);
    store<u32>(link, next);
    next = node;
    node = parent;
  }
  while (next != ROOT) {
    const at = nodes + (<usize>next << 4);
    const from = load<u32>(at);
    next = load<u32>(at, 12);
    const to = next == ROOT ? end : load<u32>(nodes + (<usize>next << 4));
    if (load<u32>(at, 8) == 0 && to > from) addPiece(from, to - from, <u32>(<i32>from + load<i32>(at, 4)));
  }
  nodeCount = 0;
}

/** Under `bytes` of the target from `from` on lie those of the base from `basePosition` on. */
export function addPiece(from: u32, bytes: u32, basePosition: u32): void {
  // What was followed beyond the end of the base has nothing under it.
  if (basePosition >= baseBytes) return;
  bytes = min(bytes, baseBytes - basePosition);
  const at = pieces + <usize>pieceCount * 12;
  if (pieceCount > 0) {
    const before = load<u32>(at - 8);
    if (load<u32>(at - 12) + before == from && load<u32>(at - 4) + before == basePosition) {
      store<u32>(at - 8, before + bytes);
      return;
    }
  }
  store<u32>(at, from);
  store<u32>(at, bytes, 4);
  store<u32>(at, basePosition, 8);
  pieceCount++;
}
