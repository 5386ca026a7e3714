/**
 * One decision: is the next byte the candidate? In content that changed little nearly every byte is decided here, at an eighth
 * of the work of a model of bits. 15 contexts each have an adaptive probability; three rows of weights, chosen by what is known
 * about the candidate, mix them; the mean of the three is refined twice.
 */
import { hash2, last4, position } from './contents';
import { chance, updateCounter, updates } from './counter';
import { HIT_INPUTS, HIT_PLACES, HIT_REFINE, HIT_REFINE_ROWS, HIT_TABLES, HIT_TABLE_BITS, HIT_WEIGHTS, HIT_WEIGHT_ROWS, REFINE_ROW } from './layout';
import { learn, mix, refine, refineLearn, ROW, startRefine, startWeights } from './mixer';
import { differences, hits, lastRun, old, run } from './old-bytes';
import { codeBit } from './range-coder';
import { squash, stretch } from './squash';

/** Kinds of candidates. */
export const OLD_BYTE: u32 = 0;
/** A predicted operand's byte that is also the old byte. */
export const OPERAND_SAME: u32 = 1;
export const OPERAND_OTHER: u32 = 2;
/** The old byte, where the operand's was wrong. */
export const OLD_BYTE_AFTER_OPERAND: u32 = 3;
/** The byte behind an earlier occurrence of the last bytes. */
export const REPEAT: u32 = 4;

const RATE: i32 = 16;
let places: i32 = 0;

export function startHitModel(): void {
  startWeights(HIT_WEIGHTS, HIT_WEIGHT_ROWS, 5120);
  startRefine(HIT_REFINE, HIT_REFINE_ROWS);
}

/** Codes whether `candidate`, of a `kind` and with `confidence` (8 bits), is the next byte. */
export function codeHit(hit: u32, candidate: u32, kind: u32, confidence: u32): u32 {
  const about = (kind << 8) | confidence;
  findPlaces(candidate, about * 0x9e3779b1);
  for (let i = 0; i < places; i++) {
    const counter = load<u32>(load<u32>(HIT_PLACES + (i << 2)));
    store<i16>(HIT_INPUTS + (i << 1), updates(counter) == 0 ? 0 : <i16>stretch(chance(counter)));
  }
  store<i16>(HIT_INPUTS + (places << 1), 256);
  const expected = <u32>load<u8>(old);
  const first = HIT_WEIGHTS + about * ROW;
  const second = HIT_WEIGHTS + (2048 + ((hits & 255) | (kind << 8))) * ROW;
  const third = HIT_WEIGHTS + (4096 + (expected | (kind << 8))) * ROW;
  const a = mix(HIT_INPUTS, first);
  const b = mix(HIT_INPUTS, second);
  const c = mix(HIT_INPUTS, third);
  const mean = (a + b + c) / 3;
  const refineFirst = HIT_REFINE + ((about & 1023) | ((hits & 31) << 10)) * REFINE_ROW;
  const refineSecond = HIT_REFINE + (32768 + (hash2(expected | (<u32>load<u8>(old - 1) << 8), kind) >>> 19)) * REFINE_ROW;
  const p = (squash(mean) * 2 + refine(refineFirst, mean) + refine(refineSecond, mean) + 2) >> 2;
  hit = codeBit(hit, min(max(p, 16), 65520));
  for (let i = 0; i < places; i++) updateCounter(load<u32>(HIT_PLACES + (i << 2)), hit);
  learn(HIT_INPUTS, first, hit, squash(a), RATE);
  learn(HIT_INPUTS, second, hit, squash(b), RATE);
  learn(HIT_INPUTS, third, hit, squash(c), RATE);
  refineLearn(refineFirst, mean, hit);
  refineLearn(refineSecond, mean, hit);
  return hit;
}

function findPlaces(candidate: u32, salt: u32): void {
  const e0 = <u32>load<u8>(old);
  const before = bswap(load<u32>(old - 4));
  const b1 = before & 0xff;
  const b2 = before & 0xffff;
  const ahead = load<u32>(old, 1);
  places = 0;
  place(salt ^ ((hits & 0xffff) * 0x85ebca6b));
  place(salt ^ hash2(e0 | (b2 << 8), 1));
  place(salt ^ hash2(e0 | (b2 << 8) | (ahead << 24), 2));
  place(salt ^ hash2(before, e0 | 0x300));
  place(salt ^ hash2(e0 | ((ahead & 0xffff) << 8) | (b1 << 24), 4 | (b2 & 0xff00)));
  place(salt ^ hash2(e0 | (ahead << 8), 5 | ((hits & 3) << 8)));
  place(salt ^ hash2(candidate | ((last4 & 0xffff) << 8) | (hits << 24), 6));
  place(salt ^ hash2(last4, 7 | (candidate << 8)));
  place(salt ^ hash2(hits & 0x01010101, 8 | ((position & 7) << 8)));
  place(salt ^ hash2((hits & 0xff) | (candidate << 8) | (b1 << 16), 9));
  place(salt ^ hash2(min(run, 255), 10 | (lastRun << 8)));
  place(salt ^ hash2(before ^ (<u32>load<u16>(old - 6) << 7), e0 | 0xb00 | (ahead << 16)));
  place(salt ^ hash2(differences, 12 | (e0 << 8)));
  place(salt ^ hash2(b2 | (min(run, 15) << 16), 13));
  place(salt ^ hash2(hits & 0xffffff, 14));
}

// @ts-ignore: decorator
@inline
function place(hash: u32): void {
  let h = hash ^ (hash >>> 15);
  h *= 0x2c1b3c6d;
  h ^= h >>> 13;
  store<u32>(HIT_PLACES + (places << 2), <u32>(HIT_TABLES + ((<usize>((<u32>places << HIT_TABLE_BITS) + (h >>> (32 - HIT_TABLE_BITS)))) << 2)));
  places++;
}
