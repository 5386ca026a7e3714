/** The sequences of the block at hand: literal length, match length less three, offset value (RFC 8878, 3.1.1.5: 1 to 3 repeat a distance). */
import { BLOCK_BYTES_MAX, LITERALS, PLAIN, REPEATS, REPEATS_FOUND, SEQUENCES, SEQUENCES_MAX, WINDOW } from './layout';

export let sequences: u32 = 0;
/** Bytes of their literals and matches. */
export let sequenceBytes: u32 = 0;
let matchBytes: u32 = 0;

export function clearSequences(): void {
  sequences = 0;
  sequenceBytes = 0;
  matchBytes = 0;
}

// @ts-ignore: a decorator of the compiler
@inline
export function sequenceAt(index: u32): usize {
  return SEQUENCES + (<usize>index << 4);
}

/** False where a block cannot hold it. */
export function addSequence(literals: u32, match: u32, offset: u32): bool {
  if (sequences == SEQUENCES_MAX || literals > BLOCK_BYTES_MAX || match > BLOCK_BYTES_MAX) return false;
  const at = sequenceAt(sequences++);
  store<u32>(at, literals);
  store<u32>(at, match, 4);
  store<u32>(at, offset, 8);
  sequenceBytes += literals + match + 3;
  matchBytes += match + 3;
  return sequenceBytes <= BLOCK_BYTES_MAX;
}

/** Of a block of so many plain bytes those that are in no match. */
export function literalBytes(blockBytes: u32): u32 {
  return blockBytes - matchBytes;
}

/** Collects the literals of the block that begins there. */
export function gatherLiterals(block: usize, blockBytes: u32): void {
  let from = block;
  let to = LITERALS;
  for (let i: u32 = 0; i < sequences; i++) {
    const literals = load<u32>(sequenceAt(i));
    memory.copy(to, from, literals);
    to += literals;
    from += literals + load<u32>(sequenceAt(i), 4) + 3;
  }
  memory.copy(to, from, block + blockBytes - from);
}

/** At the start of a frame. */
export function startRepeats(): void {
  store<u32>(REPEATS, 1);
  store<u32>(REPEATS, 4, 4);
  store<u32>(REPEATS, 8, 8);
}

/** Finding sequences begins with what the decoder knows, and may end with it. */
export function copyRepeats(): void {
  memory.copy(REPEATS_FOUND, REPEATS, 12);
}

export function keepRepeats(): void {
  memory.copy(REPEATS, REPEATS_FOUND, 12);
}

/** The distance that an offset value means; the repeated distances follow. 0: there is none. */
export function distanceOf(repeats: usize, offset: u32, literals: u32): u32 {
  const first = load<u32>(repeats);
  if (offset > 3) {
    store<u32>(repeats, load<u32>(repeats, 4), 8);
    store<u32>(repeats, first, 4);
    store<u32>(repeats, offset - 3);
    return offset - 3;
  }
  const which = literals == 0 ? offset : offset - 1;
  if (which == 0) return first;
  const distance = which == 3 ? first - 1 : load<u32>(repeats + (<usize>which << 2));
  if (which != 1) store<u32>(repeats, load<u32>(repeats, 4), 8);
  store<u32>(repeats, first, 4);
  store<u32>(repeats, distance);
  return distance;
}

/**
 * Writes the plain bytes of the block to `out`, from the sequences and the literals. False where a match begins before `start` or the window,
 * or the block is too long; `end` says where it ends.
 */
export function writePlain(out: usize, start: usize, literalsTotal: u32): bool {
  let from = LITERALS;
  let to = out;
  let left = literalsTotal;
  for (let i: u32 = 0; i < sequences; i++) {
    const at = sequenceAt(i);
    const literals = load<u32>(at);
    const length = load<u32>(at, 4) + 3;
    if (literals > left) return false;
    const distance = distanceOf(REPEATS, load<u32>(at, 8), literals);
    memory.copy(to, from, literals);
    from += literals;
    left -= literals;
    to += literals;
    if (distance == 0 || distance > WINDOW || <usize>distance > to - start) return false;
    copyMatch(to, to - distance, length, distance);
    to += length;
  }
  if (<u32>(to - out) + left > BLOCK_BYTES_MAX) return false;
  memory.copy(to, from, left);
  end = to + left;
  return true;
}

export let end: usize = PLAIN;

function copyMatch(to: usize, from: usize, length: u32, distance: u32): void {
  if (distance >= length) {
    memory.copy(to, from, length);
    return;
  }
  for (let i: usize = 0; i < length; i++) store<u8>(to + i, load<u8>(from + i));
}
