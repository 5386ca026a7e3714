/** How bodies are sent that are not those of their base: kind, sizes, and what they are made of. */
import { equalBytes } from '../../bytes.ts';
import { TransferError } from '../../errors.ts';
import { ID_BYTES, asId, type Id } from '../../hash.ts';
import { RECIPE_NUMBER_MAX, TAR_INLINE_BYTES_MAX } from '../../limits.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NESTED, BODY_NONE, type BodyKind } from '../recipe.ts';
import type { ChunkModel } from './chunk-model.ts';
import { createBits } from './decision.ts';
import type { Body } from './entry.ts';
import { codeIndex, codeSigned, createNumberModel } from './number.ts';
import type { BitCoder } from './range-coder.ts';
import { TEXT_INLINE, type TextModel } from './text.ts';

/** The base of a body. */
export interface BodyBase {
  readonly body: Body;
  /** Number of its first chunk in the bases; undefined where the body is only one that is likely alike. */
  readonly firstChunk: number | undefined;
}

export interface BodyModel {
  /** @param context what is known of the header, below `BODY_CONTEXTS`. */
  code(coder: BitCoder, base: BodyBase, context: number, body: Body): Body;
}

export const BODY_CONTEXTS = 16;
/** Places of flags: by context whether the kind is the base's and whether header and body differ in size; then kinds by that of the base. */
const IS_SAME_KIND = 0;
const HAS_OWN_SIZE = BODY_CONTEXTS;
const KIND = 3 * BODY_CONTEXTS;
const IS_KNOWN_STREAM = KIND + 12;
const FLAGS = IS_KNOWN_STREAM + 1;
/** What numbers are of: by context lengths without and with a base; then sizes of headers, and streams. */
const LENGTH = 0;
const OWN_SIZE = 2 * BODY_CONTEXTS;
const STREAM = OWN_SIZE + 1;
const NUMBERS = STREAM + 1;

/** @param streams that nested bodies may refer to. */
export function createBodyModel(text: TextModel, chunks: ChunkModel, streams: readonly Id[]): BodyModel {
  const flags = createBits(FLAGS);
  const numbers = createNumberModel(NUMBERS);
  let nextStream = 0;

  const codeKind = (coder: BitCoder, likely: BodyKind, context: number, kind: BodyKind): BodyKind => {
    if (flags.code(coder, IS_SAME_KIND + context, kind === likely ? 1 : 0) === 1) return likely;
    const high = flags.code(coder, KIND + likely * 3, kind >> 1);
    return (high * 2 + flags.code(coder, KIND + likely * 3 + 1 + high, kind & 1)) as BodyKind;
  };
  const codeLength = (coder: BitCoder, base: BodyBase, context: number, length: number): number => {
    const number = LENGTH + context * 2;
    const likely = base.body.bodyBytes;
    const coded =
      base.firstChunk === undefined
        ? numbers.code(coder, number, length)
        : likely + codeSigned(numbers, coder, number + 1, length - likely);
    if (!(coded > 0 && coded <= RECIPE_NUMBER_MAX))
      throw new TransferError('PROTOCOL_VIOLATION', `a recipe difference has a body of ${coded} bytes`);
    return coded;
  };
  const codeSize = (coder: BitCoder, context: number, kind: BodyKind, bodyBytes: number, size: number): number => {
    const slot = HAS_OWN_SIZE + context * 2 + (kind === BODY_NONE ? 1 : 0);
    return flags.code(coder, slot, size === bodyBytes ? 0 : 1) === 1 ? numbers.code(coder, OWN_SIZE, size) : bodyBytes;
  };
  const codeNested = (coder: BitCoder, id: Id | undefined): Id => {
    const known = id === undefined ? -1 : streams.findIndex((stream) => equalBytes(stream, id));
    if (streams.length > 0 && flags.code(coder, IS_KNOWN_STREAM, known >= 0 ? 1 : 0) === 1) {
      // Layers mostly come in the order in which they were announced.
      const step = numbers.code(coder, STREAM, (known - nextStream + streams.length) % streams.length);
      const stream = streams[(nextStream + step) % streams.length];
      if (step >= streams.length || !stream) throw new TransferError('PROTOCOL_VIOLATION', `a recipe difference refers to stream ${step}`);
      nextStream = (nextStream + step + 1) % streams.length;
      return stream;
    }
    const bytes = new Uint8Array(ID_BYTES);
    for (let at = 0; at < ID_BYTES; at++) bytes[at] = codeIndex(coder, 256, id?.[at] ?? 0);
    return asId(bytes);
  };
  const codeInline = (coder: BitCoder, base: Body, bodyBytes: number, inline: string): string => {
    const coded = text.code(coder, TEXT_INLINE, base.inline, TAR_INLINE_BYTES_MAX, inline);
    if (coded.length !== bodyBytes)
      throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference has an inline body of another length');
    return coded;
  };

  return {
    code(coder, base, context, body) {
      coder.enter('size');
      const kind = codeKind(coder, base.body.body, context, body.body);
      const bodyBytes = kind === BODY_NONE ? 0 : codeLength(coder, base, context, body.bodyBytes);
      const size = codeSize(coder, context, kind, bodyBytes, body.size);
      const empty = { size, body: kind, bodyBytes, inline: '', chunks: [], nested: undefined };
      coder.enter('chunk');
      switch (kind) {
        case BODY_CHUNKS:
          if (base.firstChunk !== undefined) chunks.expect(base.firstChunk);
          return { ...empty, chunks: chunks.code(coder, bodyBytes, body.chunks) };
        case BODY_NESTED:
          return { ...empty, nested: codeNested(coder, body.nested) };
        case BODY_INLINE:
          return { ...empty, inline: codeInline(coder, base.body, bodyBytes, body.inline) };
        default:
          return empty;
      }
    },
  };
}
