/**
 * Finds content like that of a run where its path gives no old version, or a poor one: in other files of the stream's bases, and in what the
 * stream itself has sent before. Files that were split, joined or renamed lean on what they were made of, and copies on one another.
 *
 * What is alike is found by features of chunks (shared/delta/features.ts). Those of the stream's own content are all indexed; base content is
 * read only when a run lacks something, as much as is worth it for that.
 */
import { releaseBuffers } from '../../shared/bytes.ts';
import { createFeatureFinder, FEATURE_BYTES, type FeatureFinder } from '../../shared/delta/features.ts';
import type { ChunkRef } from '../../shared/recipe/recipe.ts';
import { OWN_STREAM, type BaseRange } from '../../shared/wire/bulk.ts';
import { joinRanges } from '../content/join-ranges.ts';
import type { Planned, PlannedRun } from '../content/plan.ts';
import { chunksOfBases, type PlacedChunk } from './base-chunks.ts';
import { choosePlaces } from './choose-places.ts';
import { createFeatureIndex } from './feature-index.ts';

export interface Similar {
  /**
   * What a run should lean on beyond its own base. To be called run by run, in their order.
   * @param target contents of the run's chunks; `base` those of its base.
   * @returns ranges that are worth it, of the run's `similarBytes` at most, and their chunks.
   */
  find(run: PlannedRun, target: readonly Uint8Array[], base: readonly Uint8Array[]): Promise<SimilarContent>;
}

export interface SimilarContent {
  readonly ranges: readonly BaseRange[];
  readonly chunks: readonly ChunkRef[];
}

const NOTHING: SimilarContent = { ranges: [], chunks: [] };
/** A chunk lacks a base where its base has less than this share of its features. */
const COVERED_MIN = 0.4;
/** Features that chunks must lack together before base content is read for them, and bytes that are then read for each byte that lacks. */
const LACKING_MIN = 8;
const READ_FACTOR = 16;
const READ_BYTES_MIN = 4 * 1024 * 1024;
const READ_BYTES_MAX = 256 * 1024 * 1024;
const READ_CHUNKS = 64;
/** Of a run's features so many must be found elsewhere for the run to lean on that, and this share: more where it has no base, as encoding over one takes time. */
const FOUND_MIN = 8;
const FOUND_SHARE_MIN = 0.05;
const FOUND_SHARE_MIN_ALONE = 0.15;

/** @param read contents of chunks, in their order: taken over, with the buffers under them. */
export function createSimilar(content: Planned, read: (chunks: readonly ChunkRef[]) => Promise<readonly Uint8Array[]>): Similar {
  let finder: FeatureFinder | undefined;
  const featuresOf: FeatureFinder = (chunk) => (finder ??= createFeatureFinder())(chunk);
  const index = createFeatureIndex();
  const places: PlacedChunk[] = [];
  const add = (features: Uint32Array, placed: PlacedChunk): void => {
    index.add(features, places.length);
    places.push(placed);
  };
  const passedBy = createPassedBy(content);
  const baseChunks = chunksOfBases(content);
  let readBytes = 0;
  /** Indexes more of what the receiver has. */
  const readOn = async (bytes: number): Promise<boolean> => {
    const until = Math.min(readBytes + bytes, READ_BYTES_MAX);
    let hasMore = false;
    while (readBytes < until) {
      const next = passedBy.take(READ_CHUNKS);
      while (next.length < READ_CHUNKS) {
        const one = baseChunks.next();
        if (one.done === true) break;
        next.push(one.value);
      }
      if (next.length === 0) break;
      const contents = await read(next.map(({ chunk }) => chunk));
      for (const [i, placed] of next.entries()) add(featuresOf(contents[i] as Uint8Array), placed);
      releaseBuffers(contents);
      readBytes += next.reduce((sum, { chunk }) => sum + chunk.length, 0);
      hasMore = true;
    }
    return hasMore;
  };
  const bytesOf = (place: number): number => (places[place] as PlacedChunk).chunk.length;

  return {
    async find(run, target, base) {
      const known = new Set<number>();
      for (const chunk of base) for (const feature of featuresOf(chunk)) known.add(feature);
      const own = target.map((chunk) => featuresOf(chunk).slice());
      const { wanted, lacking } = compare(own, known);
      let found = choosePlaces(wanted, index, bytesOf, run.similarBytes);
      passedBy.upTo(run.fresh[0] as number);
      if (lacking - found.covered >= LACKING_MIN) {
        const bytes = Math.max(READ_BYTES_MIN, (lacking - found.covered) * FEATURE_BYTES * READ_FACTOR);
        if (await readOn(bytes)) found = choosePlaces(wanted, index, bytesOf, run.similarBytes);
      }
      for (const [i, fresh] of run.fresh.entries()) {
        add(own[i] as Uint32Array, ownChunk(content, fresh));
      }
      const featureCount = own.reduce((sum, { length }) => sum + length, 0);
      const share = base.length === 0 ? FOUND_SHARE_MIN_ALONE : FOUND_SHARE_MIN;
      const isWorthIt = found.covered >= Math.max(FOUND_MIN, featureCount * share);
      return isWorthIt ? joined(found.places.map((place) => places[place] as PlacedChunk)) : NOTHING;
    },
  };
}

function ownChunk({ difference }: Planned, fresh: number): PlacedChunk {
  return {
    range: { base: OWN_STREAM, row: 0, firstChunk: fresh, chunkCount: 1 },
    chunk: difference.fresh.at(fresh),
  };
}

/** Fresh chunks that the receiver has already, so that no run brings them: from an earlier session, or from another stream. */
interface PassedBy {
  /** Those before this one can be taken from now on. */
  upTo(fresh: number): void;
  /** The next ones, at most `count`. */
  take(count: number): PlacedChunk[];
}

function createPassedBy(content: Planned): PassedBy {
  const { needed } = content;
  let next = 0;
  /** How many of the needed ones come before `next`. */
  let neededBefore = 0;
  let end = 0;
  return {
    upTo: (fresh) => void (end = fresh),
    take(count) {
      const taken: PlacedChunk[] = [];
      for (; next < end && taken.length < count; next++) {
        if (needed[neededBefore] === next) neededBefore++;
        else taken.push(ownChunk(content, next));
      }
      return taken;
    },
  };
}

/** Features that are not known, each once, and how many of them are in chunks of which little is known. */
function compare(chunks: readonly Uint32Array[], known: ReadonlySet<number>): { wanted: Set<number>; lacking: number } {
  const wanted = new Set<number>();
  let lacking = 0;
  for (const features of chunks) {
    const before = wanted.size;
    let unknown = 0;
    for (const feature of features) {
      if (known.has(feature)) continue;
      unknown++;
      wanted.add(feature);
    }
    if (unknown > (1 - COVERED_MIN) * features.length) lacking += wanted.size - before;
  }
  return { wanted, lacking };
}

function rank({ base }: BaseRange): number {
  return base === OWN_STREAM ? Number.MAX_SAFE_INTEGER : base;
}

/** Neighbours as one range; the stream's own content last. */
function joined(found: readonly PlacedChunk[]): SimilarContent {
  const sorted = found.toSorted(
    ({ range: a }, { range: b }) => rank(a) - rank(b) || a.row - b.row || a.firstChunk - b.firstChunk, // prettier-ignore
  );
  return { ranges: joinRanges(sorted.map(({ range }) => range)), chunks: sorted.map(({ chunk }) => chunk) };
}
