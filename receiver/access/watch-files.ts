/** Tells of changes to files that an operator edits while the receiver runs. */
import { unwatchFile, watch, watchFile, type FSWatcher } from 'node:fs';

/** How long a change may go unnoticed where the file system tells nothing by itself. */
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

/** Calls back at once when something is made or removed in a directory, and now and then in any case. The directory may not be there yet. */
export function watchDirectory(directory: string, onChange: () => void): Disposable {
  let watcher: FSWatcher | undefined;
  const begin = (): void => {
    try {
      watcher ??= watch(directory, { persistent: false }, onChange).on('error', () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      // Not there yet: looked for again with the next turn.
    }
  };
  begin();
  const timer = setInterval(() => {
    begin();
    onChange();
  }, INTERVAL_MS).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      watcher?.close();
    },
  };
}
