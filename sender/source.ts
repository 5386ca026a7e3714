/** An archive read once, from wherever it comes, into the pool. */
import { TransferError } from '../shared/errors.ts';
import { utf8Text } from '../shared/bytes.ts';
import { hex, type Id } from '../shared/hash.ts';
import { loadRecipe, openStoredArchive, type StoredArchive } from '../shared/image/stored-archive.ts';
import { ingestStream, type IngestedStream, type IngestOptions, type IngestResult } from '../shared/ingest/ingest.ts';
import type { Recipe } from '../shared/recipe/recipe.ts';
import { plainOf } from '../shared/recipe/wrapped.ts';
import type { Store } from '../shared/store/port.ts';
import { rememberUse } from './pool-quota.ts';

/** One thing to ship, or to seed the pool with. */
export interface Source {
  /** As the user wrote it. */
  readonly name: string;
  /** Name that its (single) image gets over there, where it is to have another. */
  readonly as?: string | undefined;
  /** What is known before reading: engine images only. */
  readonly inspection: { readonly imageId: string; readonly diffIds: readonly string[]; readonly refs: readonly string[] } | undefined;
  /** Bytes to read where they are known. */
  readonly bytes: number | undefined;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** In place of `read`, where someone else reads it into the pool: the id of the archive, once it is there whole. */
  readonly stored?: () => Promise<Id>;
}

/** A layer, a large compressed file in one, or the archive, that is in the pool now. */
export type PooledStream = Pick<IngestedStream, 'path' | 'isFile' | 'recipe' | 'id' | 'known' | 'newBytes' | 'isOpaque'>;

export interface ReadOptions extends Pick<IngestOptions, 'spoolDirectory'> {
  /** Called in archive order, for the archive itself last; what it returns is awaited. */
  readonly onStream?: (stream: PooledStream) => void | Promise<void>;
  /** When that is, for the pool to know what was used last: milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

/** @throws TransferError ARCHIVE_INVALID, ARCHIVE_TRUNCATED where what was read is no archive that could be delivered. */
export async function readSource(source: Source, pool: Store, options: ReadOptions): Promise<StoredArchive> {
  const { onProgress, now, ...rest } = options;
  if (source.stored !== undefined) return replay(await source.stored(), pool, options.onStream);
  const ingested = await ingestStream(source.read(options.signal), pool, {
    ...rest,
    onProgress: (bytes) => onProgress('reading', bytes, source.bytes ?? 0),
  });
  const archive = await openIngested(ingested, source, pool);
  await rememberUse(pool, archive.recipe.id, source.name, now);
  return archive;
}

/** Tells of an archive in the pool as if it were read: every stream in it once, what it nests first. */
async function replay(id: Id, pool: Store, onStream: ReadOptions['onStream']): Promise<StoredArchive> {
  const archive = await loadRecipe(pool, id);
  const told = new Set<string>();
  const tell = async (path: string, recipe: Recipe, depth: number): Promise<void> => {
    told.add(hex(recipe.id));
    // The plain stream of a wrapped one goes with it; what is nested in that does not.
    const plain = plainOf(recipe);
    const rows = plain === undefined ? recipe : await loadRecipe(pool, plain.id);
    for (const index of rows.nestingRows) {
      const { nested, name } = rows.row(index);
      if (nested !== undefined && !told.has(hex(nested))) await tell(utf8Text(name), await loadRecipe(pool, nested), depth + 1);
    }
    await onStream?.({ path, isFile: depth > 1, recipe, id: recipe.id, known: true, newBytes: 0, isOpaque: false });
  };
  await tell('', archive, 0);
  return openStoredArchive(archive, pool);
}

async function openIngested(ingested: IngestResult, source: Source, pool: Store): Promise<StoredArchive> {
  if (!ingested.isTar)
    throw new TransferError('ARCHIVE_INVALID', `${source.name} is not an image archive: it does not begin with a tar header`, {
      hint: 'want what `docker save` writes, not compressed',
    });
  if (ingested.isTruncated)
    throw new TransferError('ARCHIVE_TRUNCATED', `${source.name} ends in the middle of a member, after ${ingested.archive.bytes} bytes`);
  try {
    return await openStoredArchive(ingested.archive.recipe, pool);
  } catch (error) {
    const failure = TransferError.from(error);
    throw new TransferError(failure.code, `${source.name}: ${failure.message}`, { cause: error, hint: failure.hint });
  }
}
