/** Works that several conversations may ask for, each done once at a time: whoever asks for one that is being done waits for its result. */

export type Report = (phase: string, done: number, total: number) => void;

export interface Jobs<T> {
  /** How many wait for a result. */
  readonly waiting: number;
  /**
   * The result of `work`, or of the one of the same key that is being done.
   * @param signal this one does not want it any more: it gets the reason at once where others still do, else when the work has ended.
   */
  run(key: string, signal: AbortSignal, report: Report, work: (signal: AbortSignal, report: Report) => Promise<T>): Promise<T>;
}

interface Job<T> {
  readonly result: Promise<T>;
  readonly called: AbortController;
  readonly reports: Set<Report>;
}

export function createJobs<T>(): Jobs<T> {
  const jobs = new Map<string, Job<T>>();
  const begin = (key: string, work: (signal: AbortSignal, report: Report) => Promise<T>): Job<T> => {
    const called = new AbortController();
    const reports = new Set<Report>();
    const result = work(called.signal, (phase, done, total) => {
      for (const report of reports) report(phase, done, total);
    }).finally(() => {
      if (jobs.get(key)?.result === result) jobs.delete(key);
    });
    const job = { result, called, reports };
    jobs.set(key, job);
    return job;
  };
  return {
    get waiting() {
      return [...jobs.values()].reduce((sum, { reports }) => sum + reports.size, 0);
    },
    async run(key, signal, report, work) {
      // One that is being broken off has to clean up first.
      for (let before = jobs.get(key); before?.called.signal.aborted === true; before = jobs.get(key)) await before.result.catch(() => {});
      signal.throwIfAborted();
      const job = jobs.get(key) ?? begin(key, work);
      job.reports.add(report);
      const left = Promise.withResolvers<never>();
      left.promise.catch(() => {});
      const onAbort = (): void => {
        job.reports.delete(report);
        if (job.reports.size > 0) return left.reject(signal.reason as Error);
        job.called.abort(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await Promise.race([job.result, left.promise]);
      } finally {
        signal.removeEventListener('abort', onAbort);
        job.reports.delete(report);
      }
    },
  };
}
