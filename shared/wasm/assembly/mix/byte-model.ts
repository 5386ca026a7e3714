/**
 * A byte, bit by bit: eight contexts (orders 1 to 6 and others; in aligned content, contexts of the old bytes), each with the
 * history of bits that followed it and an adaptive probability for that history, mixed with what an earlier occurrence says
 * (Mahoney's lpaq). Each bit is refined twice.
 */
import { before4, hash2, last4, position, word } from './contents';
import { chance, makeCounter, updateCounter } from './counter';
import {
  BYTE_CONTEXTS,
  BYTE_HASHES,
  BYTE_INPUTS,
  BYTE_MAPS,
  BYTE_REFINE,
  BYTE_REFINE_ROWS,
  BYTE_SLOTS,
  BYTE_STATES,
  BYTE_WEIGHTS,
  BYTE_WEIGHT_ROWS,
  GUESS_MAPS,
  REFINE_ROW,
  STATE_COUNTS,
  STATE_NEXT,
} from './layout';
import { learn, mix, refine, refineLearn, ROW, startRefine, startWeights } from './mixer';
import { differences, hits, old } from './old-bytes';
import { codeBit } from './range-coder';
import { repeat, repeatBytes, repeatEnds } from './repeats';
import { findSlot, touchSlot } from './slots';
import { clampStretch, squash, stretch } from './squash';

const RATE: i32 = 14;
const MAP: u32 = 256 * 4;

let tree: u32 = 1;
let bits: u32 = 0;
let isAligned: u32 = 0;
let touched: u32 = 0;
/** What an earlier occurrence says the byte is; with bit 8 set, so that 0 is no guess. */
let guess: u32 = 0;
let guessAt: usize = 0;
let guessByteAt: usize = 0;
let stretched: i32 = 0;
let first: usize = 0;
let second: usize = 0;
let third: usize = 0;
let firstMix: i32 = 0;
let secondMix: i32 = 0;
let thirdMix: i32 = 0;
let refineFirst: usize = 0;
let refineSecond: usize = 0;

export function startByteModel(): void {
  startWeights(BYTE_WEIGHTS, BYTE_WEIGHT_ROWS, 14000);
  startRefine(BYTE_REFINE, BYTE_REFINE_ROWS);
  for (let state = 0; state < 256; state++) {
    const zeros = <u32>load<u8>(STATE_COUNTS + (state << 1));
    const ones = <u32>load<u8>(STATE_COUNTS + (state << 1), 1);
    const counter = makeCounter(((ones * 2 + 1) * 0x3fffff) / (zeros * 2 + ones * 2 + 2));
    for (let i: u32 = 0; i < BYTE_CONTEXTS * 2; i++) store<u32>(BYTE_MAPS + i * MAP + (state << 2), counter);
  }
}

/** Codes one byte; `aligned` where `old` is the old byte, which it is not. */
export function codeByte(byte: u32, aligned: bool): u32 {
  isAligned = u32(aligned);
  guess = repeat != 0 ? 256 | load<u8>(repeat) : 0;
  if (aligned) hashOldContexts();
  else hashContexts();
  tree = 1;
  findSlots();
  for (bits = 0; bits < 8; bits++) {
    if (bits == 4) findSlots();
    const p = predict();
    const bit = codeBit((byte >>> (7 - bits)) & 1, p);
    update(bit);
    tree = (tree << 1) | bit;
  }
  return tree & 255;
}

function hashContexts(): void {
  const c1 = last4 & 0xff;
  context(0, c1);
  context(1, last4 & 0xffff);
  context(2, last4 & 0xffffff);
  context(3, last4);
  context(4, hash2(last4, before4 & 0xffff));
  context(5, hash2(word, c1));
  context(6, hash2(last4 & 0x00ffff00, 0x600));
  context(7, hash2(last4 & 0xffff0000, 0x700));
}

function hashOldContexts(): void {
  const c1 = last4 & 0xff;
  const e0 = <u32>load<u8>(old);
  const before = bswap(load<u32>(old - 4));
  const ahead = load<u32>(old, 1);
  context(0, 0x80000000 | e0 | ((hits & 0xff) << 8));
  context(1, hash2(e0 | (c1 << 8) | ((before & 0xff) << 16), 1));
  context(2, hash2(e0 | ((last4 & 0xffff) << 8), 2));
  context(3, hash2(e0 | ((before & 0xffff) << 8) | (ahead << 24), 3));
  context(4, hash2(e0 | ((differences & 0xffff) << 8), 4));
  context(5, hash2(last4, 5));
  context(6, hash2(last4 & 0xffff, 6));
  context(7, hash2(last4 & 0xffffff, 7 | (e0 << 8)));
}

// @ts-ignore: decorator
@inline
function context(i: u32, hash: u32): void {
  store<u32>(BYTE_HASHES + (i << 2), (hash ^ (i * 0x9e3779b1)) * 0x85ebca6b + i);
}

