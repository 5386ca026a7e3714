/** How a header is sent apart from its body and its mtime: field by field, against one that is likely alike. */
import { createBits } from './decision.ts';
import { LITERAL, NO_FIELDS, type Meta } from './entry.ts';
import { createNumberModel } from './number.ts';
import type { PathFacts } from './path.ts';
import type { BitCoder } from './range-coder.ts';
import type { TemplateModel } from './template-model.ts';
import { TEXT_BLOCK, TEXT_LINK, TEXT_NAME, type TextModel } from './text.ts';
import { BLOCK_BYTES } from '../../tar/header.ts';

/** What is known of a header: it has no base, one whose body is kept, or one whose body is new. */
export const META_ALONE = 0;
export const META_KEPT_BODY = 1;
export const META_NEW_BODY = 2;
export type MetaSetting = typeof META_ALONE | typeof META_KEPT_BODY | typeof META_NEW_BODY;
const SETTINGS = 3;

/** Name and link that a header is expected to have; an undefined link is expected to be that of the header that is likely alike. */
export interface Expected {
  readonly name: string;
  readonly link: string | undefined;
}

export interface MetaModel {
  /** @param like the base; not used without one, when the last header of the same template is taken. */
  code(coder: BitCoder, setting: MetaSetting, like: Meta, path: PathFacts, expected: Expected, meta: Meta): Meta;
}

/** Places of flags, each by setting. */
const IS_SAME_MODE = 0;
const IS_SAME_OWNER = SETTINGS;
const IS_SAME_LINK = 2 * SETTINGS;
const IS_SAME_NAME = 3 * SETTINGS;
const IS_SAME_REST = 4 * SETTINGS;
const HAS_PADDING = 5 * SETTINGS;
const FLAGS = 6 * SETTINGS;
/** What numbers are of. */
const MODE = 0;
const UID = 1;
const GID = 2;
const NUMBERS = 3;
/** Longest text of a header's field: prefix, `/` and name. */
const FIELD_BYTES_MAX = 256;

export function createMetaModel(text: TextModel, templates: TemplateModel): MetaModel {
  const flags = createBits(FLAGS);
  const numbers = createNumberModel(NUMBERS);
  const lastOfTemplate = new Map<number, Meta>();

  const codeTemplate = (coder: BitCoder, setting: MetaSetting, like: Meta, path: PathFacts, template: number): number => {
    // Without a base, the path tells the kind of file; with one, its template does.
    const isDirectory = path.path.endsWith('/') ? 1 : 0;
    const context = setting === META_ALONE ? (path.extensionHash & 15) * 2 + isDirectory : 32 + (Math.max(0, like.template) & 15);
    return templates.code(coder, context, template);
  };

  return {
    code(coder, setting, base, path, expected, meta) {
      const flag = (slot: number, bit: boolean): boolean => flags.code(coder, slot + setting, bit ? 1 : 0) === 1;
      coder.enter('attribute');
      const template = codeTemplate(coder, setting, base, path, meta.template);
      coder.enter('attribute');
      const like = setting === META_ALONE ? (lastOfTemplate.get(template) ?? NO_FIELDS) : base;
      const mode = flag(IS_SAME_MODE, meta.mode === like.mode) ? like.mode : numbers.code(coder, MODE, meta.mode);
      const isSameOwner = flag(IS_SAME_OWNER, meta.uid === like.uid && meta.gid === like.gid);
      const uid = isSameOwner ? like.uid : numbers.code(coder, UID, meta.uid);
      const gid = isSameOwner ? like.gid : numbers.code(coder, GID, meta.gid);
      coder.enter('link');
      const likelyLink = expected.link ?? like.link;
      const isSameLink = flag(IS_SAME_LINK, meta.link === likelyLink);
      const link = isSameLink ? likelyLink : text.code(coder, TEXT_LINK, likelyLink, FIELD_BYTES_MAX, meta.link);
      coder.enter('path');
      const isSameName = flag(IS_SAME_NAME, meta.name === expected.name);
      const name = isSameName ? expected.name : text.code(coder, TEXT_NAME, path.path, FIELD_BYTES_MAX, meta.name);
      coder.enter('attribute');
      let literal = template === LITERAL ? like.literal : '';
      let { padding } = like;
      if (!flag(IS_SAME_REST, meta.padding === padding && meta.literal === literal)) {
        const hasPadding = flag(HAS_PADDING, meta.padding !== undefined);
        padding = hasPadding ? text.code(coder, TEXT_BLOCK, padding ?? '', BLOCK_BYTES, meta.padding ?? '') : undefined;
        if (template === LITERAL) literal = text.code(coder, TEXT_BLOCK, literal, BLOCK_BYTES, meta.literal);
      }
      const coded = { template, literal, name, link, mode, uid, gid, padding };
      if (setting === META_ALONE) lastOfTemplate.set(template, { ...coded, padding: undefined });
      return coded;
    },
  };
}
