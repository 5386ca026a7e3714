/** What is text and what is not, by stretches of the target. */
import { target, targetBytes } from './content';
import { setCosts } from './costs';

/** Bytes that are of one kind. */
const STRETCH: u32 = 16384;
/** Text has no zero bytes and few other control characters: at most one in this many bytes. */
const CONTROL_RATIO: u32 = 200;

/** Where the stretch ends whose costs count. */
export let stretchEnd: u32 = 0;

export function startStretches(): void {
  stretchEnd = 0;
}

/** Takes up the costs of the stretch at `position`. */
export function enterStretch(position: u32): void {
  const from = position - (position % STRETCH);
  stretchEnd = min(from + STRETCH, targetBytes);
  setCosts(isText(target + from, stretchEnd - from));
}

function isText(from: usize, bytes: u32): bool {
  let control: u32 = 0;
  for (let at: u32 = 0; at < bytes; at++) {
    const byte = load<u8>(from + at);
    if (byte == 0) return false;
    if (byte < 9 || (byte > 13 && byte < 32)) control++;
  }
  return control * CONTROL_RATIO <= bytes;
}
