/** Tells of changes to a directory that an operator edits while the receiver runs. */
import { watch, type FSWatcher } from 'node:fs';

/** How long a change may go unnoticed where the file system tells nothing by itself. */
const INTERVAL_MS = 2000;

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
