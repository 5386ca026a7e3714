/** How references to content are sent: the next chunk of the base's body, any chunk of the bases, one that the target had before, or a new one. */
import { TransferError } from '../../errors.ts';
import { CHUNK_BYTES_MAX, RECIPE_CHUNKS_MAX } from '../../limits.ts';
import type { ChunkRef } from '../recipe.ts';
import { createBits } from './decision.ts';
import { equalChunks } from './entry.ts';
import { codeIndex, codeSigned, createNumberModel } from './number.ts';
import type { BitCoder } from './range-coder.ts';

/** Where chunks are, for one difference: chunks of the bases by number, and those that the target brings itself. */
export interface ChunkPlaces {
  readonly baseCount: number;
  baseChunk(number: number): ChunkRef;
  /** Chunks so far that no base has. */
  readonly freshCount: number;
  freshChunk(number: number): ChunkRef;
  /** Adds a chunk that no base has; when decoding only its length is known. */
  addFresh(chunk: ChunkRef | undefined, length: number): ChunkRef;
  /** Encoding: the number of a chunk in the bases. */
  findBase(chunk: ChunkRef): number | undefined;
  /** Encoding: the number of a chunk among those that no base has. */
  findFresh(chunk: ChunkRef): number | undefined;
}

export interface ChunkModel {
  /**
   * Codes a list of chunks of `bytes` in all.
   * @throws TransferError LIMIT_EXCEEDED, PROTOCOL_VIOLATION for lists beyond a limit or of another length.
   */
  code(coder: BitCoder, bytes: number, chunks: readonly ChunkRef[]): ChunkRef[];
  /** The next chunks are likely to be those of the bases from this number on. */
  expect(baseChunk: number): void;
}

const FROM_FRESH = 0;
const FROM_TARGET = 1;
const FROM_BASE = 2;
/** Places of flags. */
const IS_EXPECTED = 0;
const ORIGIN = 8;
const TAKES_ALL = ORIGIN + 24;
const IS_LATEST = TAKES_ALL + 1;
const FLAGS = IS_LATEST + 1;
/** What numbers are of. */
const LENGTH = 0;
const DISTANCE = 1;
/** Memory for the last chunk of each length: 2^this places, found by hash. */
const LENGTH_BITS = 12;

export function createChunkModel(places: ChunkPlaces): ChunkModel {
  const flags = createBits(FLAGS);
  const numbers = createNumberModel(2);
  const latest = new Int32Array(2 ** LENGTH_BITS).fill(-1);
  /** The chunk of the bases that is likely to come next. */
  let expected = 0;
  let lastOrigin = FROM_FRESH;
  let wasExpected = 0;
  let count = 0;

  /** The last new chunk that is as long as what is left of the body; -1 where there is none. */
  const latestOf = (left: number): number => {
    const number = latest[slotOf(left)] as number;
    return number >= 0 && places.freshChunk(number).length === left ? number : -1;
  };
  const codeFresh = (coder: BitCoder, left: number, chunk: ChunkRef | undefined): ChunkRef => {
    const takesAll = left <= CHUNK_BYTES_MAX && flags.code(coder, TAKES_ALL, chunk?.length === left ? 1 : 0) === 1;
    const length = takesAll ? left : 1 + numbers.code(coder, LENGTH, (chunk?.length ?? 1) - 1);
    if (length > CHUNK_BYTES_MAX) throw new TransferError('LIMIT_EXCEEDED', `a chunk of ${length} bytes`);
    latest[slotOf(length)] = places.freshCount;
    return places.addFresh(chunk, length);
  };
  const codeRepeat = (coder: BitCoder, left: number, number: number): ChunkRef => {
    const likely = latestOf(left);
    const isLikely = likely >= 0 && flags.code(coder, IS_LATEST, number === likely ? 1 : 0) === 1;
    return places.freshChunk(isLikely ? likely : codeIndex(coder, places.freshCount, number));
  };
  const codeFromBase = (coder: BitCoder, found: number): ChunkRef => {
    const number = expected + codeSigned(numbers, coder, DISTANCE, found - expected);
    if (!(number >= 0 && number < places.baseCount)) {
      throw new TransferError('PROTOCOL_VIOLATION', `a recipe difference refers to chunk ${number} of ${places.baseCount}`);
    }
    expected = number + 1;
    return places.baseChunk(number);
  };
  const codeOrigin = (coder: BitCoder, left: number, isFirst: boolean, origin: number): number => {
    const slot = ORIGIN + ((isFirst ? 0 : 1) + (latestOf(left) >= 0 ? 2 : 0) + lastOrigin * 4) * 2;
    if (places.baseCount > 0 && flags.code(coder, slot, origin === FROM_BASE ? 1 : 0) === 1) return FROM_BASE;
    return places.freshCount > 0 ? flags.code(coder, slot + 1, origin === FROM_TARGET ? 1 : 0) : FROM_FRESH;
  };
  const codeOne = (coder: BitCoder, left: number, isFirst: boolean, chunk: ChunkRef | undefined): ChunkRef => {
    const likely = expected < places.baseCount ? places.baseChunk(expected) : undefined;
    if (likely && likely.length <= left) {
      const slot = IS_EXPECTED + (isFirst ? 0 : 4) + wasExpected * 2 + (likely.length === left ? 1 : 0);
      wasExpected = flags.code(coder, slot, chunk && equalChunks(chunk, likely) ? 1 : 0);
      if (wasExpected === 1) {
        expected++;
        return likely;
      }
    }
    const found = chunk && places.findBase(chunk);
    const again = chunk && found === undefined ? places.findFresh(chunk) : undefined;
    lastOrigin = codeOrigin(coder, left, isFirst, found !== undefined ? FROM_BASE : again !== undefined ? FROM_TARGET : FROM_FRESH);
    if (lastOrigin === FROM_BASE) return codeFromBase(coder, found ?? 0);
    // What is new in the middle of a body most likely stands for one chunk of the base's.
    expected++;
    return lastOrigin === FROM_FRESH ? codeFresh(coder, left, chunk) : codeRepeat(coder, left, again ?? 0);
  };

  return {
    code(coder, bytes, chunks) {
      const coded: ChunkRef[] = [];
      for (let left = bytes; left > 0;) {
        const chunk = codeOne(coder, left, coded.length === 0, chunks[coded.length]);
        if (chunk.length > left) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference has chunks longer than their body');
        if (++count > RECIPE_CHUNKS_MAX) throw new TransferError('LIMIT_EXCEEDED', `more than ${RECIPE_CHUNKS_MAX} chunks in one recipe`);
        coded.push(chunk);
        left -= chunk.length;
      }
      return coded;
    },
    expect(baseChunk) {
      expected = baseChunk;
    },
  };
}

function slotOf(length: number): number {
  return Math.imul(length, 0x9e3779b1) >>> (32 - LENGTH_BITS);
}
