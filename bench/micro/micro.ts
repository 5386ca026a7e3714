/** Micro-benchmarks: one module at a time, each beside something that says how fast it could be. */
import { systemClock } from '../../shared/clock.ts';

export interface MicroCase {
  readonly name: string;
  /** What the others of its benchmark are compared with. */
  readonly isReference?: boolean;
  /** Units of work that one run does: bytes, or entries. */
  readonly work: number;
  readonly run: () => void | Promise<void>;
  /** What came out, where its size matters: bytes. */
  readonly resultBytes?: () => number;
}

export interface Micro extends AsyncDisposable {
  readonly name: string;
  /** What is counted; `MB/s` counts 10^6 bytes. */
  readonly unit: 'MB/s' | 'entries/s';
  readonly cases: readonly MicroCase[];
}

export interface MicroResult {
  readonly micro: string;
  readonly name: string;
  readonly isReference: boolean;
  readonly unit: Micro['unit'];
  /** By CPU time of this process, all threads: median over the runs. */
  readonly rate: number;
  /** By the clock. */
  readonly wallRate: number;
  readonly resultBytes: number | undefined;
}

const RUNS_MIN = 5;
const MEASURE_MS = 700;

/** Runs every case for about a second, after one run that is not counted. */
export async function measureMicro(micro: Micro): Promise<MicroResult[]> {
  const results: MicroResult[] = [];
  for (const { name, isReference = false, work, run, resultBytes } of micro.cases) {
    const cpuSeconds: number[] = [];
    const wallSeconds: number[] = [];
    await run();
    const startedMs = systemClock.monotonic();
    while (cpuSeconds.length < RUNS_MIN || systemClock.monotonic() - startedMs < MEASURE_MS) {
      const cpuBefore = process.cpuUsage();
      const beforeMs = systemClock.monotonic();
      await run();
      wallSeconds.push((systemClock.monotonic() - beforeMs) / 1000);
      const { user, system } = process.cpuUsage(cpuBefore);
      cpuSeconds.push((user + system) / 1e6);
    }
    const perSecond = (seconds: readonly number[]): number => work / median(seconds) / (micro.unit === 'MB/s' ? 1e6 : 1);
    const rates = { rate: perSecond(cpuSeconds), wallRate: perSecond(wallSeconds) };
    results.push({ micro: micro.name, name, isReference, unit: micro.unit, ...rates, resultBytes: resultBytes?.() });
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Nothing to give back. */
export const nothingToDispose = { [Symbol.asyncDispose]: async (): Promise<void> => undefined };
