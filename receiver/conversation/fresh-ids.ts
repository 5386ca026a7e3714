/** The ids of a stream's fresh chunks as far as they are known, in places that are numbered: 33 bytes each, where an array of ids takes 100. */
import { ID_BYTES, type Id } from '../../shared/hash.ts';

export interface FreshIds {
  readonly length: number;
  /** Places without an id. */
  readonly lacking: number;
  /** A view that stays as it is; undefined where the id is not known. */
  at(index: number): Id | undefined;
  /** Copies the id. @param index below `length`. */
  set(index: number, id: Id): void;
  /** For each place, whether its id is not known. */
  unknown(): boolean[];
  /** Those places, ascending. */
  places(): Uint32Array;
  /** A copy with at least `length` places; the new ones have no ids. */
  grown(length: number): FreshIds;
}

/** @param ids the first of them, as far as they are known. */
export function createFreshIds(length: number, ids: readonly (Id | undefined)[] = []): FreshIds {
  const bytes = new Uint8Array(length * ID_BYTES);
  const isKnown = new Uint8Array(length);
  let lacking = length;
  const made: FreshIds = {
    length,
    get lacking() {
      return lacking;
    },
    at: (index) => (isKnown[index] === 1 ? (bytes.subarray(index * ID_BYTES, (index + 1) * ID_BYTES) as Id) : undefined),
    set(index, id) {
      bytes.set(id, index * ID_BYTES);
      if (isKnown[index] === 0) lacking--;
      isKnown[index] = 1;
    },
    unknown: () => Array.from(isKnown, (known) => known === 0),
    places() {
      const places = new Uint32Array(lacking);
      for (let index = 0, count = 0; index < length; index++) if (isKnown[index] === 0) places[count++] = index;
      return places;
    },
    grown(more) {
      const copy = createFreshIds(Math.max(length, more));
      for (let index = 0; index < length; index++) {
        const id = made.at(index);
        if (id !== undefined) copy.set(index, id);
      }
      return copy;
    },
  };
  for (const [index, id] of ids.entries()) if (id !== undefined) made.set(index, id);
  return made;
}
