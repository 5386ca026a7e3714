/**
 * Tables of addresses (relocations, frame headers) in which every entry changed by the same amount share no bytes with their old
 * version, so no key finds them again behind an inserted entry. Here the neighbourhood of an alignment is searched for a shift
 * under which the differences stay the same from entry to entry.
 */
import { base, baseBytes, target, targetBytes } from './content';

/** How far an entry may have moved, in bytes. */
const NEAR: i32 = 96;

/** The nearest shift to `shift` that makes the dword at `position` part of such a table; `shift` itself where there is none or no need. */
export function steadyShift(position: u32, shift: i32): i32 {
  const dword = position & ~3;
  const at = dword + shift;
  if (dword + 64 > targetBytes || at < 128 || at + 256 > baseBytes || at > baseBytes) return shift;
  if (isSteady(dword, shift) || isSteady(dword + 4, shift)) return shift;
  for (let step = 4; step <= NEAR; step += 4) {
    if (isSteady(dword, shift + step)) return shift + step;
    if (isSteady(dword, shift - step)) return shift - step;
  }
  return shift;
}

/** Entries of 8 or of 24 bytes. */
function isSteady(dword: u32, shift: i32): bool {
  const difference = differenceAt(dword, shift);
  if (difference == 0) return false;
  if (difference == differenceAt(dword + 8, shift)) return difference == differenceAt(dword + 16, shift);
  return difference == differenceAt(dword + 24, shift) && difference == differenceAt(dword + 48, shift);
}

// @ts-ignore: decorator
@inline
function differenceAt(dword: u32, shift: i32): u32 {
  return load<u32>(target + dword) - load<u32>(base + dword + shift);
}
