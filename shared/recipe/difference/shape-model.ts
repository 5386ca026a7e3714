/** How the shape of an entry's extension headers is sent: once for each writer, then by number. */
import { TransferError } from '../../errors.ts';
import { createBits } from './decision.ts';
import { EXTENSIONS_MAX } from './entry.ts';
import {
  NO_EXTENSIONS,
  PIECE_BYTES_MAX,
  RECORDS_MAX,
  SOURCES,
  shapeOf,
  type ExtensionShape,
  type NameRule,
  type RecordShape,
  type Shape,
  type Source,
} from './extension.ts';
import { createNumberModel } from './number.ts';
import type { BitCoder } from './range-coder.ts';
import { TEMPLATE_CONTEXTS, type TemplateModel } from './template-model.ts';
import { TEXT_PIECE, type TextModel } from './text.ts';

export interface ShapeModel {
  /** Codes a shape that was not expected. */
  code(coder: BitCoder, shape: Shape): Shape;
  /** Gives a shape that came otherwise its number. @returns the one known as this. */
  add(shape: Shape): Shape;
}

/** Places of flags. */
const IS_KNOWN = 0;
const HAS_RULE = 1;
const HAS_MTIME = 2;
const IS_ODD = 3;
const HAS_RECORDS = 4;
const FLAGS = 5;
/** What numbers are of. */
const STEPS_BACK = 0;
const EXTENSION_COUNT = 1;
const SOURCE = 2;
const MODE = 3;
const UID = 4;
const GID = 5;
const RECORD_COUNT = 6;
const NUMBERS = 7;

export function createShapeModel(text: TextModel, templates: TemplateModel): ShapeModel {
  const flags = createBits(FLAGS);
  const numbers = createNumberModel(NUMBERS);
  const shapes: Shape[] = [NO_EXTENSIONS.shape];
  const shapeNumbers = new Map<string, number>([[NO_EXTENSIONS.shape.key, 0]]);

  const add = (shape: Shape): Shape => {
    const known = shapeNumbers.get(shape.key);
    if (known !== undefined) return shapes[known] as Shape;
    shapeNumbers.set(shape.key, shapes.length);
    shapes.push(shape);
    return shape;
  };
  const flag = (coder: BitCoder, slot: number, bit: boolean | undefined): boolean => flags.code(coder, slot, bit === true ? 1 : 0) === 1;
  const piece = (coder: BitCoder, value: string | undefined): string => text.code(coder, TEXT_PIECE, '', PIECE_BYTES_MAX, value ?? '');
  const codeSource = (coder: BitCoder, source: Source | undefined): Source => {
    const coded = SOURCES[numbers.code(coder, SOURCE, source === undefined ? 0 : SOURCES.indexOf(source))];
    if (!coded) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference has an unknown source in a shape');
    return coded;
  };
  const codeRule = (coder: BitCoder, rule: NameRule | undefined): NameRule => {
    const from = piece(coder, rule?.from);
    const to = piece(coder, rule?.to);
    return { from, to, token: piece(coder, rule?.token) };
  };
  const codeRecords = (coder: BitCoder, records: readonly RecordShape[] | undefined): RecordShape[] => {
    const count = numbers.code(coder, RECORD_COUNT, records?.length ?? 0);
    if (count > RECORDS_MAX) throw new TransferError('LIMIT_EXCEEDED', `a pax header with ${count} records`);
    return Array.from({ length: count }, (_, index) => {
      const key = piece(coder, records?.[index]?.key);
      return { key, value: codeSource(coder, records?.[index]?.value) };
    });
  };
  const codeExtension = (coder: BitCoder, extension: ExtensionShape | undefined): ExtensionShape => {
    const template = templates.code(coder, TEMPLATE_CONTEXTS - 1, extension?.template ?? 0);
    coder.enter('extension');
    const mode = numbers.code(coder, MODE, extension?.mode ?? 0);
    const uid = numbers.code(coder, UID, extension?.uid ?? 0);
    const gid = numbers.code(coder, GID, extension?.gid ?? 0);
    const link = piece(coder, extension?.link);
    const rule = flag(coder, HAS_RULE, extension?.rule !== undefined) ? codeRule(coder, extension?.rule) : undefined;
    const mtime = flag(coder, HAS_MTIME, extension?.mtime === 'mtime') ? 'mtime' : 'own';
    const odd = flag(coder, IS_ODD, extension?.odd);
    const records = flag(coder, HAS_RECORDS, extension?.records !== undefined) ? codeRecords(coder, extension?.records) : undefined;
    const body = records ? 'own' : codeSource(coder, extension?.body);
    return { template, mode, uid, gid, link, rule, mtime, records, body, odd };
  };

  return {
    add,
    code(coder, shape) {
      const known = shapeNumbers.get(shape.key);
      if (flag(coder, IS_KNOWN, known !== undefined)) {
        const back = numbers.code(coder, STEPS_BACK, shapes.length - 1 - (known ?? 0));
        const coded = shapes[shapes.length - 1 - back];
        if (!coded) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference refers to a shape that is not there');
        return coded;
      }
      const count = numbers.code(coder, EXTENSION_COUNT, shape.extensions.length);
      if (count > EXTENSIONS_MAX) throw new TransferError('PROTOCOL_VIOLATION', `an entry with ${count} extension headers`);
      return add(shapeOf(Array.from({ length: count }, (_, index) => codeExtension(coder, shape.extensions[index]))));
    },
  };
}
