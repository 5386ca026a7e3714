/** A small file that is replaced as a whole, so that what was known outlives the process. */
import { open, readFile, rename } from 'node:fs/promises';

export interface SmallFile {
  /** Undefined where it is not there, or cannot be read. */
  read(): Promise<string | undefined>;
  /** Durable, and all or nothing. */
  write(text: string): Promise<void>;
}

export function smallFile(path: string): SmallFile {
  return {
    read: () => readFile(path, 'utf8').catch(() => undefined),
    async write(text) {
      {
        await using handle = await open(`${path}.new`, 'w');
        await handle.writeFile(text);
        await handle.datasync();
      }
      await rename(`${path}.new`, path);
    },
  };
}
