import type { BaseRange } from '../../shared/wire/bulk.ts';

/** Ranges that follow each other as one. @param ranges sorted by base, row and place; they do not overlap. */
export function joinRanges(ranges: Iterable<BaseRange>): BaseRange[] {
  const joined: BaseRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    const isNext = last?.base === range.base && last.row === range.row && last.firstChunk + last.chunkCount === range.firstChunk;
    if (isNext) joined[joined.length - 1] = { ...last, chunkCount: last.chunkCount + range.chunkCount };
    else joined.push(range);
  }
  return joined;
}
