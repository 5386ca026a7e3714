/**
 * Adaptive models of single decisions: one probability a slot (`createBits`), and several contexts mixed in the logistic domain
 * (`createMixer`). All state is integer, so that both sides stay in step. Exact arithmetic: shared/DIFFERENCE.md.
 */
import { LOGIT_MAX, SQUASH, STRETCH } from './logistic.ts';
import type { BitCoder } from './range-coder.ts';

/**
 * An adaptive probability in one word: the upper 22 bits are the probability of a 1, the lower ten how many decisions it has seen. It
 * learns as the mean of what it saw until this count, and forgets at this rate from then on.
 */
const COUNT_MAX = 255;
const COUNT_MASK = 1023;
const HALF = 2 ** 31;
/** How far a probability moves by its count: 16384 / (2 count + 3), which is one part in count + 1.5 of the distance. */
const STEPS = Int32Array.from({ length: COUNT_MAX + 1 }, (_, count) => Math.floor(16384 / (2 * count + 3)));

/** The word after one more decision. */
function moved(word: number, bit: number): number {
  const count = word & COUNT_MASK;
  const distance = ((bit << 22) - (word >>> 10)) >> 3;
  return word + (Math.imul(distance, STEPS[count] as number) & ~COUNT_MASK) + (count < COUNT_MAX ? 1 : 0);
}

/** Independent adaptive probabilities. */
export interface Bits {
  /** Codes one decision with the probability of `slot`, which then moves toward it. */
  code(coder: BitCoder, slot: number, bit: number): number;
}

export function createBits(slots: number): Bits {
  const words = new Uint32Array(slots).fill(HALF);
  return {
    code(coder, slot, bit) {
      const word = words[slot] as number;
      const probability = word >>> 16;
      const coded = coder.code(bit, probability === 0 ? 1 : probability);
      words[slot] = moved(word, coded);
      return coded;
    },
  };
}

/** Decisions each seen in several contexts at once. */
export interface Mixer {
  /** What to fill before `code`: one hash for each input, any 32-bit integers. */
  readonly contexts: Int32Array;
  /**
   * Codes one decision in `contexts`, mixed by the weights of `selector`.
   * @param place 0 to 15, tells apart decisions in the same contexts: their histories lie side by side.
   */
  code(coder: BitCoder, selector: number, place: number, bit: number): number;
}

/** Decisions that a history keeps: the latest, below a leading 1 that marks where it begins. */
const HISTORY_DECISIONS = 7;
const HISTORY_STATES = 2 ** (HISTORY_DECISIONS + 1);
/** The confidence of a history's first probability, as a count of decisions. */
const HISTORY_COUNT = 3;
const WEIGHT_ONE_BITS = 14;
const WEIGHT_MAX = 2 ** 16 - 1;
/** Weights of one set together, at first. */
const WEIGHT_SUM = 1.5 * 2 ** WEIGHT_ONE_BITS;
const LEARNING_BITS = 16;

/**
 * @param inputs contexts of a decision, at most 7.
 * @param selectors sets of weights.
 * @param slotBits each input has 2^slotBits histories of one byte; contexts that share one only predict less well.
 */
export function createMixer(inputs: number, selectors: number, slotBits: number): Mixer {
  const contexts = new Int32Array(inputs);
  const histories = new Uint8Array(inputs * 2 ** slotBits).fill(1);
  const words = new Uint32Array(inputs * HISTORY_STATES);
  for (let at = 0; at < words.length; at++) words[at] = historyWord(at % HISTORY_STATES);
  const weights = new Int32Array(inputs * selectors).fill(Math.floor(WEIGHT_SUM / inputs));
  const slots = new Int32Array(inputs);
  const logits = new Int32Array(inputs);
  const hashShift = 32 - slotBits;

  return {
    contexts,
    code(coder, selector, place, bit) {
      const firstWeight = selector * inputs;
      let dot = 0;
      for (let input = 0; input < inputs; input++) {
        const slot = (input << slotBits) + ((Math.imul(contexts[input] as number, 0x9e3779b1) >>> hashShift) ^ place);
        const state = (input << (HISTORY_DECISIONS + 1)) + (histories[slot] as number);
        const logit = STRETCH[(words[state] as number) >>> 16] as number;
        slots[input] = slot;
        logits[input] = logit;
        dot = (dot + Math.imul(logit, weights[firstWeight + input] as number)) | 0;
      }
      const logit = dot >> WEIGHT_ONE_BITS;
      const probability = SQUASH[(logit < -LOGIT_MAX ? -LOGIT_MAX : logit > LOGIT_MAX ? LOGIT_MAX : logit) + LOGIT_MAX] as number;
      const coded = coder.code(bit, probability);

      const error = (coded << 16) - probability;
      for (let input = 0; input < inputs; input++) {
        const at = firstWeight + input;
        const weight = (weights[at] as number) + ((Math.imul(logits[input] as number, error) + 2 ** (LEARNING_BITS - 1)) >> LEARNING_BITS);
        weights[at] = weight > WEIGHT_MAX ? WEIGHT_MAX : weight < -WEIGHT_MAX ? -WEIGHT_MAX : weight;
        const slot = slots[input] as number;
        const history = histories[slot] as number;
        const state = (input << (HISTORY_DECISIONS + 1)) + history;
        words[state] = moved(words[state] as number, coded);
        const longer = history * 2 + coded;
        histories[slot] = longer < HISTORY_STATES ? longer : (longer & (HISTORY_STATES / 2 - 1)) | (HISTORY_STATES / 2);
      }
      return coded;
    },
  };
}

/** What a history's decisions alone make of the next one. */
function historyWord(history: number): number {
  let word = HALF;
  const length = history === 0 ? 0 : 31 - Math.clz32(history);
  for (let at = length - 1; at >= 0; at--) word = moved(word, (history >>> at) & 1) >>> 0;
  return (word & ~COUNT_MASK) + HISTORY_COUNT;
}

/** Mixes `value` into a hash; both any 32-bit integers. */
export function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** 32-bit hash of a text of bytes. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}
