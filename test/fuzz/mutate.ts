/** Inputs that are almost right: bytes of a corpus with a few things changed. No coverage is looked at, so every change is a guess. */

import { copyBytes } from '../../shared/bytes.ts';

/** A number below `bound`, from 0. */
export type Random = (bound: number) => number;

/** mulberry32 (Tommy Ettinger, public domain): the same numbers for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

/** Bytes that stand at the edges of what formats allow: signs, lengths, ends of varints. */
const EDGES = [0, 1, 2, 3, 0x0f, 0x10, 0x1f, 0x20, 0x2f, 0x30, 0x37, 0x38, 0x7e, 0x7f, 0x80, 0x81, 0xc1, 0xfe, 0xff];
const LONG = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0x7f],
  [0x00, 0x00, 0x00, 0x80],
  [0xff, 0xff, 0x03],
];

type Change = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

function spliced(bytes: Uint8Array, from: number, to: number, put: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(from + put.length + bytes.byteLength - to);
  out.set(bytes.subarray(0, from));
  out.set(put, from);
  out.set(bytes.subarray(to), from + put.length);
  return out;
}

/** A place, near the front more often than not: that is where lengths and counts stand. */
function place(bytes: Uint8Array, random: Random): number {
  return random(random(2) === 0 ? Math.min(bytes.byteLength, 64) + 1 : bytes.byteLength + 1);
}

function stretch(bytes: Uint8Array, random: Random): [number, number] {
  const from = place(bytes, random);
  return [from, Math.min(bytes.byteLength, from + 1 + random(random(4) === 0 ? 600 : 8))];
}

const CHANGES: readonly Change[] = [
  // One bit.
  (bytes, _other, random) => {
    const out = copyBytes(bytes);
    const at = place(bytes, random);
    if (at < out.byteLength) out[at] = (out[at] as number) ^ (1 << random(8));
    return out;
  },
  // One byte: an edge, or one beside what it was.
  (bytes, _other, random) => {
    const out = copyBytes(bytes);
    const at = place(bytes, random);
    if (at < out.byteLength) out[at] = random(2) === 0 ? (EDGES[random(EDGES.length)] as number) : (out[at] as number) + random(5) - 2;
    return out;
  },
  // A long number in place of a few bytes.
  (bytes, _other, random) => {
    const [from, to] = stretch(bytes, random);
    return spliced(bytes, from, random(2) === 0 ? from : to, LONG[random(LONG.length)] as number[]);
  },
  // A stretch goes.
  (bytes, _other, random) => spliced(bytes, ...stretch(bytes, random), []),
  // A stretch comes twice, somewhere.
  (bytes, _other, random) => {
    const at = place(bytes, random);
    return spliced(bytes, at, at, bytes.subarray(...stretch(bytes, random)));
  },
  // A stretch of zeros, or of noise.
  (bytes, _other, random) => {
    const [from, to] = stretch(bytes, random);
    const isNoise = random(2) === 0;
    return spliced(
      bytes,
      from,
      to,
      Uint8Array.from({ length: to - from }, () => (isNoise ? random(256) : 0)),
    );
  },
  // The end is missing.
  (bytes, _other, random) => bytes.subarray(0, random(bytes.byteLength + 1)),
  // A stretch of another input, or its end.
  (bytes, other, random) => {
    const at = place(bytes, random);
    return random(2) === 0 ? spliced(bytes, at, at, other.subarray(...stretch(other, random))) : spliced(bytes, at, bytes.byteLength, other.subarray(place(other, random))); // prettier-ignore
  },
];

/** One to six changes to `bytes`; never longer than `max`. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random, max: number): Uint8Array {
  let changed = bytes;
  for (let left = 1 + random(random(3) === 0 ? 6 : 2); left > 0; left--) {
    changed = (CHANGES[random(CHANGES.length)] as Change)(changed, other, random);
  }
  return changed.byteLength > max ? changed.slice(0, max) : changed;
}
