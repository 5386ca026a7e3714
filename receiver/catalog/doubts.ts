/** Streams in doubt, kept in `doubts.json` beside the packs, so that a restart does not have to find out again what was lost. */
import { join } from 'node:path';
import { utf8, utf8Text } from '../../shared/bytes.ts';
import { DOUBTS_MAX } from '../../shared/limits.ts';
import { nodeFiles, type StoreFiles } from '../../shared/store/files.ts';
import { createSharedRun } from '../../shared/store/shared-run.ts';
import type { Doubts } from './catalog.ts';

const FILE = 'doubts.json';
/** A quoted id and a comma, and one to spare. */
const ENTRY_BYTES = 68;

/** @param directory of the store, which this process has open. A file that is not there, or says something else, tells nothing. */
export async function openDoubts(directory: string, files: StoreFiles = nodeFiles): Promise<Doubts> {
  const path = join(directory, FILE);
  const doubted = new Set(await read(path, files));
  const writeAll = createSharedRun(() => write(path, [...doubted].slice(-DOUBTS_MAX), files));
  // It only saves work: that it cannot be written must not make anything fail.
  const save = (): void => void writeAll().catch(() => undefined);
  return {
    has: (stream) => doubted.has(stream),
    add(stream) {
      if (doubted.has(stream)) return;
      doubted.add(stream);
      save();
    },
    delete(stream) {
      if (doubted.delete(stream)) save();
    },
  };
}

async function read(path: string, files: StoreFiles): Promise<string[]> {
  try {
    const size = await files.size(path);
    if (size === undefined || size > ENTRY_BYTES * (DOUBTS_MAX + 1)) return [];
    const file = await files.open(path, 'read');
    try {
      const bytes = new Uint8Array(size);
      const value: unknown = JSON.parse(utf8Text(bytes.subarray(0, await file.read(bytes, 0))));
      return Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string' && /^[0-9a-f]{64}$/.test(id)) : [];
    } finally {
      await file.close();
    }
  } catch {
    return [];
  }
}

async function write(path: string, streams: readonly string[], files: StoreFiles): Promise<void> {
  const file = await files.open(`${path}.new`, 'write');
  try {
    await file.truncate(0);
    await file.write([utf8(`${JSON.stringify(streams)}\n`)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(`${path}.new`, path);
}
