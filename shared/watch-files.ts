/** Tells of changes to files that an operator edits while an agent runs. */
import { unwatchFile, watchFile } from 'node:fs';

/** How long a change may go unnoticed. */
const INTERVAL_MS = 2000;

/** Calls back after each change of one of the files, replaced or edited, links followed. */
export function watchFiles(paths: readonly string[], onChange: () => void): Disposable {
  for (const path of paths) watchFile(path, { interval: INTERVAL_MS, persistent: false }, onChange);
  return {
    [Symbol.dispose]() {
      for (const path of paths) unwatchFile(path, onChange);
    },
  };
}
