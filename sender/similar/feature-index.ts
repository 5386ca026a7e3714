/** Where features stand: numbers of places by feature, in bounded memory. */

export interface FeatureIndex {
  /** Adds the features of a place. Of a feature that stands in many places only the first few are kept. */
  add(features: Uint32Array, place: number): void;
  /** Tells each place that has a feature. */
  each(feature: number, tell: (place: number) => void): void;
}

/** Places of one feature. */
const PLACES_MAX = 4;
const SLOTS_MIN = 2 ** 12;
/** Two words each. */
const SLOTS_MAX = 2 ** 21;

/**
 * @param slotsMax a power of two: beyond half as many entries every other feature is forgotten, and is not taken in any more, so that what is
 * known of large contents becomes coarser.
 */
export function createFeatureIndex(slotsMax = SLOTS_MAX): FeatureIndex {
  // For each slot the feature, and its place and one (0: free).
  let slots = new Uint32Array(2 * SLOTS_MIN);
  let count = 0;
  /** Features that have one of these bits are left out. */
  let leftOut = 0;

  const put = (feature: number, place: number): void => {
    const mask = slots.length / 2 - 1;
    let slot = slotOf(feature, mask);
    for (let seen = 0; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask)
      if (slots[2 * slot] === feature && (slots[2 * slot + 1] === place + 1 || ++seen === PLACES_MAX)) return;
    slots[2 * slot] = feature;
    slots[2 * slot + 1] = place + 1;
    count++;
  };
  const makeRoom = (): void => {
    const old = slots;
    if (old.length < 2 * slotsMax) slots = new Uint32Array(2 * old.length);
    else {
      leftOut = leftOut * 2 + 1;
      slots = new Uint32Array(old.length);
    }
    count = 0;
    for (let at = 0; at < old.length; at += 2) {
      const feature = old[at] as number;
      if (old[at + 1] !== 0 && (feature & leftOut) === 0) put(feature, (old[at + 1] as number) - 1);
    }
  };
  return {
    add(features, place) {
      for (const feature of features) {
        if ((feature & leftOut) !== 0) continue;
        if (4 * count >= slots.length) makeRoom();
        put(feature, place);
      }
    },
    each(feature, tell) {
      const mask = slots.length / 2 - 1;
      for (let slot = slotOf(feature, mask); slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask)
        if (slots[2 * slot] === feature) tell((slots[2 * slot + 1] as number) - 1);
    },
  };
}

function slotOf(feature: number, mask: number): number {
  return (Math.imul(feature, 0x9e3779b1) >>> 8) & mask;
}
