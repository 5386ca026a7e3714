/** An archive read once, from wherever it comes, into the pool. */
import { TransferError } from '../shared/errors.ts';
import { openStoredArchive, type StoredArchive } from '../shared/image/stored-archive.ts';
import { ingestStream, type IngestOptions, type IngestResult } from '../shared/ingest/ingest.ts';
import type { Store } from '../shared/store/port.ts';

/** One thing to ship, or to seed the pool with. */
export interface Source {
  /** As the user wrote it. */
  readonly name: string;
  /** What is known before reading: engine images only. */
  readonly inspection: { readonly imageId: string; readonly diffIds: readonly string[]; readonly refs: readonly string[] } | undefined;
  /** Bytes to read where they are known. */
  readonly bytes: number | undefined;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface ReadOptions extends Pick<IngestOptions, 'onStream' | 'spoolDirectory'> {
  readonly signal: AbortSignal;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

/** @throws TransferError ARCHIVE_INVALID, ARCHIVE_TRUNCATED where what was read is no archive that could be delivered. */
export async function readSource(source: Source, pool: Store, options: ReadOptions): Promise<StoredArchive> {
  const { onProgress, ...rest } = options;
  const ingested = await ingestStream(source.read(options.signal), pool, {
    ...rest,
    onProgress: (bytes) => onProgress('reading', bytes, source.bytes ?? 0),
  });
  return openIngested(ingested, source, pool);
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
