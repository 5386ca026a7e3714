/** What the words on the command line mean: an image of the engine, an archive file, or `-` for stdin. */
import { stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { readFilePieces } from '../../shared/ingest/file-source.ts';
import type { ImageSource } from '../image/port.ts';
import type { Source } from '../source.ts';

/**
 * Opens nothing yet but checks that each source is there.
 * @throws TransferError IMAGE_NOT_FOUND, ENGINE_*, PERMISSION
 */
export async function resolveSources(
  names: readonly string[],
  engine: () => Promise<ImageSource>,
  stdin: Readable,
  signal: AbortSignal,
): Promise<Source[]> {
  if (names.filter((name) => name === '-').length > 1) throw new TransferError('USAGE', 'stdin can be read only once');
  const sources: Source[] = [];
  for (const name of names) {
    if (name === '-')
      sources.push({ name: 'stdin', inspection: undefined, bytes: undefined, read: (abort) => addAbortSignal(abort, stdin) });
    else if (isArchivePath(name)) sources.push(await archiveSource(name));
    else sources.push(await engineSource(name, await engine(), signal));
  }
  return sources;
}

/** A path begins with `.` or `/`, or ends with `.tar`; everything else is an image of the engine. */
function isArchivePath(name: string): boolean {
  return /^[./]/.test(name) || name.endsWith('.tar');
}

async function archiveSource(path: string): Promise<Source> {
  let bytes: number;
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw new TransferError('ARCHIVE_INVALID', `${path} is a directory, not an archive`);
    bytes = status.size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      throw new TransferError('IMAGE_NOT_FOUND', `there is no archive ${path}`, {
        cause: error,
        hint: 'an image of the engine is named without a path',
      });
    throw TransferError.from(error, path);
  }
  return { name: path, inspection: undefined, bytes, read: (signal) => readFilePieces(path, { signal }) };
}

async function engineSource(name: string, engine: ImageSource, signal: AbortSignal): Promise<Source> {
  const inspection = await engine.inspect(name, { signal });
  return { name, inspection, bytes: undefined, read: (abort) => engine.save(name, { signal: abort }) };
}
