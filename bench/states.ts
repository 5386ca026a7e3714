/**
 * What shipments left on both sides, kept in folders for the ones that start from it: each old image is brought to both sides once for a
 * technique, by that technique, and copied for every shipment over it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Disposing it removes what is still kept. */
export interface States extends AsyncDisposable {
  /** Takes over the folder that a workplace left (`Workplace.leave`), for so many that start from it. */
  keep(name: string, folder: Promise<string>, uses: number): void;
  /**
   * A folder to open a workplace on, which is then the caller's: a copy, or at the last use the kept one itself. Undefined where nothing was
   * left under this name.
   */
  take(name: string): Promise<string | undefined>;
}

export function createStates(): States {
  const kept = new Map<string, { readonly folder: Promise<string>; uses: number; readonly copies: Promise<string>[] }>();
  return {
    keep(name, folder, uses) {
      // It is told to whoever takes it.
      folder.catch(() => undefined);
      kept.set(name, { folder, uses, copies: [] });
    },
    async take(name) {
      const state = kept.get(name);
      if (state === undefined) return undefined;
      state.uses--;
      if (state.uses > 0) {
        const copy = state.folder.then(copyOf);
        state.copies.push(copy);
        return copy;
      }
      kept.delete(name);
      // Whoever gets the folder itself changes it: no copy may be under way.
      await Promise.allSettled(state.copies);
      return state.folder;
    },
    async [Symbol.asyncDispose]() {
      const folders = await Promise.allSettled([...kept.values()].map((state) => state.folder));
      kept.clear();
      for (const folder of folders) if (folder.status === 'fulfilled') await rm(folder.value, { recursive: true, force: true });
    },
  };
}

async function copyOf(folder: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'bench-'));
  // Times, owners, links and devices as they are: an engine's layers have all of them.
  await run('cp', ['-a', '--reflink=auto', `${folder}/.`, copy]);
  return copy;
}
