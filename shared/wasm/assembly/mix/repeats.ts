/**
 * Finds earlier occurrences of the last bytes, in the base and in the target (the match model of lpaq): a table leads from a hash
 * of the last six bytes to where they were met last.
 */
import { base, baseBytes, position, target } from './contents';

const KEY_BYTES: u32 = 6;
/** An occurrence has to agree in as many bytes. */
const AGREEING_MIN: u32 = 6;
const AGREEING_MAX: u32 = 64;

let table: usize = 0;
let shift: u64 = 0;
/** The address of the byte behind the occurrence that is followed; 0: none. */
export let repeat: usize = 0;
/** In how many bytes it agrees, counted up to 65535. */
export let repeatBytes: u32 = 0;
/** The last outcomes of following, the newest lowest: 1 = it ended. */
export let repeatEnds: u32 = 0;

/** @param bits the table has `1 << bits` words of zeroed memory */
export function startRepeats(at: usize, bits: u32): void {
  table = at;
  shift = 64 - bits;
  repeat = 0;
  repeatBytes = 0;
  repeatEnds = 0;
  const half: u32 = 1 << (bits - 1);
  const step = max<u32>(1, (baseBytes + half - 1) / half);
  for (let i: u32 = 8; i < baseBytes; i += step) store<u32>(entryFor(base + i), <u32>(base + i));
}

/** Takes the byte just appended. */
export function passRepeat(byte: u32): void {
  if (repeat != 0) {
    if (load<u8>(repeat) == byte) {
      repeat++;
      if (repeatBytes < 65535) repeatBytes++;
      repeatEnds <<= 1;
    } else {
      repeat = 0;
      repeatBytes = 0;
      repeatEnds = (repeatEnds << 1) | 1;
    }
  }
  findRepeat();
}

/** Ends what is followed, and looks again: bytes were passed over. */
export function restartRepeat(): void {
  repeat = 0;
  repeatBytes = 0;
  findRepeat();
}

function findRepeat(): void {
  if (position < 8) return;
  const here = target + position;
  const entry = entryFor(here);
  if (repeat == 0) {
    const there = <usize>load<u32>(entry);
    if (there != 0) {
      let agreeing: u32 = 0;
      while (agreeing < AGREEING_MAX && agreeing < position && load<u8>(there - 1 - agreeing) == load<u8>(here - 1 - agreeing)) agreeing++;
      if (agreeing >= AGREEING_MIN) {
        repeat = there;
        repeatBytes = agreeing;
      }
    }
  }
  store<u32>(entry, <u32>here);
}

/** True where the bytes around the expected one are known: it lies in the base or far enough back. */
export function isRepeatSettled(): bool {
  return repeat + 8 <= target + position || repeat >= target + position;
}

// @ts-ignore: decorator
@inline
function entryFor(end: usize): usize {
  return table + (<usize>(((load<u64>(end - 8) >> 16) * 0x9e3779b97f4a7c15) >> shift) << 2);
}
