/**
 * Probabilities and the domain in which they are mixed (logistic mixing: Mahoney, "Adaptive weighing of context models", 2005).
 * A probability of a one has 16 bits; a stretch is ln(p / (1 - p)) in units of 1/256, from -2047 to 2047.
 */
import { RECIPROCALS, SQUASH, STRETCH } from './layout';

/** exp(1 / 256), to the nearest double. */
const STEP: f64 = 1.0039138893383475;

/**
 * The tables. Powers of `STEP` are made by repeated multiplication of IEEE doubles, so that they are the same everywhere; `stretch`
 * is the inverse of `squash`: the least stretch whose probability is at least that in the middle of the 12-bit step.
 */
export function startSquash(): void {
  let power: f64 = 1;
  for (let x = 0; x < 2048; x++) {
    const p = <i32>(65536.0 * power / (power + 1.0) + 0.5);
    store<u16>(SQUASH + ((2048 + x) << 1), <u16>min(p, 65535));
    store<u16>(SQUASH + ((2048 - x) << 1), <u16>max(65536 - p, 1));
    power *= STEP;
  }
  store<u16>(SQUASH, load<u16>(SQUASH, 2));
  let x = -2047;
  for (let p = 0; p < 4096; p++) {
    while (x < 2047 && squash(x) < p * 16 + 8) x++;
    store<i16>(STRETCH + (p << 1), <i16>x);
  }
  for (let n = 0; n < 256; n++) store<u32>(RECIPROCALS + (n << 2), <u32>(65536.0 / (<f64>n + 1.6)));
}

// @ts-ignore: decorator
@inline
export function clampStretch(x: i32): i32 {
  return x > 2047 ? 2047 : x < -2047 ? -2047 : x;
}

/** @param x a stretch
 *  @returns 16 bits */
// @ts-ignore: decorator
@inline
export function squash(x: i32): i32 {
  return load<u16>(SQUASH + ((x + 2048) << 1));
}

/** @param p 12 bits */
// @ts-ignore: decorator
@inline
export function stretch(p: u32): i32 {
  return load<i16>(STRETCH + (p << 1));
}
