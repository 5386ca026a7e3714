/** Content made up from a seed, of any length and never more than a piece of it in memory: random, text, and repeated pieces. */
import { utf8 } from '../../shared/bytes.ts';

/** What is random or text or repeated as a whole. */
export const PIECE_BYTES = 256 * 1024;

const WORDS = 4096;
/** Room for a word of at most twelve letters, and its length. */
const SLOT_BYTES = 16;
const LETTERS = utf8('eeeeetttaaaooiinnsshhrrdlcumwfgypbvk');
const [SPACE, NEWLINE] = [32, 10];

export interface Content {
  /** The next `length` bytes in parts; each is valid until the next one is taken. */
  parts(length: number): Iterable<Uint8Array>;
}

/** Two fifths of the pieces are random, two fifths are text, and one fifth repeats earlier pieces. The same seed gives the same bytes. */
export function createContent(seed: number): Content {
  const piece = new Uint32Array(PIECE_BYTES / 4);
  const bytes = new Uint8Array(piece.buffer);
  const words = makeWords();
  let next = 0;
  return {
    *parts(length) {
      for (let left = length; left > 0; left -= PIECE_BYTES) {
        const part = bytes.subarray(0, Math.min(left, PIECE_BYTES));
        const { isText, random } = pieceKind(seed, next++);
        if (isText) fillText(part, words, random);
        else for (let index = 0; index * 4 < part.length; index++) piece[index] = random();
        yield part;
      }
    },
  };
}

/** `length` bytes of text that start with their number, so that no two numbers give the same. */
export function createTexts(): (number: number, length: number) => Uint8Array {
  const words = makeWords();
  return (number, length) => {
    const bytes = new Uint8Array(length);
    const start = utf8(`${number} `);
    bytes.set(start);
    fillText(bytes.subarray(start.length), words, createRandom(number));
    return bytes;
  };
}

/** Unsigned 32-bit numbers: xorshift32 (Marsaglia, "Xorshift RNGs", 2003), after some rounds that part neighbouring seeds. */
export function createRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let round = 0; round < 8; round++) random();
  return random;
}

/** How a piece is filled; a repeated one as the earlier piece that it repeats. */
function pieceKind(seed: number, number: number): { isText: boolean; random: () => number } {
  for (let from = number; ;) {
    const random = createRandom(seed * 1_000_003 + from);
    const kind = random() % 5;
    if (kind < 4 || from === 0) return { isText: kind % 2 === 0, random };
    from = random() % from;
  }
}

function makeWords(): Uint8Array {
  const random = createRandom(0);
  const words = new Uint8Array(WORDS * SLOT_BYTES);
  for (let slot = 0; slot < words.length; slot += SLOT_BYTES) {
    const length = 2 + (random() % 11);
    words[slot] = length;
    for (let at = 1; at <= length; at++) words[slot + at] = LETTERS[random() % LETTERS.length] as number;
  }
  return words;
}

/** Words of which some are much more frequent than others; the last one may be cut. */
function fillText(target: Uint8Array, words: Uint8Array, random: () => number): void {
  for (let at = 0; at < target.length;) {
    const draw = random();
    const word = ((draw & 0xfff) * ((draw >>> 12) & 0xfff)) >>> 12;
    const slot = word * SLOT_BYTES;
    const length = words[slot] as number;
    for (let letter = 1; letter <= length; letter++) target[at++] = words[slot + letter] as number;
    target[at++] = draw >>> 28 === 0 ? NEWLINE : SPACE;
  }
}
