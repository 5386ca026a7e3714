/**
 * An adaptive probability in 32 bits: the chance of a one in the upper 22 bits, offset by one half so that zeroed memory means
 * "even odds", and in the lower 10 how often it was updated. It moves by 1 / (n + 1.6) of the error, at least 1 / 256.6.
 */
import { RECIPROCALS } from './layout';

const HALF: u32 = 0x80000000;
const COUNT_MAX: u32 = 255;

/** 12 bits. */
// @ts-ignore: decorator
@inline
export function chance(counter: u32): u32 {
  return (counter ^ HALF) >>> 20;
}

/** How often it was updated, up to 255. */
// @ts-ignore: decorator
@inline
export function updates(counter: u32): u32 {
  return counter & 1023;
}

/** @param p 22 bits */
export function makeCounter(p: u32): u32 {
  return (p << 10) ^ HALF;
}

// @ts-ignore: decorator
@inline
export function updateCounter(at: usize, bit: u32): void {
  const counter = load<u32>(at) ^ HALF;
  const n = counter & 1023;
  const p = <i32>(counter >>> 10);
  const goal = <i32>(bit * 0x3fffff);
  const next = p + <i32>((<i64>(goal - p) * <i64>load<u32>(RECIPROCALS + (n << 2))) >> 16);
  store<u32>(at, (((<u32>next << 10) | (n + u32(n < COUNT_MAX))) ^ HALF));
}
