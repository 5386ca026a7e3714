/** Header templates: known ones by number, new ones by where they differ from a known one. */
import { TransferError } from '../../errors.ts';
import { TEMPLATE_BYTES } from '../../tar/header.ts';
import { createBits } from './decision.ts';
import { LITERAL, type TemplateList } from './entry.ts';
import { createNumberModel } from './number.ts';
import type { BitCoder } from './range-coder.ts';

export interface TemplateModel {
  /**
   * Codes the number of a template, or `LITERAL`. A number that no base has stands for a template of the target; those are numbered
   * in the order in which they are coded.
   * @param context what is known of the header, below `TEMPLATE_CONTEXTS`: the last template there is tried first.
   */
  code(coder: BitCoder, context: number, template: number): number;
}

export const TEMPLATE_CONTEXTS = 64;
const NO_TEMPLATE = '\0'.repeat(TEMPLATE_BYTES);

/** @param templates those of the bases; decoding adds the target's, encoding finds them there. */
export function createTemplateModel(templates: TemplateList, baseCount: number): TemplateModel {
  const likely = createBits(TEMPLATE_CONTEXTS);
  const kinds = createBits(2);
  const numbers = createNumberModel(2);
  const differences = createBits(4);
  const bytes = createBits(256);
  const last: number[] = [];
  let known = baseCount;

  const codeByte = (coder: BitCoder, byte: number): number => {
    let coded = 1;
    for (let left = 7; left >= 0; left--) coded = coded * 2 + bytes.code(coder, coded, (byte >>> left) & 1);
    return coded & 0xff;
  };
  const codeNew = (coder: BitCoder, template: string): string => {
    const back = numbers.code(coder, 1, coder.decoding ? 0 : stepsToNearest(templates, known, template));
    if (back > known) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference refers to a template that is not there');
    const reference = back === 0 ? NO_TEMPLATE : templates.at(known - back);
    const codes: number[] = [];
    let differs = 0;
    for (let at = 0; at < TEMPLATE_BYTES; at++) {
      const old = reference.charCodeAt(at);
      const byte = template.charCodeAt(at);
      differs = ((differs & 1) << 1) | differences.code(coder, differs, byte === old ? 0 : 1);
      codes.push((differs & 1) === 0 ? old : codeByte(coder, byte));
    }
    return String.fromCharCode(...codes);
  };
  const codeUnlikely = (coder: BitCoder, template: number): number => {
    if (kinds.code(coder, 0, template === LITERAL ? 1 : 0) === 1) return LITERAL;
    // Counted back from the newest: the target's own templates are nearer than those of the bases.
    if (kinds.code(coder, 1, template < known ? 1 : 0) === 1) {
      const back = numbers.code(coder, 0, known - 1 - template);
      if (back >= known) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference refers to a template that is not there');
      return known - 1 - back;
    }
    const text = codeNew(coder, coder.decoding ? NO_TEMPLATE : templates.at(template));
    const number = templates.add(text);
    if (number !== known) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference has a template twice');
    known++;
    return number;
  };

  return {
    code(coder, context, template) {
      const guess = last[context];
      if (guess !== undefined && likely.code(coder, context, template === guess ? 1 : 0) === 1) return guess;
      coder.enter('template');
      const coded = codeUnlikely(coder, template);
      last[context] = coded;
      return coded;
    },
  };
}

/** How many templates back from the newest known one the one with the fewest differences is, from 1; 0 where there is none. */
function stepsToNearest(templates: TemplateList, known: number, template: string): number {
  let best = 0;
  let fewest = Infinity;
  for (let back = 1; back <= known; back++) {
    const other = templates.at(known - back);
    let count = 0;
    for (let at = 0; at < TEMPLATE_BYTES && count < fewest; at++) if (other.charCodeAt(at) !== template.charCodeAt(at)) count++;
    if (count < fewest) [best, fewest] = [back, count];
  }
  return best;
}
