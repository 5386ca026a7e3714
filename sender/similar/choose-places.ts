/** Which of the places that share features with a content are worth leaning on. */
import type { FeatureIndex } from './feature-index.ts';

/** A place must bring so many features that no place chosen before has. */
const FEATURES_MIN = 4;
/** Places chosen for one run. */
const PLACES_MAX = 512;

/**
 * Covers features with as few places as it can, the one that covers most first (Chvátal's greedy covering).
 * @param bytesOf the size of a place; those chosen have `roomBytes` together at most.
 * @returns the places, ascending, and how many features they cover.
 */
export function choosePlaces(
  features: ReadonlySet<number>,
  index: FeatureIndex,
  bytesOf: (place: number) => number,
  roomBytes: number,
): { places: number[]; covered: number } {
  const byPlace = new Map<number, number[]>();
  for (const feature of features) {
    index.each(feature, (place) => {
      const its = byPlace.get(place);
      if (its === undefined) byPlace.set(place, [feature]);
      else its.push(feature);
    });
  }
  const queue = [...byPlace].filter(([, its]) => its.length >= FEATURES_MIN).toSorted(([a, aIts], [b, bIts]) => aIts.length - bIts.length || b - a); // prettier-ignore
  const covered = new Set<number>();
  const places: number[] = [];
  let left = roomBytes;
  for (let best = queue.pop(); best !== undefined && places.length < PLACES_MAX; best = queue.pop()) {
    const [place, its] = best;
    const fresh = its.filter((feature) => !covered.has(feature));
    if (fresh.length < FEATURES_MIN || bytesOf(place) > left) continue;
    // Others may have more by now: then it goes back to where it belongs.
    if (fresh.length < (queue.at(-1)?.[1].length ?? 0)) {
      insert(queue, [place, fresh]);
      continue;
    }
    places.push(place);
    left -= bytesOf(place);
    for (const feature of fresh) covered.add(feature);
  }
  return { places: places.toSorted((a, b) => a - b), covered: covered.size };
}

/** Into a list ascending by the number of features. */
function insert(queue: [number, number[]][], entry: [number, number[]]): void {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((queue[middle] as [number, number[]])[1].length < entry[1].length) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, entry);
}
