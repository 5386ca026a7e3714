/** Segments that were handed over and are not yet durable over there. An acknowledgement speaks for all segments before it. */

export interface UnderWay {
  readonly size: number;
  /** @param at when it was sent, in milliseconds of the caller's clock. */
  sent(segment: number, bytes: number, at: number): void;
  /** @returns bytes acknowledged by this, and when this segment was sent: undefined where it was not under way. */
  stored(segment: number): { readonly bytes: number; readonly sentAt: number | undefined };
}

export function createUnderWay(): UnderWay {
  const segments = new Map<number, { readonly bytes: number; readonly at: number }>();
  return {
    get size() {
      return segments.size;
    },
    sent: (segment, bytes, at) => void segments.set(segment, { bytes, at }),
    stored(segment) {
      const sentAt = segments.get(segment)?.at;
      let acknowledged = 0;
      for (const [earlier, { bytes }] of segments) {
        if (earlier > segment) continue;
        acknowledged += bytes;
        segments.delete(earlier);
      }
      return { bytes: acknowledged, sentAt };
    },
  };
}
