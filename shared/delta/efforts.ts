/**
 * How much work goes into making content smaller.
 *
 * | level | without a base | with a base                                    |
 * |-------|----------------|------------------------------------------------|
 * | min   | zstd 3         | the smaller of patch and zstd 3 over the base  |
 * | low   | zstd 6         | the same                                       |
 * | mid   | zstd 9         | the smaller of patch and zstd 12 over the base |
 * | high  | zstd 19        | the smaller of patch and zstd 19 over the base |
 * | max   | context mixing | the smaller of patch and context mixing        |
 *
 * Up to high, a patch that shrinks its target to a hundredth is only compared with zstd 12 over the base (from mid on, to a thousandth: with
 * context mixing), and one that is made of long pieces and differences is taken without trying anything else; none is made where the base
 * lies under less than an eighth of the target; where the base helps little, what is there without it is tried too. Content that does not
 * get smaller goes as it is.
 * Members (gzip, zip, PNG) are opened first and all of this is done with what they hold; at min only over a base. Up to mid those
 * only whose encoder is known exactly, above also others, with corrections.
 *
 * Context mixing costs both sides a second of processor time for each MB of content: worth it where a second of the link carries less
 * than what that saves.
 */
import type { Thoroughness } from '../deflate/choose-maker.ts';

export const EFFORT_LEVELS = ['min', 'low', 'mid', 'high', 'max'] as const;
export type EffortLevel = (typeof EFFORT_LEVELS)[number];
/** `auto`: who measures the link picks a level for each run. */
export const EFFORTS = ['auto', ...EFFORT_LEVELS] as const;
export type Effort = (typeof EFFORTS)[number];

export interface EffortPlan {
  /** Level of zstd without a base; undefined: context mixing. */
  readonly zstdLevel: number | undefined;
  /** Context mixing over a base; undefined: patch or zstd. */
  readonly mixForm: 0 | 1 | 2 | 3 | undefined;
  /** Context mixing where next to nothing has changed. */
  readonly mixesTiny: boolean;
  /** Level of zstd over a base. */
  readonly overLevel: number;
  /** Level of zstd in the streams of a patch: those that say how the base differs, and the rest, which is content like any other. */
  readonly streamLevel: number;
  readonly restLevel: number;
  /** Places in the base that the alignment tries for one key. */
  readonly chainMax: number;
  /** Members are opened without a base, too. */
  readonly opensPlain: boolean;
  /** Whether members are opened that need corrections. */
  readonly opening: Thoroughness;
}

/** What the fast levels have in common, and what the others have. */
const FAST = { mixForm: undefined, mixesTiny: false, overLevel: 3, streamLevel: 15, restLevel: 11, chainMax: 8, opening: 'exact' } as const;
const THOROUGH = { mixForm: undefined, mixesTiny: true, streamLevel: 19, restLevel: 19, chainMax: 16, opensPlain: true } as const;

export const EFFORT_PLANS: Readonly<Record<EffortLevel, EffortPlan>> = {
  min: { ...FAST, zstdLevel: 3, opensPlain: false },
  low: { ...FAST, zstdLevel: 6, opensPlain: true },
  mid: { ...THOROUGH, zstdLevel: 9, overLevel: 12, opening: 'exact' },
  high: { ...THOROUGH, zstdLevel: 19, overLevel: 19, opening: 'any' },
  max: { ...THOROUGH, zstdLevel: undefined, mixForm: 3, overLevel: 19, chainMax: 32, opening: 'any' },
};
