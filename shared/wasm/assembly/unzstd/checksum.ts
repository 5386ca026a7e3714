/** The checksum of a frame: the lower half of XXH64 of its plain bytes (Yann Collet's xxHash, seed 0). They are hashed where they lie. */
import { CHECKSUM, PLAIN } from './layout';

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x85ebca77c2b2ae63;
const P5: u64 = 0x27d4eb2f165667c5;

/** From here on the bytes are not hashed. */
let next: usize = PLAIN;
let total: u64 = 0;

export function startChecksum(at: usize): void {
  next = at;
  total = 0;
  store<u64>(CHECKSUM, P1 + P2);
  store<u64>(CHECKSUM, P2, 8);
  store<u64>(CHECKSUM, 0, 16);
  store<u64>(CHECKSUM, 0 - P1, 24);
}

export function moveChecksum(shift: usize): void {
  next -= shift;
}

/** The bytes go up to here: all whole stripes of them are hashed. */
export function addToChecksum(end: usize): void {
  let a = load<u64>(CHECKSUM);
  let b = load<u64>(CHECKSUM, 8);
  let c = load<u64>(CHECKSUM, 16);
  let d = load<u64>(CHECKSUM, 24);
  for (; next + 32 <= end; next += 32) {
    a = round(a, load<u64>(next));
    b = round(b, load<u64>(next, 8));
    c = round(c, load<u64>(next, 16));
    d = round(d, load<u64>(next, 24));
    total += 32;
  }
  store<u64>(CHECKSUM, a);
  store<u64>(CHECKSUM, b, 8);
  store<u64>(CHECKSUM, c, 16);
  store<u64>(CHECKSUM, d, 24);
}

/** Of all bytes up to `end`. */
export function checksum(end: usize): u32 {
  let hash: u64 = P5;
  if (total > 0) {
    hash = 0;
    for (let i: usize = 0; i < 4; i++) {
      const shift: u64 = i == 0 ? 1 : i == 1 ? 7 : i == 2 ? 12 : 18;
      hash += rotl<u64>(load<u64>(CHECKSUM + (i << 3)), shift);
    }
    for (let i: usize = 0; i < 4; i++) hash = (hash ^ round(0, load<u64>(CHECKSUM + (i << 3)))) * P1 + P4;
  }
  hash += total + <u64>(end - next);
  let at = next;
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * P1 + P4;
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * P1), 23) * P2 + P3;
    at += 4;
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * P5), 11) * P1;
  hash = (hash ^ (hash >>> 33)) * P2;
  hash = (hash ^ (hash >>> 29)) * P3;
  return <u32>(hash ^ (hash >>> 32));
}

// @ts-ignore: a decorator of the compiler
@inline
function round(state: u64, lane: u64): u64 {
  return rotl<u64>(state + lane * P2, 31) * P1;
}
