/** Content made over place by place, opened or closed: what both have in common, and part of the format. */
import { bufferOf } from './family.ts';
import { findPlaces, type Place } from './places.ts';
import { DIRECTORY_BYTES } from './zip.ts';

export interface Turn {
  /** What comes of it, in order. */
  readonly put: (part: Uint8Array) => void;
  /** A record of a zip directory, as it is to stand there. */
  readonly record: (record: Buffer) => Uint8Array;
  /** Asked at each other place. Undefined: what stands there stays; else puts what comes in its stead, and gives where it ends in `content`. */
  readonly member: (place: Place) => (() => number) | undefined;
}

/** Puts all of `content`; in one part, itself, where nothing is made over. */
export function turnContent(content: Uint8Array, { put, record, member }: Turn): void {
  const next = findPlaces(content);
  let from = 0;
  for (let place = next(0); place !== undefined;) {
    const { start, family } = place;
    let at = start + 1;
    if (family === undefined) {
      at = start + DIRECTORY_BYTES;
      put(content.subarray(from, start));
      put(record(bufferOf(content.subarray(start, at))));
      from = at;
    } else {
      const turned = member(place);
      if (turned !== undefined) {
        put(content.subarray(from, start));
        at = from = turned();
      }
    }
    place = next(at);
  }
  put(content.subarray(from));
}
