/**
 * One direction of a link as a schedule: a line that carries so many bytes a second and delays each of them by the same time.
 *
 * Due times follow from a virtual clock (when the line is free again), never from when a timer happened to fire, so a late timer delays one
 * delivery and does not slow the line.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Link } from './link.ts';

export interface Line {
  /** Carries `bytes` bytes, then calls `deliver` at the far end: in order, and at once where the line is empty and costs no time. */
  carry(bytes: number, deliver: () => void): void;
  /** Bytes that entered the line and did not leave it. */
  readonly inFlightBytes: number;
  /** Forgets what is in flight, for good. */
  close(): void;
}

interface Item {
  readonly dueMs: number;
  readonly bytes: number;
  readonly deliver: () => void;
}

export function createLine(link: Link, clock: Clock): Line {
  const msPerByte = link.bitsPerSecond === undefined ? 0 : 8000 / link.bitsPerSecond;
  const queue: Item[] = [];
  let inFlightBytes = 0;
  let freeAtMs = 0;
  let isAsleep = false;
  const closing = new AbortController();

  const deliverDue = (): void => {
    while (queue[0] !== undefined && queue[0].dueMs <= clock.monotonic()) {
      const item = queue.shift() as Item;
      inFlightBytes -= item.bytes;
      item.deliver();
    }
    sleep();
  };
  const sleep = (): void => {
    const head = queue[0];
    isAsleep = head !== undefined;
    if (head === undefined) return;
    clock.sleep(Math.max(0, head.dueMs - clock.monotonic()), closing.signal).then(deliverDue, () => undefined);
  };

  return {
    carry(bytes, deliver) {
      const nowMs = clock.monotonic();
      freeAtMs = Math.max(nowMs, freeAtMs) + bytes * msPerByte;
      const dueMs = freeAtMs + link.oneWayMs;
      if (queue.length === 0 && dueMs <= nowMs) return deliver();
      inFlightBytes += bytes;
      queue.push({ dueMs, bytes, deliver });
      if (!isAsleep) sleep();
    },
    get inFlightBytes() {
      return inFlightBytes;
    },
    close() {
      closing.abort();
      queue.length = 0;
      inFlightBytes = 0;
    },
  };
}
