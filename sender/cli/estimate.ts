/** What a dry run says beyond bytes: how long they would take, and at which effort they were counted. */
import type { Effort, EffortLevel } from '../../shared/delta/content.ts';
import { levelForRate } from '../link/effort.ts';
import { parseRate } from '../../shared/terminal/quantities.ts';

export interface Estimate {
  readonly effort: EffortLevel;
  /** Null where nobody said and nothing was measured. */
  readonly bitsPerSecond: number | null;
  readonly rateFrom: 'given' | 'measured' | null;
}

/**
 * The rate is the one given, else the one measured (bytes a second) the last time that enough crossed to this address.
 * Nothing can be measured while no content crosses, so `auto` is taken to be the level that a link of this rate is worth.
 */
export function prepareEstimate(effort: Effort, rate: string | undefined, measured: number | undefined): Estimate {
  const bitsPerSecond = rate !== undefined ? parseRate(rate) : measured !== undefined ? measured * 8 : null;
  return {
    effort: effort === 'auto' ? levelForRate(bitsPerSecond === null ? undefined : bitsPerSecond / 8) : effort,
    bitsPerSecond,
    rateFrom: rate !== undefined ? 'given' : measured !== undefined ? 'measured' : null,
  };
}

/** Seconds that so many bytes take to be sent; null where no rate is known. */
export function secondsToSend(sentBytes: number, { bitsPerSecond }: Estimate): number | null {
  return bitsPerSecond === null ? null : (sentBytes * 8) / bitsPerSecond;
}
