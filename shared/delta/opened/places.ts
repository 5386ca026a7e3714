/** Places in a content, opened or closed, where a member or a record of a zip directory may begin: part of the format. */
import { equalBytes, concatBytes } from '../../bytes.ts';
import { bufferOf, type Family, type Opening } from './family.ts';
import { gzipFamily } from './gzip.ts';
import { pngFamily } from './png.ts';
import { DIRECTORY_BYTES, DIRECTORY_MAGIC, zipFamily } from './zip.ts';

/** Members of members are opened, and theirs are not. */
export const DEPTH_MAX = 2;
/** The length of what a member holds stands behind its header. */
export const LENGTH_BYTES = 4;

export interface Place {
  readonly start: number;
  /** Undefined for a record of a directory. */
  readonly family: Family | undefined;
}

const FAMILIES: readonly (Family | undefined)[] = [gzipFamily, zipFamily, pngFamily, undefined];

/** The first place from `at` on; calls go forward. */
export function findPlaces(content: Uint8Array): (at: number) => Place | undefined {
  const bytes = bufferOf(content);
  const next: number[] = FAMILIES.map(() => 0);
  const isPlace = (family: Family | undefined, start: number): boolean => {
    if (start + (family?.headBytes ?? DIRECTORY_BYTES) > bytes.byteLength) return false;
    return family === undefined || family.isHead(bytes, start);
  };
  const advance = (family: Family | undefined, from: number): number => {
    const magic = family?.magic ?? DIRECTORY_MAGIC;
    let start = bytes.indexOf(magic, from);
    while (start >= 0 && !isPlace(family, start)) start = bytes.indexOf(magic, start + 1);
    return start < 0 ? Infinity : start;
  };
  let known = -1;
  return (at) => {
    let first: Place | undefined;
    for (const [i, family] of FAMILIES.entries()) {
      if (known < 0 || (next[i] ?? 0) < at) next[i] = advance(family, at);
      const start = next[i] ?? Infinity;
      if (start < (first?.start ?? Infinity)) first = { start, family };
    }
    known = at;
    return first;
  };
}

/** The member at a place: a whole and right one, that closes to what stands there. It must hold something. */
export function openMember({ family, start }: Place, content: Uint8Array, contentMax: number): Opening | undefined {
  const bytes = bufferOf(content);
  const opening = family?.open(bytes, start, contentMax);
  if (family === undefined || opening === undefined || opening.content.byteLength === 0 || opening.end > bytes.byteLength) return undefined;
  const closed = family.close(bufferOf(opening.header), opening.content, opening.deflated);
  return closed !== undefined && equalBytes(concatBytes(closed), bytes.subarray(start, opening.end)) ? opening : undefined;
}
