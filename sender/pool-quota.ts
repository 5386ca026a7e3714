/**
 * Keeps the pool from growing for ever: every archive that was read is remembered with the time, as an `image` record, and above a quota the
 * oldest go with what only they had. Nothing is lost by that: what the pool lacks is asked for, or crosses whole.
 */
import { z } from 'zod';
import { utf8, utf8Text } from '../shared/bytes.ts';
import { TransferError } from '../shared/errors.ts';
import { hex, type Id } from '../shared/hash.ts';
import { createReach } from '../shared/image/reach.ts';
import type { CollectReport, Store, Verdict } from '../shared/store/port.ts';

const PoolImageSchema = z.object({
  version: z.literal(1),
  /** As the user wrote it. */
  source: z.string(),
  /** Milliseconds since the epoch. */
  usedAt: z.number(),
});

/** Of the quota: what the pool has after a collection at most. */
const LOW_SHARE = 0.8;
const WASTE_MAX = 0.25;

/** The archive was read into the pool, or would have been; durable after the pool's next flush. */
export async function rememberUse(pool: Store, archive: Id, source: string, now: number): Promise<void> {
  const image: z.output<typeof PoolImageSchema> = { version: 1, source, usedAt: now };
  await pool.put([{ kind: 'image', key: archive, bytes: utf8(JSON.stringify(image)) }]);
}

/**
 * Collects where the pool has more than `quota` bytes on disk. The archive used last stays, however large it is.
 * @returns undefined where there was nothing to do.
 * @throws TransferError NO_SPACE, INTERRUPTED
 */
export async function boundPool(pool: Store, quota: number, signal?: AbortSignal): Promise<CollectReport | undefined> {
  if ((await pool.stats()).diskBytes <= quota) return undefined;
  const low = quota * LOW_SHARE;
  return pool.collect({
    mark: () => markNewest(pool, low, signal),
    dryRun: false,
    wasteMax: WASTE_MAX,
    diskBytesMax: low,
    // Nobody else has the pool open: what is unknown is of a time before uses were remembered, or was never read to its end.
    unfinishedSinceMs: Infinity,
    wipe: false,
    signal,
  });
}

async function markNewest(pool: Store, bytesMax: number, signal: AbortSignal | undefined): Promise<Verdict> {
  const counted = createReach(pool, { countBytes: true, onLost: () => undefined, signal });
  const kept: Id[] = [];
  let bytes = 0;
  for (const { archive } of await usesOf(pool)) {
    bytes += await counted.add(archive);
    if (kept.length > 0 && bytes > bytesMax) break;
    kept.push(archive);
  }
  const needed = createReach(pool, { onLost: () => undefined, signal });
  for (const archive of kept) await needed.add(archive);
  const names = new Set(kept.map((archive) => hex(archive)));
  return (name) => ((name.kind === 'image' ? names.has(hex(name.key)) : needed.has(name)) ? 'needed' : 'released');
}

/** Used last first. */
async function usesOf(pool: Store): Promise<{ readonly archive: Id; readonly usedAt: number }[]> {
  const uses: { readonly archive: Id; readonly usedAt: number }[] = [];
  for await (const archive of pool.keys('image')) uses.push({ archive, usedAt: await usedAtOf(pool, archive) });
  return uses.toSorted((a, b) => b.usedAt - a.usedAt);
}

/** 0 for a record that cannot be read. */
async function usedAtOf(pool: Store, archive: Id): Promise<number> {
  try {
    const bytes = await pool.get('image', archive);
    const parsed = PoolImageSchema.safeParse(bytes === undefined ? undefined : JSON.parse(utf8Text(bytes)));
    return parsed.success ? parsed.data.usedAt : 0;
  } catch (error) {
    if (error instanceof SyntaxError || TransferError.from(error).code === 'INTEGRITY') return 0;
    throw error;
  }
}
