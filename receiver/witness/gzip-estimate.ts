/** What gzip would make of an archive, from a sample of its content: the archive itself is not read again for it. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { concatBytes } from '../../shared/bytes.ts';
import { type Id, idFromHex } from '../../shared/hash.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import type { Store } from '../../shared/store/port.ts';
import type { ImageRecord } from '../catalog/catalog.ts';

/** About a megabyte of content, from all over the image. */
const CHUNKS_SAMPLED = 32;
/** Chunks of neighbouring files are compressed together, as gzip would. */
const CHUNKS_TOGETHER = 4;
/** As `gzip` without a flag, and as Docker compresses layers. */
const LEVEL = 6;

const compress = promisify(gzip);

/**
 * Bytes of `docker save | gzip`, estimated: the ratio of a sample of chunks, times the bytes of the archive.
 * @returns undefined for an archive without content. @throws TransferError INTEGRITY where it cannot be read.
 */
export async function estimateGzip(record: ImageRecord, store: Store): Promise<number | undefined> {
  const streams = [
    ...new Set([...record.images.flatMap(({ layers }) => layers.map(({ stream, plain }) => plain ?? stream)), record.archive]),
  ];
  const groups: Id[][] = [];
  const perStream = Math.max(1, Math.floor(CHUNKS_SAMPLED / CHUNKS_TOGETHER / streams.length));
  for (const stream of streams) {
    if (stream === undefined || groups.length * CHUNKS_TOGETHER >= CHUNKS_SAMPLED) continue;
    const recipe = await loadRecipe(store, idFromHex(stream));
    const step = Math.max(1, Math.floor(recipe.rowCount / perStream));
    for (let row = step >> 1, taken = 0; row < recipe.rowCount && taken < perStream; row += step, taken++) {
      const group: Id[] = [];
      for (let next = row; next < recipe.rowCount && group.length < CHUNKS_TOGETHER; next++)
        for (const { id } of recipe.chunksOf(next)) if (group.length < CHUNKS_TOGETHER) group.push(id);
      if (group.length > 0) groups.push(group);
    }
  }
  let [raw, packed] = [0, 0];
  for (const group of groups) {
    const content = concatBytes(await store.getMany('chunk', group));
    raw += content.byteLength;
    packed += (await compress(content, { level: LEVEL })).byteLength;
  }
  return raw === 0 ? undefined : Math.round((record.archiveBytes * packed) / raw);
}

/** Estimates that were made once are not made again: what the entries of a history say goes first. */
export function rememberEstimates(
  entries: Iterable<{ readonly [field: string]: unknown }>,
  estimate: (record: ImageRecord) => Promise<number | undefined>,
): (record: ImageRecord) => Promise<number | undefined> {
  const known = new Map<string, number>();
  for (const { archive, gzipBytes } of entries)
    if (typeof archive === 'string' && typeof gzipBytes === 'number') known.set(archive, gzipBytes);
  return async (record) => {
    const bytes = known.get(record.archive) ?? (await estimate(record));
    if (bytes !== undefined) known.set(record.archive, bytes);
    return bytes;
  };
}
