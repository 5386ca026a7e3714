/**
 * Content that was built anew and is nearly what it was (other times and versions in the same files): places in the base are looked up
 * one in 32, and no index is made. What does not turn out as near as that is left to the whole alignment.
 */
import { base, baseBytes, exactRun, target, targetBytes } from './content';
import { isRun } from './keys';
import { addPiece, pieceCount, startPieces } from './pieces';

/** Every how many bytes a position of the base is noted, and by how many bytes it is found. */
const STEP: u32 = 32;
const KEY_BYTES: u32 = 16;
/** Bytes that differ at once, at most, where the same shift goes on, and those that must agree behind them. */
const DIFFERENT_MAX: u32 = 24;
const AGREEING_MIN: u32 = 24;
/** How far ahead a new shift is looked for; the bytes that agree where it is certain, and how many places are compared where none is. */
const SEARCHED_MAX: u32 = 4096;
const CERTAIN: u32 = 512;
const COMPARED_MAX: u32 = 64;
/** Of less than this there is little to save. */
const TARGET_BYTES_MIN: u32 = 1 << 16;
/** One byte in so many may differ, one piece begin, one byte lie under no piece. */
const DIFFERENT_SHARE: u32 = 256;
const PIECE_SHARE: u32 = 4096;
const REST_SHARE: u32 = 8192;

let table: usize = 0;
let tableShift: u64 = 0;
/** Position in the base less that in the target. */
let shift: i32 = 0;

/**
 * Puts pieces where `startPieces` says; false where the target is not near the base: nothing is left in the table, and in their place.
 * @param tableAt room for `4 << tableBits` bytes, all zero
 */
export function isNear(tableAt: usize, tableBits: i32, piecesAt: usize): bool {
  if (targetBytes < TARGET_BYTES_MIN || baseBytes < TARGET_BYTES_MIN) return false;
  table = tableAt;
  tableShift = 64 - tableBits;
  for (let at: u32 = 0; at + KEY_BYTES <= baseBytes; at += STEP) {
    if (!isRun(base + at)) store<u32>(placeOf(base + at), at + 1);
  }
  startPieces(0, 0, piecesAt);
  if (cover()) return true;
  memory.fill(table, 0, <usize>4 << tableBits);
  memory.fill(piecesAt, 0, <usize>pieceCount * 12);
  return false;
}

function cover(): bool {
  let from: u32 = 0;
  let position: u32 = 0;
  let different: u32 = 0;
  let rest: u32 = 0;
  shift = 0;
  while (true) {
    position += exactRun(position, shift);
    const next = position == targetBytes ? position : goesOnAt(position);
    if (next != 0 && next < targetBytes) {
      different += next - position;
      position = next;
      if (different > targetBytes / DIFFERENT_SHARE) return false;
      continue;
    }
    const before = shift;
    const found = position == targetBytes ? position : findPlace(position);
    if (found == u32.MAX_VALUE) return false;
    if (found < targetBytes && shift == before) {
      different += found - position;
      position = found;
      continue;
    }
    if (position > from) addPiece(from, position - from, from + before);
    if (position == targetBytes) return true;
    if (pieceCount > targetBytes / PIECE_SHARE) return false;
    from = found;
    while (from > position && <i32>from + shift > 0 && load<u8>(target + from - 1) == load<u8>(base + (from + shift) - 1)) from--;
    const left = from - position;
    if (left <= DIFFERENT_MAX && <i32>position + shift >= 0) {
      from = position;
      different += left;
      position += left;
    } else {
      rest += left;
      position = from;
    }
    if (rest > targetBytes / REST_SHARE) return false;
  }
}

/** Where both agree again under the same shift, after a few bytes that differ at `position`; 0: nowhere near. */
function goesOnAt(position: u32): u32 {
  for (let at = position + 1; at <= position + DIFFERENT_MAX && at < targetBytes; at++) {
    const run = exactRun(at, shift, AGREEING_MIN);
    if (run == AGREEING_MIN || (run > 0 && at + run == targetBytes)) return at;
  }
  return 0;
}

/** The position of the target from `position` on where most bytes agree, under the same shift or another whose key was noted: that is the shift from then on. */
function findPlace(position: u32): u32 {
  const end = min(position + SEARCHED_MAX, targetBytes - AGREEING_MIN);
  const before = shift;
  let found = u32.MAX_VALUE;
  let most = AGREEING_MIN - 1;
  let compared: u32 = 0;
  for (let at = position; at < end && compared < COMPARED_MAX && most < CERTAIN; at++) {
    const run = exactRun(at, before, CERTAIN);
    if (run > most) {
      found = at;
      most = run;
      shift = before;
    }
    const noted = isRun(target + at) ? 0 : load<u32>(placeOf(target + at));
    if (noted == 0) continue;
    const other = <i32>(noted - 1) - <i32>at;
    const otherRun = exactRun(at, other, CERTAIN);
    compared++;
    if (otherRun <= most) continue;
    found = at;
    most = otherRun;
    shift = other;
  }
  return found;
}

// @ts-ignore: decorator
@inline
function placeOf(from: usize): usize {
  const key = (load<u64>(from) * 0x9e3779b97f4a7c15) ^ load<u64>(from, 8);
  return table + (<usize>((key * 0x9e3779b97f4a7c15) >> tableShift) << 2);
}
