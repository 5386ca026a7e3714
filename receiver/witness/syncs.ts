/**
 * What senders told of their syncs (PROTOCOL.md, "Told of a sync"): how the last run went, and when the next begins. Kept in a small file beside
 * the store, so that one which stays away is noticed over a restart, too.
 */
import { z } from 'zod';
import { SYNC_BUSY_MS, SYNC_LATE_MS, SYNCS_MAX, SYNCS_MS, SYNCS_PER_SENDER_MAX } from '../../shared/limits.ts';
import { createSharedRun } from '../../shared/store/shared-run.ts';
import type { Message } from '../../shared/wire/messages.ts';
import type { SmallFile } from '../small-file.ts';

const count = z.number().min(0);
const Entry = z.object({
  name: z.string(),
  /** Token or certificate, or where nobody was asked the address. */
  from: z.string(),
  /** When its last run ended; milliseconds since the epoch, as all times here. */
  at: count,
  /** When a run last ended in which nothing failed. */
  succeededAt: count.optional(),
  /** When the next one begins at the latest. */
  next: count.optional(),
  delivered: count,
  unchanged: count,
  paused: count,
  failed: count,
  bytes: count,
  seconds: count,
  /** Error code of the first failure, or empty. */
  code: z.string(),
});
const Content = z.object({ version: z.literal(1), syncs: z.array(Entry).max(SYNCS_MAX) });

export type Sync = Readonly<z.output<typeof Entry>>;

export interface ShownSync extends Sync {
  /** `waiting` for its next run; `due`: that should have begun by now, and perhaps has; `unknown`: no next run was announced. */
  readonly state: 'waiting' | 'due' | 'overdue' | 'unknown';
}

export interface Syncs {
  /** @param from of `senderOf`. */
  told(from: string, message: Message<'ran'>): void;
  /** A conversation with that sender begins or ends. */
  seen(from: string): void;
  /**
   * Those that are overdue first, then those whose last run failed, then the others; by their names.
   * @param connected senders with whom there is a conversation now.
   */
  list(connected: ReadonlySet<string>): ShownSync[];
}

function rank({ state, failed, code }: ShownSync): number {
  if (state === 'overdue') return 0;
  return failed > 0 || code !== '' ? 1 : 2;
}

/** Who a sync is of: where nobody was asked who it is, the address. */
export function senderOf(who: string, peer: string): string {
  return who === 'anyone' ? peer.replace(/:\d+$/, '') : who;
}

/** @param file none: they are only remembered. A file that says something else counts as none. */
export async function openSyncs(now: () => number, file?: SmallFile): Promise<Syncs> {
  /** By sender and name, in the order in which something was told of them. */
  const syncs = new Map<string, Sync>(parse(await file?.read()).map((sync) => [keyOf(sync.from, sync.name), sync]));
  const seen = new Map<string, number>();
  const save = createSharedRun(async () => {
    await file?.write(`${JSON.stringify({ version: 1, syncs: [...syncs.values()] })}\n`);
  });
  const isKnown = (from: string): boolean => [...syncs.values()].some((sync) => sync.from === from);
  const forgetOld = (): void => {
    for (const [key, { at }] of syncs) if (at + SYNCS_MS < now()) syncs.delete(key);
    for (const from of seen.keys()) if (!isKnown(from)) seen.delete(from);
  };
  const makeRoom = (from: string): void => {
    const own = [...syncs].filter(([, sync]) => sync.from === from);
    const [oldest] = own.length > SYNCS_PER_SENDER_MAX ? own : syncs.size > SYNCS_MAX ? syncs : [];
    if (oldest !== undefined) syncs.delete(oldest[0]);
  };
  return {
    told(from, [name, next, delivered, unchanged, paused, failed, bytes, seconds, code]) {
      const at = now();
      const key = keyOf(from, name);
      const before = syncs.get(key);
      const announced = next === 0 ? stillToCome(before, at) : at + next * 1000;
      const succeededAt = failed === 0 && code === '' ? at : before?.succeededAt;
      syncs.delete(key);
      syncs.set(key, {
        name,
        from,
        at,
        delivered,
        unchanged,
        paused,
        failed,
        bytes,
        seconds,
        code,
        ...(succeededAt !== undefined && { succeededAt }),
        ...(announced !== undefined && { next: announced }),
      });
      makeRoom(from);
      forgetOld();
      save().catch(() => {});
    },
    seen(from) {
      if (isKnown(from)) seen.set(from, now());
    },
    list(connected) {
      forgetOld();
      const stateOf = ({ from, next }: Sync): ShownSync['state'] => {
        if (next === undefined) return 'unknown';
        if (now() <= next) return 'waiting';
        // Who is connected may be at it, but not for ever: it may be there for something else.
        const isBusy = (connected.has(from) || now() <= (seen.get(from) ?? 0) + SYNC_LATE_MS) && now() <= next + SYNC_BUSY_MS;
        return isBusy || now() <= next + SYNC_LATE_MS ? 'due' : 'overdue';
      };
      const shown = [...syncs.values()].map((sync) => ({ ...sync, state: stateOf(sync) }));
      return shown.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || a.from.localeCompare(b.from));
    },
  };
}

/** A run by hand does not take the place of one that was announced, unless that is past. */
function stillToCome(before: Sync | undefined, now: number): number | undefined {
  return before?.next !== undefined && before.next > now ? before.next : undefined;
}

function keyOf(from: string, name: string): string {
  return `${name} ${from}`;
}

function parse(text: string | undefined): readonly Sync[] {
  try {
    return text === undefined ? [] : Content.parse(JSON.parse(text)).syncs;
  } catch {
    return [];
  }
}
