/**
 * Where in the old version of a large file the content of the new one is to be looked for. Chunks that both have say how far their
 * neighbours have moved; what changed in between is looked for in between.
 */
import { hex } from '../../shared/hash.ts';
import type { ChunkRef } from '../../shared/recipe/recipe.ts';
import type { BaseRange } from '../../shared/wire/bulk.ts';
import { joinRanges } from './join-ranges.ts';

/** The old version of a file. */
export interface OldFile {
  /** Index of its recipe among the stream's bases, and its row there. */
  readonly base: number;
  readonly row: number;
  readonly chunks: readonly ChunkRef[];
}

/** A byte of the new file, and the one that it was in the old. */
interface Anchor {
  readonly at: number;
  readonly old: number;
}

/** For each chunk of the new file, by its id in hex, the byte of the old one that its middle is to be looked for at: of the first that has the id. */
export function oldPlaces(chunks: Iterable<ChunkRef>, oldChunks: readonly ChunkRef[]): Map<string, number> {
  const own = placed(chunks);
  const old = placed(oldChunks);
  const oldStarts = startsOfUnique(old.chunks);
  const unique = startsOfUnique(own.chunks);
  const anchors: Anchor[] = [{ at: 0, old: 0 }];
  for (const { key, start, length } of own.chunks) {
    const oldStart = unique.has(key) ? oldStarts.get(key) : undefined;
    if (oldStart !== undefined) anchors.push({ at: start, old: oldStart }, { at: start + length, old: oldStart + length });
  }
  anchors.push({ at: own.bytes, old: old.bytes });
  const places = new Map<string, number>();
  let next = 1;
  for (const { key, start, length } of own.chunks) {
    const middle = start + length / 2;
    while ((anchors[next] as Anchor).at < middle) next++;
    if (!places.has(key)) places.set(key, between(anchors[next - 1] as Anchor, anchors[next] as Anchor, middle));
  }
  return places;
}

interface PlacedKey {
  readonly key: string;
  readonly start: number;
  readonly length: number;
}

function placed(chunks: Iterable<ChunkRef>): { readonly chunks: readonly PlacedKey[]; readonly bytes: number } {
  const keys: PlacedKey[] = [];
  let bytes = 0;
  for (const { id, length } of chunks) {
    keys.push({ key: hex(id), start: bytes, length });
    bytes += length;
  }
  return { chunks: keys, bytes };
}

/** A chunk that is there several times, of zeros for one, says nothing of a place. */
function startsOfUnique(chunks: readonly PlacedKey[]): Map<string, number> {
  const starts = new Map<string, number>();
  const repeated = new Set<string>();
  for (const { key, start } of chunks) {
    if (starts.has(key)) repeated.add(key);
    starts.set(key, start);
  }
  for (const key of repeated) starts.delete(key);
  return starts;
}

function between(before: Anchor, after: Anchor, at: number): number {
  if (after.old > before.old) return before.old + ((at - before.at) * (after.old - before.old)) / (after.at - before.at);
  // What is behind came from before: these two say nothing of each other.
  const closest = at - before.at <= after.at - at ? before : after;
  return closest.old + at - closest.at;
}

/**
 * As much of the old file as `bytesMax` allow: the chunks that are nearest to any of `places` (bytes of it, in any order). Around content
 * that lies together this is one range, around changes that are scattered over the file one for each.
 */
export function rangesAround({ base, row, chunks }: OldFile, places: readonly number[], bytesMax: number): BaseRange[] {
  const near = nearest(candidates(chunks, places, bytesMax), bytesMax);
  return joinRanges(near.map(({ index }) => ({ base, row, firstChunk: index, chunkCount: 1 })));
}

interface Candidate {
  readonly index: number;
  readonly length: number;
  /** Bytes from the nearest place; 0: the place is in it. */
  readonly distance: number;
}

/** The chunks that are at most `distanceMax` from a place, in the order of the file. */
function candidates(chunks: readonly ChunkRef[], places: readonly number[], distanceMax: number): Candidate[] {
  const sorted = places.toSorted((a, b) => a - b);
  const found: Candidate[] = [];
  let start = 0;
  let next = 0;
  for (const [index, { length }] of chunks.entries()) {
    const end = start + length;
    while (next < sorted.length && (sorted[next] as number) < start) next++;
    const before = start - (sorted[next - 1] ?? -Infinity);
    const after = (sorted[next] ?? Infinity) - end;
    const distance = Math.max(0, Math.min(before, after));
    if (distance <= distanceMax) found.push({ index, length, distance });
    start = end;
  }
  return found;
}

function nearest(all: readonly Candidate[], bytesMax: number): Candidate[] {
  const within = (radius: number): Candidate[] => all.filter(({ distance }) => distance <= radius);
  let [radius, tooFar] = [-1, bytesMax + 1];
  while (tooFar - radius > 1) {
    const middle = Math.floor((radius + tooFar) / 2);
    if (lengthOf(within(middle)) <= bytesMax) radius = middle;
    else tooFar = middle;
  }
  if (radius >= 0) return within(radius);
  // The very chunks that the places are in are too much: the middle ones.
  const inside = within(0);
  while (lengthOf(inside) > bytesMax) {
    if (inside.length % 2 === 0) inside.shift();
    else inside.pop();
  }
  return inside;
}

function lengthOf(all: readonly Candidate[]): number {
  return all.reduce((sum, { length }) => sum + length, 0);
}
