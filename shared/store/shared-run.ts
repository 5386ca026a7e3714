/**
 * A work that many ask for and that need not run for each of them: calls that come while one runs share the next run, which
 * begins after it. So every caller gets a run that began after its call.
 */
export function createSharedRun(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running.then(begin, begin);
    return next;
  };

  function begin(): Promise<void> {
    next = undefined;
    running = work();
    return running;
  }
}
