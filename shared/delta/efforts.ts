/**
 * How much work goes into making content smaller.
 *
 * | level | without a base | with a base                                    |
 * |-------|----------------|------------------------------------------------|
 * | min   | zstd 1         | text: zstd 3 over the base; else patch         |
 * | low   | zstd 3         | the smaller of patch and zstd 3 over the base  |
 * | mid   | zstd 9         | the smaller of patch and zstd 12 over the base |
 * | high  | zstd 19        | the smaller of patch and context mixing        |
 * | max   | context mixing | the same, with a longer search                 |
 *
 * Up to mid, a patch that shrinks its target to a hundredth is taken without trying anything else; where the base helps little, what is there
 * without it is tried too. Content that does not get smaller goes as it is.
 * From low on, gzip members are opened first and all of this is done with what they hold.
 */
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
  /** Level of zstd over a base. */
  readonly overLevel: number;
  /** Level of zstd in the streams of a patch. */
  readonly streamLevel: number;
  /** Places in the base that the alignment tries for one key. */
  readonly chainMax: number;
  /** Patch and zstd over the base are both tried; else the kind of content decides. */
  readonly triesBoth: boolean;
  /** Gzip members are opened. */
  readonly opens: boolean;
}

export const EFFORT_PLANS: Readonly<Record<EffortLevel, EffortPlan>> = {
  min: { zstdLevel: 1, mixForm: undefined, overLevel: 3, streamLevel: 3, chainMax: 4, triesBoth: false, opens: false },
  low: { zstdLevel: 3, mixForm: undefined, overLevel: 3, streamLevel: 12, chainMax: 8, triesBoth: true, opens: true },
  mid: { zstdLevel: 9, mixForm: undefined, overLevel: 12, streamLevel: 19, chainMax: 16, triesBoth: true, opens: true },
  high: { zstdLevel: 19, mixForm: 3, overLevel: 12, streamLevel: 19, chainMax: 16, triesBoth: true, opens: true },
  max: { zstdLevel: undefined, mixForm: 3, overLevel: 19, streamLevel: 19, chainMax: 32, triesBoth: true, opens: true },
};
