/** The segments of a session that are not durable over there yet: their numbers, and how many of them there may be. */
import { SEGMENT_BYTES_IN_FLIGHT_MAX, SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';

export interface SegmentWindow {
  /** Resolves when another segment may be begun. */
  hasRoom(): Promise<void>;
  /** A segment was begun. @returns its number. */
  add(bytes: number): number;
  /** It, and all before it, are durable. */
  stored(segment: number): void;
  /** From now on there is always room: nothing will be sent. */
  open(): void;
}

/** @param most how many segments there may be just now. */
export function createSegmentWindow(most: () => number): SegmentWindow {
  /** Bytes of the segments from `durable` on. */
  const sizes: number[] = [];
  let durable = 0;
  let isOpen = false;
  let changed = Promise.withResolvers<void>();
  const isFull = (): boolean => {
    if (isOpen) return false;
    const bytes = sizes.reduce((sum, length) => sum + length, 0);
    return sizes.length >= Math.min(most(), SEGMENTS_IN_FLIGHT_MAX) || bytes >= SEGMENT_BYTES_IN_FLIGHT_MAX;
  };
  return {
    async hasRoom() {
      while (isFull()) {
        changed = Promise.withResolvers();
        await changed.promise;
      }
    },
    add(bytes) {
      sizes.push(bytes);
      return durable + sizes.length - 1;
    },
    stored(segment) {
      durable += sizes.splice(0, Math.max(0, segment + 1 - durable)).length;
      changed.resolve();
    },
    open() {
      isOpen = true;
      changed.resolve();
    },
  };
}
