/**
 * The alignment at the head of a delta: which piece of the target follows the base where. Each piece is the gap before it, its
 * length, and its shift (position in the target minus position in the base) as a difference to one of the last four shifts.
 */
import { baseBytes, targetBytes } from './contents';
import { RECENT_SHIFTS } from './layout';
import { codeNumber, codeSigned } from './numbers';
import { isDecoding } from './range-coder';

const PIECE: u32 = 12;
let pieces: usize = 0;
let byBase: usize = 0;
export let pieceCount: u32 = 0;

/**
 * Codes the pieces. Encoding, they stand at `piecesAt` (12 bytes each: position, bytes, position in the base); decoding, they are
 * put there, at most `piecesMax`. `orderAt` is room for 4 bytes for each. False where what is read cannot be.
 */
export function codePieces(piecesAt: usize, count: u32, piecesMax: u32, orderAt: usize): bool {
  pieces = piecesAt;
  byBase = orderAt;
  pieceCount = 0;
  count = codeNumber(count, 0);
  if (count > piecesMax) return false;
  let end: u32 = 0;
  v128.store(RECENT_SHIFTS, i32x4.splat(0));
  for (let i: u32 = 0; i < count; i++) {
    const at = pieces + i * PIECE;
    const gap = codeNumber(load<u32>(at) - end, 1);
    const bytes = codeNumber(load<u32>(at, 4) - 1, gap == 0 ? 2 : 3) + 1;
    if (gap > targetBytes - end || bytes > targetBytes - end - gap) return false;
    const shift = codeShift(<i32>(load<u32>(at) - load<u32>(at, 8)));
    const from = <i64>(end + gap) - <i64>shift;
    if (from < 0 || from + <i64>bytes > <i64>baseBytes) return false;
    store<u32>(at, end + gap);
    store<u32>(at, bytes, 4);
    store<u32>(at, <u32>from, 8);
    end += gap + bytes;
  }
  sortPieces(count);
  return true;
}

/** Takes `count` pieces that stand at `piecesAt` already and are right; `orderAt` is room for 4 bytes for each. */
export function placePieces(piecesAt: usize, count: u32, orderAt: usize): void {
  pieces = piecesAt;
  byBase = orderAt;
  sortPieces(count);
}

function codeShift(shift: i32): i32 {
  let nearest: u32 = 0;
  if (!isDecoding) for (let i: u32 = 1; i < 4; i++) if (bitsOf(shift - recent(i)) < bitsOf(shift - recent(nearest)) - 2) nearest = i;
  nearest = codeNumber(nearest, 4);
  if (nearest > 3) nearest = 3;
  const from = recent(nearest);
  shift = from + codeSigned(shift - from, nearest == 0 ? 5 : 6);
  for (let i = nearest == 0 ? 3 : nearest; i > 0; i--) store<i32>(RECENT_SHIFTS + (i << 2), recent(i - 1));
  store<i32>(RECENT_SHIFTS, shift);
  return shift;
}

function recent(i: u32): i32 {
  return load<i32>(RECENT_SHIFTS + (i << 2));
}

function bitsOf(value: i32): i32 {
  return 32 - <i32>clz(<u32>abs(value));
}

export function pieceStart(i: u32): u32 {
  return load<u32>(pieces + i * PIECE);
}

export function pieceEnd(i: u32): u32 {
  return load<u32>(pieces + i * PIECE) + load<u32>(pieces + i * PIECE, 4);
}

export function pieceBase(i: u32): u32 {
  return load<u32>(pieces + i * PIECE, 8);
}

/** True where the last call of `shiftAt` found a piece. */
export let isShiftKnown: bool = false;

/** How far the byte at `at` of the base has moved: position in the target minus position in the base. */
export function shiftAt(at: u32): i32 {
  isShiftKnown = false;
  let from: u32 = 0;
  let to = pieceCount;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (pieceBase(load<u32>(byBase + (middle << 2))) <= at) from = middle + 1;
    else to = middle;
  }
  // Pieces may share old bytes: a few are looked at.
  for (let tries = 0; tries < 4 && from > 0; tries++, from--) {
    const piece = load<u32>(byBase + ((from - 1) << 2));
    const start = pieceBase(piece);
    if (at - start >= pieceEnd(piece) - pieceStart(piece)) continue;
    isShiftKnown = true;
    return <i32>(pieceStart(piece) - start);
  }
  return 0;
}

/** Puts the numbers of the pieces in the order of their positions in the base: a heap sort. */
function sortPieces(count: u32): void {
  pieceCount = count;
  for (let i: u32 = 0; i < pieceCount; i++) store<u32>(byBase + (i << 2), i);
  for (let i = pieceCount >>> 1; i > 0; i--) sink(i - 1, pieceCount);
  for (let end = pieceCount; end > 1; end--) {
    swap(0, end - 1);
    sink(0, end - 1);
  }
}

function sink(root: u32, end: u32): void {
  for (;;) {
    let child: u32 = 2 * root + 1;
    if (child >= end) return;
    if (child + 1 < end && isBefore(child, child + 1)) child++;
    if (!isBefore(root, child)) return;
    swap(root, child);
    root = child;
  }
}

function isBefore(a: u32, b: u32): bool {
  const first = load<u32>(byBase + (a << 2));
  const second = load<u32>(byBase + (b << 2));
  const left = pieceBase(first);
  const right = pieceBase(second);
  return left < right || (left == right && first < second);
}

function swap(a: u32, b: u32): void {
  const first = load<u32>(byBase + (a << 2));
  store<u32>(byBase + (a << 2), load<u32>(byBase + (b << 2)));
  store<u32>(byBase + (b << 2), first);
}