/** The slots for the next four bits. */
function findSlots(): void {
  let sum: u32 = 0;
  const salt = tree * 0x3d4d51cb;
  for (let i: u32 = 0; i < BYTE_CONTEXTS; i++) {
    let h = load<u32>(BYTE_HASHES + (i << 2)) + salt;
    h ^= h >>> 16;
    h *= 0x7feb352d;
    h ^= h >>> 15;
    store<u32>(BYTE_SLOTS + (i << 2), h);
    sum += touchSlot(h);
  }
  touched = sum;
  for (let i: u32 = 0; i < BYTE_CONTEXTS; i++) store<u32>(BYTE_SLOTS + (i << 2), <u32>findSlot(load<u32>(BYTE_SLOTS + (i << 2))));
}

function predict(): u32 {
  const node = bits < 4 ? tree : (1 << (bits - 4)) | (tree & ((1 << (bits - 4)) - 1));
  const maps = BYTE_MAPS + isAligned * BYTE_CONTEXTS * MAP;
  for (let i: u32 = 0; i < BYTE_CONTEXTS; i++) {
    const at = load<u32>(BYTE_SLOTS + (i << 2)) + node;
    const state = <usize>load<u8>(at);
    const map = maps + i * MAP + (state << 2);
    store<u32>(BYTE_STATES + (i << 2), at);
    const p = chance(load<u32>(map));
    store<i16>(BYTE_INPUTS + (i << 1), state == 0 ? 0 : <i16>stretch(p));
    if (i < 5) store<i16>(BYTE_INPUTS + 22 + (i << 1), state == 0 ? 0 : <i16>((<i32>p - 2048) >> 1));
  }
  predictGuess();
  store<i16>(BYTE_INPUTS + 20, 256);
  const c1 = last4 & 0xff;
  const e0 = isAligned ? <u32>load<u8>(old) : 0;
  const guessed = guess == 0 ? 0 : 1 + min<u32>(repeatBytes >>> 2, 14);
  first = BYTE_WEIGHTS + (tree | (isAligned << 8)) * ROW;
  second = BYTE_WEIGHTS + (2048 + ((guessed << 3) | bits | (isAligned << 7))) * ROW;
  third = BYTE_WEIGHTS + (4096 + (isAligned ? 256 + e0 : c1)) * ROW;
  firstMix = mix(BYTE_INPUTS, first);
  secondMix = mix(BYTE_INPUTS, second);
  thirdMix = mix(BYTE_INPUTS, third);
  stretched = (firstMix + secondMix + thirdMix) / 3;
  refineFirst = BYTE_REFINE + (tree | (isAligned << 8)) * REFINE_ROW;
  refineSecond = BYTE_REFINE + (1024 + (hash2(last4 & 0xffff, tree | (e0 << 8) | (isAligned << 16)) >>> 19)) * REFINE_ROW;
  const p = (squash(stretched) + refine(refineFirst, stretched) + refine(refineSecond, stretched) * 2 + 2) >> 2;
  return min(max(p, 16), 65520);
}

/** Two inputs from the earlier occurrence: by its length, and by the byte it promises. Zero once a bit was otherwise. */
function predictGuess(): void {
  if (guess != 0 && guess >>> (8 - bits) != tree) guess = 0;
  if (guess == 0) {
    store<u32>(BYTE_INPUTS + 16, 0);
    return;
  }
  const bit = (guess >>> (7 - bits)) & 1;
  guessAt = GUESS_MAPS + <usize>((((min<u32>(repeatBytes, 63) << 4) | (repeatEnds & 7) << 1 | bit) << 1 | isAligned) << 2);
  guessByteAt = GUESS_MAPS + <usize>((65536 + (((guess & 255) << 3) | bits) * 2 + isAligned) << 2);
  store<i16>(BYTE_INPUTS + 16, <i16>stretch(chance(load<u32>(guessAt))));
  store<i16>(BYTE_INPUTS + 18, <i16>stretch(chance(load<u32>(guessByteAt))));
}

function update(bit: u32): void {
  const maps = BYTE_MAPS + isAligned * BYTE_CONTEXTS * MAP;
  for (let i: u32 = 0; i < BYTE_CONTEXTS; i++) {
    const at = <usize>load<u32>(BYTE_STATES + (i << 2));
    const state = <usize>load<u8>(at);
    updateCounter(maps + i * MAP + (state << 2), bit);
    store<u8>(at, load<u8>(STATE_NEXT + (state << 1) + bit));
  }
  if (guess != 0) {
    updateCounter(guessAt, bit);
    updateCounter(guessByteAt, bit);
  }
  learn(BYTE_INPUTS, first, bit, squash(firstMix), RATE);
  learn(BYTE_INPUTS, second, bit, squash(secondMix), RATE);
  learn(BYTE_INPUTS, third, bit, squash(thirdMix), RATE);
  refineLearn(refineFirst, stretched, bit);
  refineLearn(refineSecond, stretched, bit);
}
