/**
 * Finds which old bytes lie under which new bytes: the matching half of a delta.
 *
 * As in bsdiff (Percival, "Naive differences of executable code", 2003) a piece of the target follows the base at a fixed shift
 * and may differ in places. Which pieces is decided by dynamic programming over estimated costs: positions in a hash index
 * propose shifts, a beam of them is followed byte by byte, and the cheapest way through the target wins.
 *
 * Works on copies: it blanks operands in both contents.
 */
import { gap, HIT, jump, LEAVE, MISS, setRestCost, SLACK } from './align/costs';
import { base, baseBytes, exactRun, setContent, target, targetBytes } from './align/content';
import * as beam from './align/beam';
import { blankOperands } from './align/blank';
import { fetchKeys, hasKey, indexBase, lookUp, nextPosition } from './align/index';
import { KEY_BYTES } from './align/keys';
import { enterStretch, startStretches, stretchEnd } from './align/kinds';
import { addNode, commit, hasRoom, pieceCount, ROOT, startPieces } from './align/pieces';
import { isNear } from './align/near';
import { isStrange } from './align/strange';
import { steadyShift } from './align/tables';

/** An exact run of this length settles everything before it. */
const SETTLED_BYTES: u32 = 256;
/** Differences that a backward extension may contain. */
const BACKWARD_MISSES_MAX: i32 = 8;
/** Where nothing has been found for a while, a key more is passed over for each 8 that were looked up in vain. */
const PATIENCE: u32 = 8;
/** Keys passed over at most: what begins among them is found later, and taken from its beginning. */
const PASSED_MAX: u32 = 31;

/** Keys that are fetched together: the index and the base do not fit a processor's cache, and what is waited for together is waited for once. */
const FETCHED: u32 = 8;
/** The first of the keys that were fetched last. */
let fetchedFrom: u32 = 0;

let depth: i32 = 0;

/** The best of the beam. */
let best: i32 = 0;
/** Where the ring of branch points begins. */
let ringFrom: u32 = 0;

/** Both contents, with 24 readable bytes behind each. */
export function prepare(baseAt: usize, baseLength: u32, targetAt: usize, targetLength: u32): void {
  setContent(baseAt, baseLength, targetAt, targetLength);
  blankOperands(baseAt, baseLength);
  blankOperands(targetAt, targetLength);
}

/** See align/near.ts. @returns the number of pieces; 0 where the whole alignment is needed. */
export function near(tableAt: usize, tableBits: i32, piecesAt: usize): u32 {
  return isNear(tableAt, tableBits, piecesAt) ? pieceCount : 0;
}

/** See align/strange.ts. */
export function strange(tableAt: usize): bool {
  return isStrange(tableAt);
}

/** See align/index.ts. */
export function index(bucketsAt: usize, bucketBits: i32, entriesAt: usize, notesAt: usize, noteBits: i32, takenAt: usize, step: u32): void {
  indexBase(bucketsAt, bucketBits, entriesAt, notesAt, noteBits, takenAt, step);
}

/**
 * @param nodesAt room for `nodesMax` nodes of 16 bytes, at least 1024
 * @param piecesAt room for one piece of 12 bytes for each 4 bytes of the target, and one more
 * @param chainMax how many positions of one key are looked at
 * @param isForModel for context mixing, not for a patch
 * @returns the number of pieces
 */
export function align(nodesAt: usize, nodesMax: u32, piecesAt: usize, chainMax: i32, isForModel: bool): u32 {
  setRestCost(isForModel);
  startStretches();
  depth = chainMax;
  fetchedFrom = 0 - FETCHED;
  startPieces(nodesAt, nodesMax, piecesAt);
  restart(0, 0, true);
  let position: u32 = 0;
  let proposedAt = u32.MAX_VALUE;
  let lookAt: u32 = 0;
  let idle: u32 = 0;
  while (position < targetBytes) {
    if (position >= stretchEnd) enterStretch(position);
    const run = beam.live == 1 && !beam.isGap(0) ? exactRun(position, beam.shiftOf(0)) : 0;
    if (run > 0) {
      position = skip(position, run);
      continue;
    }
    if (position < lookAt && beam.live == 1 && beam.isGap(0)) {
      position = drift(position, min(lookAt, targetBytes));
      continue;
    }
    const holds = !beam.isGap(best) && exactRun(position, beam.shiftOf(best), 1) == 1;
    if (!holds && position >= lookAt && baseBytes >= KEY_BYTES && position + KEY_BYTES <= targetBytes) {
      const found = propose(position, proposedAt + 1 == position);
      proposedAt = position;
      idle = found || !beam.isGap(best) ? 0 : idle + 1;
      lookAt = position + 1 + min(idle / PATIENCE, PASSED_MAX);
    }
    step(position++, !holds);
    if (!hasRoom(beam.BEAM * 4)) {
      const shift = beam.shiftOf(best);
      const wasGap = beam.isGap(best);
      commit(beam.nodeOf(best), position);
      restart(position, shift, wasGap);
    }
  }
  commit(beam.nodeOf(best), targetBytes);
  return pieceCount;
}

