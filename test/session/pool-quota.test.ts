import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { boundPool } from '../../sender/pool-quota.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { appVersion } from '../support/app-versions.ts';
import { shipArchives } from '../support/joined-agents.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

describe('a pool with a quota', () => {
  test('what was used longest ago goes, and the next shipments are right', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await using pool = await openStore(join(directory.path, 'pool'), { packBytesMax: 100_000 });
    const agents = { pool, store: createMemoryStore(), delivered: join(directory.path, 'delivered') };
    for (const version of [1, 2, 3]) await shipArchives(agents, [appVersion(version)]);
    const one = (await pool.stats()).diskBytes;
    expect(await boundPool(pool, one)).toBeUndefined();
    const report = await boundPool(pool, one - 30_000);
    expect([report?.records !== 0, (await pool.stats()).records.image]).toEqual([true, 1]);
    expect((await pool.check({ readAll: true })).problems).toEqual([]);
    // The base that is left still serves; what went is read again.
    const next = await shipArchives(agents, [appVersion(4)]);
    expect([next.notes, next.wire.sentBytes < 2000]).toEqual([[], true]);
    expect((await shipArchives(agents, [appVersion(1)])).notes).toEqual([]);
    // The receiver holds versions that the pool knows no more.
    await boundPool(pool, 1);
    expect((await pool.stats()).records.image).toBe(1);
    await shipArchives({ ...agents, store: createMemoryStore() }, [appVersion(2), appVersion(5)]);
    expect((await pool.check({ readAll: true })).problems).toEqual([]);
  });
});
