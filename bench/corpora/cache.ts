/** The folder that holds what was built once: archives, layers and unpacked packages. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Cache {
  readonly directory: string;
  /**
   * The path of an entry. Where it is missing, `build` makes it at the path that it is given, in the same folder; an interrupted build leaves
   * nothing under the entry's own name.
   */
  entry(name: string, build: (path: string) => Promise<void>): Promise<string>;
}

/** @param announce is told the name of each entry that has to be built. */
export function openCache(directory: string, announce: (name: string) => void): Cache {
  return {
    directory,
    async entry(name, build) {
      const path = join(directory, name);
      if (existsSync(path)) return path;
      announce(name);
      const part = `${path}.building`;
      await mkdir(dirname(path), { recursive: true });
      await rm(part, { recursive: true, force: true });
      await build(part);
      await rename(part, path);
      return path;
    },
  };
}
