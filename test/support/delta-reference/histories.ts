/** DELTA.md, section 9: states of histories, and the slots that hold them. */

export interface State {
  readonly zeros: number;
  readonly ones: number;
  readonly last: number;
}

const bound = (smaller: number): number => [41, 24, 11, 7, 5][smaller] ?? -1;
const isAllowed = (a: number, b: number): boolean => Math.max(a, b) <= bound(Math.min(a, b));

function lastBits(zeros: number, ones: number): number[] {
  if (zeros === 0) return [ones === 0 ? 0 : 1];
  return ones === 0 ? [0] : [0, 1];
}

export const STATES: readonly State[] = Array.from({ length: 64 }, (_, total) =>
  Array.from({ length: total + 1 }, (_zeros, zeros) => ({ zeros, ones: total - zeros }))
    .filter(({ zeros, ones }) => isAllowed(zeros, ones))
    .flatMap((counts) => lastBits(counts.zeros, counts.ones).map((last) => ({ ...counts, last }))),
).flat();

const fade = (count: number): number => [2, 4, 7, 12, 24].findIndex((most) => count <= most);

function faded(count: number): number {
  if (count <= 2) return count;
  return fade(count) < 0 ? 6 : fade(count) + 1;
}

/** The number of the state after `bit`. */
function after({ zeros, ones }: State, bit: number): number {
  let same = (bit === 1 ? ones : zeros) + 1;
  let other = faded(bit === 1 ? zeros : ones);
  while (!isAllowed(same, other)) {
    if (same > other && same > Math.max(bound(other), 0)) same--;
    else other--;
  }
  const [newZeros, newOnes] = bit === 1 ? [other, same] : [same, other];
  return STATES.findIndex((state) => state.zeros === newZeros && state.ones === newOnes && state.last === bit);
}

export const NEXT: readonly (readonly [number, number])[] = STATES.map((state) => [after(state, 0), after(state, 1)]);

export interface Slots {
  /** The slot for word `x`: a check and 15 states. */
  find(x: number): Uint8Array;
}

export function createSlots(bits: number): Slots {
  const bytes = new Uint8Array(16 * 2 ** bits);
  const slot = (number: number): Uint8Array => bytes.subarray(16 * number, 16 * number + 16);
  return {
    find(x) {
      const number = x >>> (32 - bits);
      const candidates = [slot(number), slot(number ^ 1), slot(number ^ 2)];
      const found = candidates.find(([check]) => check === (x & 255));
      if (found !== undefined) return found;
      const least = candidates.reduce((best, candidate) => ((candidate[1] ?? 0) < (best[1] ?? 0) ? candidate : best));
      least.fill(0);
      least[0] = x & 255;
      return least;
    },
  };
}
