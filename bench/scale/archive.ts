/** Makes the archive of a case: layer by layer into files beside it, which go when the archive has them. */
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { fileSha256 } from '../corpora/file-digest.ts';
import { writeSaveArchive } from '../corpora/save-archive.ts';
import { createTarWriter } from '../corpora/tar-writer.ts';
import type { ArchiveFile } from '../workplace.ts';
import type { ScaleCase } from './cases.ts';

export interface MadeArchive extends ArchiveFile {
  readonly bytes: number;
}

const BUILT_AT = 1_750_000_000;

/** Writes `image.tar` into the directory; an interrupt is seen between two layers. @throws TransferError INTERRUPTED */
export async function makeArchive(directory: string, { ref, layers }: ScaleCase, signal: AbortSignal): Promise<MadeArchive> {
  const files: string[] = [];
  for (const entries of layers) {
    // Layers are written without a pause: here is the moment at which an interrupt can arrive.
    await systemClock.sleep(0, signal);
    const file = join(directory, `layer-${files.length}.tar`);
    files.push(file);
    const writer = createTarWriter(file);
    for (const entry of entries) writer.add(entry);
    writer.end();
  }
  const path = join(directory, 'image.tar');
  await writeSaveArchive(path, 'oci', { ref, layers: files, builtAt: BUILT_AT });
  for (const file of files) await rm(file);
  await settle(path);
  signal.throwIfAborted();
  return { path, bytes: (await stat(path)).size, sha256: await fileSha256(path) };
}

/** Onto the disk, so that the system does not write it while a shipment is measured. */
async function settle(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}