function restart(position: u32, shift: i32, isGap: bool): void {
  beam.clearBeam();
  const node = addNode(position, shift, isGap, ROOT);
  beam.follow(shift, 0, node, isGap);
  beam.remember(position, 0, node, shift);
  best = 0;
  ringFrom = position;
}

/** Goes over `run` equal bytes with the only alignment there is. */
function skip(position: u32, run: u32): u32 {
  const cost = beam.costOf(0);
  const node = beam.nodeOf(0);
  const shift = beam.shiftOf(0);
  best = 0;
  for (let i = run > beam.RING ? run - beam.RING + 1 : 1; i <= run; i++) beam.remember(position + i, cost + <i32>i * HIT, node, shift);
  beam.setCost(0, cost + <i32>run * HIT);
  position += run;
  if (run > SETTLED_BYTES) {
    commit(node, position);
    restart(position, shift, false);
  }
  return position;
}

/** Goes to `end` with nothing to follow. */
function drift(position: u32, end: u32): u32 {
  const node = beam.nodeOf(0);
  const shift = beam.shiftOf(0);
  let cost = beam.costOf(0);
  for (; position < end; position++) beam.remember(position + 1, (cost += gap), node, shift);
  beam.setCost(0, cost);
  return end;
}

/** Adds the shifts that the index knows for the key at `position`, each from where it is cheapest to branch off. */
function propose(position: u32, wasProposedBefore: bool): bool {
  const from = target + position;
  let found = false;
  if (position - fetchedFrom >= FETCHED) {
    fetchedFrom = position;
    fetchKeys(from, min(FETCHED, targetBytes - KEY_BYTES + 1 - position));
  }
  lookUp(from);
  for (let left = depth; left > 0; left--) {
    const at = nextPosition();
    if (at == u32.MAX_VALUE) break;
    if (!hasKey(from, at)) continue;
    found = true;
    // Found one byte earlier already.
    if (wasProposedBefore && at > 0 && load<u8>(from - 1) == load<u8>(base + at - 1)) continue;
    const shift = <i32>(at - position);
    if (beam.isFollowed(shift) || !hasRoom(1)) continue;
    branch(position, at, shift);
  }
  return found;
}

function branch(position: u32, at: u32, shift: i32): void {
  let cost = 0;
  let misses = 0;
  let cheapest = i32.MAX_VALUE;
  let cheapestBack: u32 = 0;
  for (let back: u32 = 0; ; back++) {
    const total = beam.branchCost(position - back, shift) + cost;
    if (total < cheapest) {
      cheapest = total;
      cheapestBack = back;
    }
    if (back >= beam.RING - 2 || position - back <= ringFrom || at == back) break;
    if (load<u8>(target + position - back - 1) == load<u8>(base + at - back - 1)) cost += HIT;
    else {
      cost += MISS;
      if (++misses > BACKWARD_MISSES_MAX) break;
    }
  }
  const start = position - cheapestBack;
  beam.follow(shift, cheapest, addNode(start, shift, false, beam.branchNode(start)), false);
}

/** Takes the byte at `position` into the cost of every alignment and lets the hopeless go. */
function step(position: u32, mayLeave: bool): void {
  const leader = best;
  const leaderShift = beam.shiftOf(leader);
  let isLost = false;
  let cheapest = i32.MAX_VALUE;
  for (let i = 0; i < beam.live; i++) {
    let cost = gap;
    if (!beam.isGap(i)) {
      cost = beam.byteCost(i, position);
      if (i == leader && cost == MISS) isLost = true;
    }
    cost += beam.costOf(i);
    beam.setCost(i, cost);
    if (cost < cheapest) {
      cheapest = cost;
      best = i;
    }
  }
  if (isLost) searchTable(position, leaderShift);
  const shift = beam.shiftOf(best);
  const node = beam.nodeOf(best);
  cheapest = beam.costOf(best);
  beam.remember(position + 1, cheapest, node, shift);
  const hasGap = prune(cheapest, shift);
  if (mayLeave && !hasGap && beam.live < beam.BEAM) beam.follow(shift, cheapest + LEAVE, addNode(position + 1, shift, true, node), true);
}

function searchTable(position: u32, shift: i32): void {
  const steady = steadyShift(position, shift);
  if (steady == shift || beam.isFollowed(steady) || !hasRoom(1) || beam.live == beam.BEAM) return;
  const cost = beam.branchCost(position, steady) + MISS;
  beam.follow(steady, cost, addNode(position, steady, false, beam.branchNode(position)), false);
  if (cost < beam.costOf(best)) best = beam.live - 1;
}

/** Keeps what can still win; true where a gap is among it. */
function prune(cheapest: i32, shift: i32): bool {
  let hasGap = false;
  let kept = 0;
  let leader = 0;
  for (let i = 0; i < beam.live; i++) {
    const isGap = beam.isGap(i);
    const limit = isGap ? LEAVE : jump(beam.shiftOf(i), shift) + SLACK;
    if (i != best && beam.costOf(i) > cheapest + limit) continue;
    if (isGap) hasGap = true;
    if (i == best) leader = kept;
    if (kept != i) beam.move(kept, i);
    kept++;
  }
  beam.keep(kept);
  best = leader;
  return hasGap;
}
