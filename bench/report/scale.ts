/** From values to places on an axis. */

export interface Scale {
  /** Place of a value, in the units of the range; values outside of the domain lie at its ends. */
  at(value: number): number;
  /** Values that get a line. */
  readonly ticks: readonly number[];
}

/** Powers of ten from below the smallest value to above the largest, at least two of them. */
export function logScale(values: readonly number[], length: number): Scale {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive, Infinity) === Infinity ? 1 : Math.min(...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 1e-300))));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { at: (value) => clamp((Math.log10(Math.max(value, 1e-300)) - low) / (high - low)) * length, ticks };
}

/** From nothing to a round number above the largest value, in two to five steps. */
export function linearScale(values: readonly number[], length: number): Scale {
  const largest = Math.max(...values, 1);
  const power = 10 ** Math.floor(Math.log10(largest));
  const step = [0.2, 0.25, 0.5, 1, 2].map((factor) => factor * power).find((size) => largest / size <= 5) ?? 5 * power;
  const count = Math.ceil(largest / step);
  return {
    at: (value) => clamp(value / (count * step)) * length,
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
  };
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
