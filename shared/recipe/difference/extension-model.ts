/** How the extension headers of an entry are sent: a shape, mostly the one that such entries had before, and its own values. */
import { TAR_INLINE_BYTES_MAX } from '../../limits.ts';
import { createBits } from './decision.ts';
import { NAME_FIELD_BYTES } from './entry.ts';
import { NO_EXTENSIONS, valueCount, type Shape, type ShapedExtensions } from './extension.ts';
import type { BitCoder } from './range-coder.ts';
import { createShapeModel } from './shape-model.ts';
import type { TemplateModel } from './template-model.ts';
import { TEXT_VALUE, type TextModel } from './text.ts';

export interface ExtensionModel {
  /**
   * Codes the extensions of an entry of this path.
   * @param base those of its base entry; undefined without one.
   */
  code(coder: BitCoder, base: ShapedExtensions | undefined, path: string, extensions: ShapedExtensions): ShapedExtensions;
  /** Codes the link of an entry whose extensions have it. */
  codeLink(coder: BitCoder, baseLink: string, link: string): string;
}

/** Places of flags: whether the shape is the expected one, by base and length; then whether a value is. */
const VALUE_OF_BASE = 4;
const VALUE_OF_LAST = 5;
const LINK = 6;
const FLAGS = 7;

export function createExtensionModel(text: TextModel, templates: TemplateModel): ExtensionModel {
  const flags = createBits(FLAGS);
  const shapes = createShapeModel(text, templates);
  /** The last shape of entries with the same base shape and need of room. */
  const lastShapes = new Map<string, Shape>();
  /** The last values of each shape. */
  const lastValues = new Map<string, readonly string[]>();

  const codeValues = (coder: BitCoder, shape: Shape, base: ShapedExtensions | undefined, values: readonly string[]): readonly string[] => {
    const count = valueCount(shape);
    if (count === 0) return NO_EXTENSIONS.values;
    const isOfBase = base?.shape.key === shape.key;
    const guesses = isOfBase ? base.values : (lastValues.get(shape.key) ?? []);
    const coded: string[] = [];
    for (let index = 0; index < count; index++) {
      const value = values[index] ?? '';
      const guess = guesses[index] ?? '';
      const isRight = flags.code(coder, isOfBase ? VALUE_OF_BASE : VALUE_OF_LAST, value === guess ? 1 : 0) === 1;
      coded.push(isRight ? guess : text.code(coder, TEXT_VALUE, guess, TAR_INLINE_BYTES_MAX, value));
    }
    lastValues.set(shape.key, coded);
    return coded;
  };

  return {
    code(coder, base, path, extensions) {
      coder.enter('extension');
      const isLong = path.length > NAME_FIELD_BYTES ? 1 : 0;
      const baseKey = base?.shape.key ?? '';
      const place = `${base ? 1 : 0}${isLong}${baseKey}`;
      const guess = lastShapes.get(place) ?? base?.shape ?? NO_EXTENSIONS.shape;
      const slot = (baseKey === '' ? 0 : 2) + isLong;
      const isRight = flags.code(coder, slot, extensions.shape.key === guess.key ? 1 : 0) === 1;
      const shape = isRight ? shapes.add(guess) : shapes.code(coder, extensions.shape);
      lastShapes.set(place, shape);
      return { shape, values: codeValues(coder, shape, base, extensions.values) };
    },
    codeLink(coder, baseLink, link) {
      coder.enter('link');
      const isRight = flags.code(coder, LINK, link === baseLink ? 1 : 0) === 1;
      return isRight ? baseLink : text.code(coder, TEXT_VALUE, baseLink, TAR_INLINE_BYTES_MAX, link);
    },
  };
}
