/** How it is sent which entry of a base a target's entry is a new version of. */
import { TransferError } from '../../errors.ts';
import type { Bases } from './bases.ts';
import { NO_ENTRY, type Cursors } from './cursors.ts';
import { createBits, createMixer, mix } from './decision.ts';
import { codeSigned, createNumberModel } from './number.ts';
import type { BitCoder } from './range-coder.ts';

export interface Alignment {
  /**
   * Codes the base entry of the next target entry, or `NO_ENTRY`.
   * @throws TransferError PROTOCOL_VIOLATION when an entry was sent that is not there.
   */
  code(coder: BitCoder, entry: number): number;
}

/** Of guesses: four situations of the first one, and the second one. */
const SITUATION_SECOND = 4;
const SITUATIONS = 5;
/** What there is when no guess is right: no base entry, one further on in the last base, or any. */
const KIND_NONE = 0;
const KIND_AHEAD = 1;
const KIND_ELSEWHERE = 2;
/** What numbers are of. */
const DISTANCE_AHEAD = 0;
const PLACE_OF_BASE = 1;
const DISTANCE_ELSEWHERE = 2;

export function createAlignment(bases: Bases, cursors: Cursors): Alignment {
  const guesses = createMixer(4, SITUATIONS, 12);
  const kinds = createBits(3 * 2 * 2);
  const numbers = createNumberModel(3);
  let history = 0;
  let lastKind = KIND_NONE;

  const codeGuess = (coder: BitCoder, situation: number, bit: number): number => {
    const { contexts } = guesses;
    contexts[0] = mix(situation, 1);
    contexts[1] = mix(situation, 256 | (history & 15));
    contexts[2] = mix(situation, 512 | (history & 255));
    contexts[3] = mix(mix(situation, lastKind + 1), (cursors.rival + 1) * 512 + (cursors.recent[0] ?? 0));
    const coded = guesses.code(coder, situation, 0, bit);
    history = (history * 2 + coded) & 255;
    return coded;
  };
  const codeKind = (coder: BitCoder, kind: number): number => {
    const slot = (lastKind * 2 + (cursors.first === NO_ENTRY ? 0 : 1)) * 2;
    if (kinds.code(coder, slot, kind === KIND_NONE ? 0 : 1) === 0) return KIND_NONE;
    return kinds.code(coder, slot + 1, kind === KIND_AHEAD ? 0 : 1) === 0 ? KIND_AHEAD : KIND_ELSEWHERE;
  };
  const codeElsewhere = (coder: BitCoder, entry: number): number => {
    const wanted = Math.max(0, cursors.recent.indexOf(bases.baseOfEntry(Math.max(0, entry))));
    const place = numbers.code(coder, PLACE_OF_BASE, wanted);
    const base = cursors.recent[place];
    if (base === undefined)
      throw new TransferError('PROTOCOL_VIOLATION', `a recipe difference refers to base ${place} of ${cursors.recent.length}`);
    return cursors.at(base) + codeSigned(numbers, coder, DISTANCE_ELSEWHERE, entry - cursors.at(base));
  };
  const codeOther = (coder: BitCoder, entry: number): number => {
    const [last] = cursors.recent;
    if (last === undefined) return NO_ENTRY;
    const cursor = cursors.at(last);
    const isAhead = entry > cursor && entry < (bases.entryStarts[last + 1] as number);
    lastKind = codeKind(coder, entry === NO_ENTRY ? KIND_NONE : isAhead ? KIND_AHEAD : KIND_ELSEWHERE);
    if (lastKind === KIND_NONE) return NO_ENTRY;
    const coded =
      lastKind === KIND_AHEAD ? cursor + 1 + numbers.code(coder, DISTANCE_AHEAD, entry - cursor - 1) : codeElsewhere(coder, entry);
    if (!(coded >= 0 && coded < bases.entryCount))
      throw new TransferError('PROTOCOL_VIOLATION', `a recipe difference refers to entry ${coded}`);
    return coded;
  };

  return {
    code(coder, entry) {
      coder.enter('alignment');
      const { first, second, situation } = cursors;
      if (first !== NO_ENTRY && codeGuess(coder, situation, entry === first ? 1 : 0) === 1) return first;
      if (second !== NO_ENTRY && codeGuess(coder, SITUATION_SECOND, entry === second ? 1 : 0) === 1) return second;
      return codeOther(coder, entry);
    },
  };
}
