/**
 * Logistic mixing of 16 inputs, and the refinement of a probability by what came true (adaptive probability maps; both from
 * PAQ, Mahoney 2005). Inputs are stretches as i16; a row of weights is 16 i32 with 65536 = 1.
 */
import { REFINE_ROW } from './layout';
import { clampStretch, squash } from './squash';

/** Weights of one row: bytes. */
export const ROW: u32 = 64;

export function startWeights(at: usize, rows: u32, weight: i32): void {
  fill32(at, rows * 16, weight);
}

/** The weighted sum of the inputs, a stretch. */
// @ts-ignore: decorator
@inline
export function mix(inputs: usize, weights: usize): i32 {
  const low = i16x8.narrow_i32x4_s(i32x4.shr_s(v128.load(weights), 4), i32x4.shr_s(v128.load(weights, 16), 4));
  const high = i16x8.narrow_i32x4_s(i32x4.shr_s(v128.load(weights, 32), 4), i32x4.shr_s(v128.load(weights, 48), 4));
  const sum = i32x4.add(i32x4.dot_i16x8_s(v128.load(inputs), low), i32x4.dot_i16x8_s(v128.load(inputs, 16), high));
  const pair = i32x4.add(sum, i8x16.shuffle(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return clampStretch((i32x4.extract_lane(pair, 0) + i32x4.extract_lane(pair, 1)) >> 12);
}

/** Moves the weights along the error of `mix`'s result: `p` is the squash of that result, `rate` of the order of 16. */
// @ts-ignore: decorator
@inline
export function learn(inputs: usize, weights: usize, bit: u32, p: i32, rate: i32): void {
  const error = min(max((((<i32>bit << 16) - p) * rate) >> 5, -32767), 32767);
  const errors = i16x8.splat(<i16>error);
  const low = v128.load(inputs);
  const high = v128.load(inputs, 16);
  adjust(weights, i32x4.extmul_low_i16x8_s(low, errors));
  adjust(weights + 16, i32x4.extmul_high_i16x8_s(low, errors));
  adjust(weights + 32, i32x4.extmul_low_i16x8_s(high, errors));
  adjust(weights + 48, i32x4.extmul_high_i16x8_s(high, errors));
}

// @ts-ignore: decorator
@inline
function adjust(weights: usize, change: v128): void {
  v128.store(weights, i32x4.add(v128.load(weights), i32x4.shr_s(i32x4.add(change, i32x4.splat(1 << 13)), 14)));
}

/** Every row maps a stretch to its own probability: 33 points, 128 apart, at first the identity. */
export function startRefine(at: usize, rows: u32): void {
  for (let i = 0; i < 33; i++) store<u16>(at + (i << 1), <u16>squash(clampStretch((i - 16) << 7)));
  for (let row: u32 = 1; row < rows; row++) memory.copy(at + row * REFINE_ROW, at, REFINE_ROW);
}

/** The probability, 16 bits, between the two points around stretch `x`. */
// @ts-ignore: decorator
@inline
export function refine(row: usize, x: i32): i32 {
  const at = row + (((x + 2048) >> 7) << 1);
  const part = (x + 2048) & 127;
  return (<i32>load<u16>(at) * (128 - part) + <i32>load<u16>(at, 2) * part) >> 7;
}

/** Moves the nearer point by 1/64 of its error. */
// @ts-ignore: decorator
@inline
export function refineLearn(row: usize, x: i32, bit: u32): void {
  const at = row + (((x + 2048 + 64) >> 7) << 1);
  const p = <i32>load<u16>(at);
  store<u16>(at, <u16>(p + ((<i32>(bit * 65535) - p) >> 6)));
}

function fill32(at: usize, count: u32, value: i32): void {
  for (let i: u32 = 0; i < count; i++) store<i32>(at + (i << 2), value);
}
