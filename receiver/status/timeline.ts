/** What the history comes to, kept up to date in memory: by day, the newest, and what failed and was not made good since. */
import { z } from 'zod';
import type { JournalEntry } from '../../shared/journal/journal.ts';

/** What of an entry is shown. Entries of later versions may have more. */
const Shown = z.looseObject({
  seq: z.number(),
  at: z.string(),
  event: z.string(),
  from: z.object({ peer: z.string(), agent: z.string(), who: z.string() }).optional(),
  archiveBytes: z.number().optional(),
  gzipBytes: z.number().optional(),
  images: z.array(z.looseObject({ names: z.array(z.string()).default([]) })).default([]),
  wire: z.object({ sentBytes: z.number(), receivedBytes: z.number() }).optional(),
  seconds: z.number().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

export interface ShownEntry {
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly event: string;
  readonly names: readonly string[];
  /** Token or certificate and address. */
  readonly from: string;
  readonly wireBytes: number;
  readonly gzipBytes: number | undefined;
  readonly seconds: number | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export interface Day {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly deliveries: number;
  readonly failures: number;
  readonly wireBytes: number;
  readonly gzipBytes: number;
}

export interface Timeline {
  add(entry: JournalEntry): void;
  /** Newest first. */
  newest(): readonly ShownEntry[];
  /** What failed, and was not delivered under the same name since; newest first. */
  failures(): readonly ShownEntry[];
  /** The last entry of something that arrived, or was there already. */
  last(): ShownEntry | undefined;
  /** The last days up to `now` (milliseconds since the epoch), oldest first, those without a delivery too. */
  days(now: number): readonly Day[];
}

const NEWEST_MAX = 20;
const FAILURES_MAX = 100;
const DAYS = 30;
const DAY_MS = 86_400_000;

export function createTimeline(entries: Iterable<JournalEntry>): Timeline {
  let newest: ShownEntry[] = [];
  const failures = new Map<string, ShownEntry>();
  const days = new Map<string, Day>();
  let last: ShownEntry | undefined;
  /** Bytes of a conversation so far, by who it is with: an entry tells of all before it, too. */
  let counted: { readonly peer: string; readonly bytes: number } | undefined;

  const crossed = (peer: string, total: number): number => {
    const before = counted?.peer === peer && counted.bytes <= total ? counted.bytes : 0;
    counted = { peer, bytes: total };
    return total - before;
  };
  const add = (entry: JournalEntry): void => {
    const parsed = Shown.safeParse(entry);
    if (!parsed.success) return;
    const { seq, at, event, from, images, wire, gzipBytes, seconds, error } = parsed.data;
    const wireBytes = wire === undefined ? 0 : crossed(from?.peer ?? '', wire.sentBytes + wire.receivedBytes);
    const names = images.flatMap((image) => image.names);
    const who = from === undefined ? '' : from.who === 'anyone' ? from.peer : `${from.who} (${from.peer})`;
    const shown = { seq, at, event, names, from: who, wireBytes, gzipBytes, seconds, error };
    newest = [shown, ...newest].slice(0, NEWEST_MAX);
    const key = names.join(' ');
    failures.delete(key);
    if (event === 'failed') failures.set(key, shown);
    const [oldest] = failures.keys();
    if (failures.size > FAILURES_MAX && oldest !== undefined) failures.delete(oldest);
    const isDelivery = event === 'delivered' || event === 'unchanged';
    if (isDelivery) last = shown;
    const day = at.slice(0, 10);
    const before = days.get(day) ?? { day, deliveries: 0, failures: 0, wireBytes: 0, gzipBytes: 0 };
    days.set(day, {
      day,
      deliveries: before.deliveries + Number(isDelivery),
      failures: before.failures + Number(event === 'failed'),
      wireBytes: before.wireBytes + wireBytes,
      gzipBytes: before.gzipBytes + (isDelivery ? (gzipBytes ?? 0) : 0),
    });
  };
  for (const entry of entries) add(entry);
  return {
    add,
    newest: () => newest,
    failures: () => [...failures.values()].toReversed(),
    last: () => last,
    days: (now) =>
      Array.from({ length: DAYS }, (_, i) => {
        const day = new Date(now - (DAYS - 1 - i) * DAY_MS).toISOString().slice(0, 10);
        return days.get(day) ?? { day, deliveries: 0, failures: 0, wireBytes: 0, gzipBytes: 0 };
      }),
  };
}
