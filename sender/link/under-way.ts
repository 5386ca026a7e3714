/**
 * Segments that were handed over and are not yet durable over there, and the time that the link took for them. An acknowledgement speaks
 * for all segments before it.
 */
import type { Clock } from '../../shared/clock.ts';

export interface UnderWay {
  readonly size: number;
  /**
   * Milliseconds in which something was on its way while the receiver had nothing to do: what was waited for then is the link, and
   * neither the encoders here nor processors and disks over there.
   */
  readonly linkMs: number;
  /** Milliseconds in which something was on its way. */
  readonly busyMs: number;
  sent(segment: number, bytes: number): void;
  /**
   * @param idle how much of the time since the last acknowledgement the receiver had nothing to do, per cent.
   * @returns bytes acknowledged by this, and how long this segment was under way: undefined where it was not.
   */
  stored(segment: number, idle: number): { readonly bytes: number; readonly delayMs: number | undefined };
  /** The connection broke: nothing is under way any more, and segments are counted from 0 again. */
  clear(): void;
}

export function createUnderWay(clock: Clock): UnderWay {
  const segments = new Map<number, { readonly bytes: number; readonly at: number }>();
  let since = 0;
  let linkMs = 0;
  let busyMs = 0;
  return {
    get size() {
      return segments.size;
    },
    get linkMs() {
      return linkMs;
    },
    get busyMs() {
      return busyMs;
    },
    sent(segment, bytes) {
      const at = clock.monotonic();
      if (segments.size === 0) since = at;
      segments.set(segment, { bytes, at });
    },
    stored(segment, idle) {
      const now = clock.monotonic();
      if (segments.size > 0) {
        busyMs += now - since;
        linkMs += ((now - since) * idle) / 100;
        since = now;
      }
      const sent = segments.get(segment);
      let acknowledged = 0;
      for (const [earlier, { bytes }] of segments) {
        if (earlier > segment) continue;
        acknowledged += bytes;
        segments.delete(earlier);
      }
      return { bytes: acknowledged, delayMs: sent === undefined ? undefined : now - sent.at };
    },
    clear: () => segments.clear(),
  };
}
