/** How the main header of an entry is sent: everything but its path and mtime, as that of its base where nothing else changed. */
import { BODY_CHUNKS } from '../recipe.ts';
import { BODY_CONTEXTS, type BodyModel } from './body-model.ts';
import type { ChunkModel } from './chunk-model.ts';
import { createBits, createMixer, mix } from './decision.ts';
import { NO_FIELDS, equalBodies, equalMeta, fieldsFrom, type Body, type Fields, type Meta } from './entry.ts';
import { META_ALONE, META_KEPT_BODY, META_NEW_BODY, type MetaModel } from './meta-model.ts';
import type { PathFacts } from './path.ts';
import type { BitCoder } from './range-coder.ts';

/** The base of a header, and where it is. */
export interface MainBase {
  readonly fields: Fields;
  /** Number of the first chunk of its body in the bases. */
  readonly firstChunk: number;
  /** True where its name follows from its path as this one's is expected to. */
  readonly isNamed: boolean;
}

export interface CodedMain {
  /** The mtime is not coded: it is that which was given. */
  readonly main: Fields;
  /** Its body is that of the base. */
  readonly isSameBody: boolean;
}

export interface MainModel {
  /**
   * Codes a main header.
   * @param name that it is expected to have, from its path.
   * @param link that it is expected to have, where that is known otherwise than from the base.
   */
  code(coder: BitCoder, base: MainBase | undefined, path: PathFacts, name: string, link: string | undefined, fields: Fields): CodedMain;
}

/** Places of flags. */
const IS_SAME_BODY = 0;
const IS_SAME_META = 1;
const FLAGS = 2;

export function createMainModel(metas: MetaModel, bodies: BodyModel, chunks: ChunkModel): MainModel {
  const same = createMixer(5, 1, 14);
  const flags = createBits(FLAGS);
  /** The last body of each template, for headers that have no base. */
  const lastOfTemplate = new Map<number, Body>();
  let history = 0;

  const codeSame = (coder: BitCoder, path: PathFacts, base: Fields, isSame: boolean): boolean => {
    coder.enter('attribute');
    const { contexts } = same;
    contexts[0] = 0;
    contexts[1] = mix(1, history & 63);
    contexts[2] = mix(2, path.directoryHash);
    contexts[3] = mix(mix(3, base.mtime), history & 1);
    contexts[4] = mix(mix(4, path.extensionHash), history & 3);
    const coded = same.code(coder, 0, 0, isSame ? 1 : 0);
    history = (history * 2 + coded) & 63;
    return coded === 1;
  };
  const codeAlone = (coder: BitCoder, path: PathFacts, name: string, link: string | undefined, fields: Fields): CodedMain => {
    const meta = metas.code(coder, META_ALONE, NO_FIELDS, path, { name, link }, fields);
    const likely = { body: lastOfTemplate.get(meta.template) ?? NO_FIELDS, firstChunk: undefined };
    const body = bodies.code(coder, likely, contextOf(path, meta), fields);
    lastOfTemplate.set(meta.template, { ...body, chunks: [], inline: '' });
    return { main: fieldsFrom(meta, meta.name, meta.link, body, fields.mtime), isSameBody: false };
  };

  return {
    code(coder, base, path, name, link, fields) {
      if (!base) return codeAlone(coder, path, name, link, fields);
      const like = base.fields;
      const expected = { name: base.isNamed ? name : like.name, link: link ?? like.link };
      const hasSameBody = !coder.decoding && equalBodies(like, fields);
      const hasSameMeta = !coder.decoding && equalMeta(like, fields) && fields.name === expected.name && fields.link === expected.link;
      const isSame = codeSame(coder, path, like, hasSameBody && hasSameMeta);
      const isSameBody = isSame || flags.code(coder, IS_SAME_BODY, hasSameBody ? 1 : 0) === 1;
      // Something differs: where the body does not, the rest must.
      const isSameMeta = isSame || (!isSameBody && flags.code(coder, IS_SAME_META, hasSameMeta ? 1 : 0) === 1);
      const setting = isSameBody ? META_KEPT_BODY : META_NEW_BODY;
      const meta = isSameMeta ? like : metas.code(coder, setting, like, path, expected, fields);
      const named = isSameMeta ? expected : meta;
      if (isSameBody && like.body === BODY_CHUNKS) chunks.expect(base.firstChunk + like.chunks.length);
      const body = isSameBody ? like : bodies.code(coder, { body: like, firstChunk: base.firstChunk }, contextOf(path, meta), fields);
      return { main: fieldsFrom(meta, named.name, named.link, body, fields.mtime), isSameBody };
    },
  };
}

function contextOf(path: PathFacts, { template }: Meta): number {
  return ((template & 1) * 8 + (path.extensionHash & 7)) % BODY_CONTEXTS;
}
