/**
 * Texts of bytes that nothing predicts whole: names, links, pax values. Each byte is eight decisions, each mixed from the bytes
 * before it, from the longest earlier passage that ended alike, and from a hint (a text that this one is likely to resemble).
 */
import { TransferError } from '../../errors.ts';
import { RECIPE_BYTES_MAX } from '../../limits.ts';
import { createBits, createMixer, mix } from './decision.ts';
import { createNumberModel } from './number.ts';
import type { BitCoder } from './range-coder.ts';

/** What a text is. */
export const TEXT_PATH = 0;
/** What follows a digest in a path. */
export const TEXT_PATH_REST = 1;
/** A piece of a shape: a pax key or a part of a name. */
export const TEXT_PIECE = 2;
/** A value that an entry's extensions have of their own. */
export const TEXT_VALUE = 3;
export const TEXT_INLINE = 4;
export const TEXT_NAME = 5;
export const TEXT_LINK = 6;
/** A header block, or padding. */
export const TEXT_BLOCK = 7;
const KINDS = 8;

export interface TextModel {
  /**
   * Codes a text of latin1 characters (each one byte).
   * @param hint a text that it may resemble.
   * @throws TransferError LIMIT_EXCEEDED when more than `lengthMax` bytes were sent, or `RECIPE_BYTES_MAX` in all texts together.
   */
  code(coder: BitCoder, kind: number, hint: string, lengthMax: number, value: string): string;
}

const INPUTS = 6;
const SLOT_BITS_MAX = 20;
/** Bytes that must agree before an earlier passage predicts. */
const MATCH_BYTES = 4;
const MATCH_LENGTH_MAX = 15;
const MATCH_TABLE_BITS = 16;
/** How far behind its place a hint is searched for the byte that was coded instead. */
const HINT_SEARCH_BYTES = 32;

/** @param slotBits size of the model's memory: 2^slotBits bytes for each of its contexts. */
export function createTextModel(slotBits: number): TextModel {
  const guesses = createMixer(4, 4, Math.min(slotBits, 16));
  const bytes = createMixer(INPUTS, KINDS, Math.min(slotBits, SLOT_BITS_MAX));
  const seeds = new Int32Array(INPUTS);
  const plain = createBits(KINDS);
  const lengths = createNumberModel(KINDS);
  const passages = createPassages();

  /** One decision that the next byte is `guess`. */
  const codeGuess = (coder: BitCoder, kind: number, guess: number, isHint: number, isRight: number): number => {
    const { contexts } = guesses;
    const recent = passages.recent();
    const source = (isHint * 16 + passages.matched()) * KINDS + kind;
    contexts[0] = mix(1, source);
    contexts[1] = mix(mix(2, source), guess);
    contexts[2] = mix(mix(3, recent & 0xffff), guess);
    contexts[3] = mix(mix(4, recent & 0xffffff), guess);
    return guesses.code(coder, isHint + (passages.matched() > 8 ? 2 : 0), 0, isRight);
  };
  const codeByte = (coder: BitCoder, kind: number, hinted: number, excluded: number, byte: number): number => {
    const { contexts } = bytes;
    const recent = passages.recent();
    seeds[0] = excluded;
    seeds[1] = recent & 0xff;
    seeds[2] = recent & 0xffff;
    seeds[3] = recent & 0xffffff;
    seeds[4] = recent;
    seeds[5] = (hinted << 8) | (recent & 0xff);
    let coded = 1;
    for (let half = 0; half < 2; half++) {
      const first = half === 0 ? kind : (coded << 3) | kind;
      for (let input = 0; input < INPUTS; input++) contexts[input] = mix(mix(seeds[input] as number, input + 1), first);
      let nibble = 1;
      for (let left = 3; left >= 0; left--) {
        const bit = bytes.code(coder, kind, nibble, (byte >>> (left + 4 - half * 4)) & 1);
        nibble = nibble * 2 + bit;
        coded = coded * 2 + bit;
      }
    }
    return coded & 0xff;
  };
  const codeNext = (coder: BitCoder, kind: number, hinted: number, byte: number): number => {
    const isHint = passages.matched() === 0 ? 1 : 0;
    const guess = isHint === 1 ? hinted - 1 : passages.predicted();
    let coded = guess;
    if (guess < 0 || codeGuess(coder, kind, guess, isHint, byte === guess ? 1 : 0) === 0)
      coded = codeByte(coder, kind, hinted, guess + 1, byte);
    passages.push(coded);
    return coded;
  };

  return {
    code(coder, kind, hint, lengthMax, value) {
      // A text that holds a zero byte tells its length first; any other ends with one.
      const terminated = plain.code(coder, kind, value.includes('\0') ? 0 : 1) === 1;
      const length = terminated ? Infinity : lengths.code(coder, kind, value.length);
      if (!terminated && length > lengthMax) throw tooLong(lengthMax);
      const codes: number[] = [];
      const parts: string[] = [];
      let total = 0;
      let place = 0;
      while (total < length) {
        const hinted = place < hint.length ? hint.charCodeAt(place) + 1 : 0;
        const byte = codeNext(coder, kind, hinted, total < value.length ? value.charCodeAt(total) : 0);
        if (terminated && byte === 0) break;
        if (++total > lengthMax) throw tooLong(lengthMax);
        codes.push(byte);
        if (codes.length === 4096) parts.push(String.fromCharCode(...codes.splice(0)));
        if (byte + 1 === hinted) {
          place++;
        } else {
          const found = hint.slice(place, place + HINT_SEARCH_BYTES).indexOf(String.fromCharCode(byte));
          if (found >= 0) place += found + 1;
        }
      }
      return parts.join('') + String.fromCharCode(...codes);
    },
  };
}

function tooLong(lengthMax: number): TransferError {
  return new TransferError('LIMIT_EXCEEDED', `a text in a recipe difference is longer than ${lengthMax} bytes`);
}

/** All bytes coded so far, the last ones as a context, and where the last ones occurred before. */
function createPassages() {
  let bytes = new Uint8Array(4096);
  let length = 0;
  let recent = 0;
  let matched = 0;
  let source = 0;
  const latest = new Int32Array(2 ** MATCH_TABLE_BITS);
  return {
    /** The last four bytes. */
    recent: () => recent,
    /** How many bytes agree with the earlier passage, at most `MATCH_LENGTH_MAX`; 0 where there is none. */
    matched: () => matched,
    /** The byte that followed there. */
    predicted: () => (matched === 0 ? 0 : (bytes[source] as number)),
    push(byte: number): void {
      if (length === bytes.byteLength) {
        if (length * 2 > RECIPE_BYTES_MAX)
          throw new TransferError('LIMIT_EXCEEDED', `more than ${length} bytes of text in a recipe difference`);
        const grown = new Uint8Array(length * 2);
        grown.set(bytes);
        bytes = grown;
      }
      const agrees = matched > 0 && bytes[source] === byte;
      matched = agrees ? Math.min(matched + 1, MATCH_LENGTH_MAX) : 0;
      source++;
      bytes[length++] = byte;
      recent = (recent << 8) | byte;
      if (length < MATCH_BYTES) return;
      const slot = Math.imul(recent, 0x9e3779b1) >>> (32 - MATCH_TABLE_BITS);
      if (matched === 0) {
        source = latest[slot] as number;
        while (matched < MATCH_LENGTH_MAX && matched < source && bytes[source - 1 - matched] === bytes[length - 1 - matched]) matched++;
        if (matched < MATCH_BYTES) matched = 0;
      }
      latest[slot] = length;
    },
  };
}
