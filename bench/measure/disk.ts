/** Disk that a folder takes. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** `st_blocks` counts in this unit whatever the file system's block is (stat(2)). */
const STAT_BLOCK_BYTES = 512;

/** Allocated bytes of everything below `directory`, as `du` counts them; a file with several names counts once. */
export async function diskBytes(directory: string): Promise<number> {
  const seen = new Set<number>();
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const { ino, blocks } = await lstat(join(entry.parentPath, entry.name));
    if (!seen.has(ino)) bytes += blocks * STAT_BLOCK_BYTES;
    seen.add(ino);
  }
  return bytes;
}
