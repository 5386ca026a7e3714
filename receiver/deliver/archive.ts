/** `--deliver archive:DIR`: writes NAME_TAG.tar, byte for byte what was shipped, and only once it is whole. */
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { releaseBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { idFromHex } from '../../shared/hash.ts';
import { archiveFileName } from '../../shared/image/reference.ts';
import { loadRecipe, openStoredArchive } from '../../shared/image/stored-archive.ts';
import type { Store } from '../../shared/store/port.ts';
import type { ImageRecord } from '../catalog/catalog.ts';
import { storedImages } from './none.ts';
import type { Deliver, DeliverOptions } from './port.ts';
import { writeBehind } from './write-behind.ts';

export function deliverToDirectory(store: Store, directory: string): Deliver {
  return async (record, options) => {
    // A file takes its name in one step, whenever it is written.
    if (options.isRehearsal === true) return { record, images: [], notes: [] };
    const name = options.names.flat()[0] ?? record.images[0]?.configDigest.slice('sha256:'.length, 'sha256:'.length + 12) ?? record.archive;
    const file = join(directory, archiveFileName(name));
    await mkdir(directory, { recursive: true });
    const before = await stat(file).catch(() => undefined);
    await writeArchive(store, record, file, options);
    return { record, images: storedImages(record, options.names), notes: [], alreadyThere: before?.size === record.archiveBytes };
  };
}

/** The archive of a record, rebuilt. @throws TransferError INTEGRITY, now or while it is read. */
export async function openArchive(store: Store, record: ImageRecord, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  return (await openStoredArchive(await loadRecipe(store, idFromHex(record.archive)), store)).openAll(signal);
}

/** Rebuilds the archive into `file`, as `writePieces`. */
export async function writeArchive(
  store: Store,
  record: ImageRecord,
  file: string,
  options: Pick<DeliverOptions, 'signal' | 'onProgress'>,
): Promise<void> {
  await writePieces(await openArchive(store, record, options.signal), record.archiveBytes, file, options);
}

/**
 * Writes `pieces`, `bytes` in all, which it takes over, into `file` by way of a temporary file beside it, synced before it takes the name. A device or a pipe is never
 * replaced: it is written to as it is.
 * @throws TransferError USAGE for a directory; NO_SPACE, PERMISSION, INTEGRITY: the file is then as it was.
 */
export async function writePieces(
  pieces: AsyncIterable<Uint8Array>,
  bytes: number,
  file: string,
  options: Pick<DeliverOptions, 'signal' | 'onProgress'>,
): Promise<void> {
  const write = async (path: string): Promise<void> => {
    await using handle = await open(path, 'w');
    const onWritten = (done: number): void => options.onProgress?.('rebuild', done, bytes);
    if ((await handle.stat()).isFile()) await writeBehind(handle, pieces, onWritten);
    else await writeInOrder(handle, pieces, onWritten);
    options.signal?.throwIfAborted();
  };
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory() === true) throw new TransferError('USAGE', `${file} is a directory`, { hint: 'name a file in it' });
  try {
    if (there === undefined || there.isFile()) await replaceFile(file, bytes, write);
    else await write(file);
  } catch (error) {
    throw TransferError.from(error, `writing ${file}`);
  }
}

/** Into a device or a pipe, which knows no places. */
async function writeInOrder(handle: FileHandle, pieces: AsyncIterable<Uint8Array>, onWritten: (bytes: number) => void): Promise<void> {
  let done = 0;
  for await (const piece of pieces) {
    await handle.writeFile(piece);
    done += piece.byteLength;
    releaseBytes(piece);
    onWritten(done);
  }
}

/** Writes begun by this process: each has a temporary file of its own. */
let writes = 0;

/** Gives `file` what `write` makes of a temporary file, once that is whole. */
async function replaceFile(file: string, bytes: number, write: (path: string) => Promise<void>): Promise<void> {
  // The same image may be delivered twice at once.
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.${++writes}.part`);
  await checkHeadroom(dirname(file), bytes);
  try {
    await write(temporary);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function checkHeadroom(directory: string, bytes: number): Promise<void> {
  const disk = await statfs(directory);
  const free = disk.bavail * disk.bsize;
  if (free < bytes) throw new TransferError('NO_SPACE', `${directory} has ${free} bytes free, the archive needs ${bytes}`);
}
