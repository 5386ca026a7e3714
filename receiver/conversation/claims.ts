/**
 * Who is at work on what: streams that were announced, and chunks that were asked for, by all conversations. A question about something that
 * is on its way already in another conversation is answered when that has come, so that it crosses once.
 */
import type { Clock } from '../../shared/clock.ts';
import { hex, type Id } from '../../shared/hash.ts';
import { CLAIM_SILENCE_MS, CLAIM_WAIT_MS, CLAIMED_CHUNKS_MAX } from '../../shared/limits.ts';

/** One stream on its way in. */
export interface Claim {
  /** Chunks that may come with it, by the beginnings of their ids; those that others promised before stay theirs. */
  add(prefixes: readonly Uint8Array[]): void;
  /** Something of it has come. */
  touch(): void;
  /** It is whole, or nothing more comes of it. Idempotent. */
  end(): void;
  /**
   * Waits while others are at work on the same stream or on one of these chunks: until they are done, make no progress any more, or it
   * took too long. Only those that began before this one are waited for, so nobody waits in a circle.
   * From then on the chunks are promised here.
   * @returns false where there was nobody to wait for.
   */
  waitForOthers(prefixes: readonly Uint8Array[], signal: AbortSignal): Promise<boolean>;
}

export interface Claims {
  /** @param owner of whom nothing is waited for by others of the same owner: a conversation. */
  begin(stream: Id, owner: object): Claim;
}

interface Entry {
  readonly number: number;
  readonly owner: object;
  readonly stream: string;
  readonly keys: string[];
  readonly ended: PromiseWithResolvers<void>;
  lastAt: number;
}

/** Enough of an id to tell chunks apart here, where a mistake only makes somebody wait. */
const KEY_BYTES = 6;

export function createClaims(clock: Clock): Claims {
  const entries = new Set<Entry>();
  const byChunk = new Map<string, Entry>();
  let begun = 0;

  const othersAt = (entry: Entry, keys: readonly string[]): Set<Entry> => {
    const others = new Set<Entry>();
    for (const other of entries) if (other.stream === entry.stream) others.add(other);
    for (const key of keys) {
      const other = byChunk.get(key);
      if (other !== undefined) others.add(other);
    }
    for (const other of others) if (other.owner === entry.owner || other.number > entry.number) others.delete(other);
    return others;
  };
  const isSilent = ({ lastAt }: Entry): boolean => clock.monotonic() - lastAt >= CLAIM_SILENCE_MS;

  return {
    begin(stream, owner) {
      const entry: Entry = {
        number: begun++,
        owner,
        stream: hex(stream),
        keys: [],
        ended: Promise.withResolvers(),
        lastAt: clock.monotonic(),
      };
      entries.add(entry);
      const add = (prefixes: readonly Uint8Array[]): void => {
        if (!entries.has(entry)) return;
        for (const key of prefixes.map(keyOf)) {
          if (byChunk.size >= CLAIMED_CHUNKS_MAX) return;
          if (byChunk.has(key)) continue;
          byChunk.set(key, entry);
          entry.keys.push(key);
        }
      };
      return {
        add,
        touch: () => void (entry.lastAt = clock.monotonic()),
        end() {
          if (!entries.delete(entry)) return;
          for (const key of entry.keys) byChunk.delete(key);
          entry.ended.resolve();
        },
        async waitForOthers(prefixes, signal) {
          const keys = prefixes.map(keyOf);
          const until = clock.monotonic() + CLAIM_WAIT_MS;
          for (let waited = false; ; waited = true) {
            const others = [...othersAt(entry, keys)].filter((other) => !isSilent(other));
            if (others.length === 0 || clock.monotonic() >= until || signal.aborted) {
              add(prefixes);
              return waited;
            }
            const timer = new AbortController();
            const silence = clock.sleep(CLAIM_SILENCE_MS, AbortSignal.any([signal, timer.signal])).catch(() => {});
            await Promise.race([silence, Promise.all(others.map(({ ended }) => ended.promise))]);
            timer.abort();
          }
        },
      };
    },
  };
}

function keyOf(prefix: Uint8Array): string {
  return Buffer.from(prefix.subarray(0, KEY_BYTES)).toString('latin1');
}
