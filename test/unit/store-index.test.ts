/** The index in LevelDB: damage that only reading shows, a disk that fills up, and what `check` says when index and packs differ. */
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hex, type Id } from '../../shared/hash.ts';
import type { IndexState } from '../../shared/store/chunk-index.ts';
import { nodeFiles, type StoreFiles } from '../../shared/store/files.ts';
import { isMarkedDamaged, openLevelIndex } from '../../shared/store/level-index.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Recovery } from '../../shared/store/recover.ts';
import { keysOf, seededChunk, seededChunks, temporaryDirectory } from '../support/store-directory.ts';

const STATE: IndexState = {
  storeId: new Uint8Array(16),
  coveredPack: 1,
  coveredOffset: 64,
  earlierBytes: 0,
  counters: { records: { chunk: 0, recipe: 0, image: 0 }, chunkBytes: 0 },
};

/** Cuts every table of the index in half. Opening the index turns its log into one. */
async function cutTables(index: string): Promise<number> {
  await (await openLevelIndex(index, nodeFiles)).close();
  const tables = (await readdir(index)).filter((name) => name.endsWith('.ldb'));
  for (const table of tables) await truncate(join(index, table), (await stat(join(index, table))).size >> 1);
  return tables.length;
}

describe('the index', () => {
  it('keeps what was written, and forgets what was removed', async () => {
    await using place = await temporaryDirectory();
    const keys = keysOf(seededChunks(0, 3));
    const entries = keys.map((key, at) => ({
      kind: 'chunk' as const,
      key,
      location: { pack: 1, offset: at, storedLength: 5, rawLength: 6 },
    }));
    const path = join(place.path, 'index');
    {
      const index = await openLevelIndex(path, nodeFiles);
      await index.write(entries, [], STATE);
      await index.write([], [{ kind: 'chunk', key: keys[1]! }], { ...STATE, coveredOffset: 99 });
      await index.close();
    }
    const index = await openLevelIndex(path, nodeFiles);
    expect(await index.hasMany('chunk', keys)).toEqual([true, false, true]);
    expect(await index.hasMany('recipe', keys)).toEqual([false, false, false]);
    expect(await index.getMany('chunk', keys)).toEqual([entries[0]!.location, undefined, entries[2]!.location]);
    expect((await Array.fromAsync(index.entries('chunk'), ({ key }) => hex(key))).toSorted()).toEqual(
      [hex(keys[0]!), hex(keys[2]!)].toSorted(),
    );
    expect((await index.state())?.coveredOffset).toBe(99);
    await index.clear();
    expect(await index.state()).toBeUndefined();
    expect(await index.hasMany('chunk', keys)).toEqual([false, false, false]);
    await index.close();
  });

  it('marks itself damaged when a read meets damage, and is made anew by the next opening', async () => {
    await using place = await temporaryDirectory();
    const path = join(place.path, 'index');
    const key = seededChunk(1).key;
    {
      const index = await openLevelIndex(path, nodeFiles);
      await index.write([{ kind: 'chunk', key, location: { pack: 1, offset: 2, storedLength: 3, rawLength: 4 } }], [], STATE);
      await index.close();
    }
    expect(await cutTables(path)).toBe(1);
    const index = await openLevelIndex(path, nodeFiles);
    await expect(index.getMany('chunk', [key])).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(await isMarkedDamaged(path, nodeFiles)).toBe(true);
    await index.close();
    const again = await openLevelIndex(path, nodeFiles);
    expect(await isMarkedDamaged(path, nodeFiles)).toBe(false);
    expect(await again.state()).toBeUndefined();
    await again.close();
  });

  it('damaged where only reading shows it: the store opens all the same', async () => {
    await using place = await temporaryDirectory();
    const records = seededChunks(0, 10);
    {
      await using store = await openStore(place.path);
      await store.put(records);
    }
    expect(await cutTables(join(place.path, 'index'))).toBe(1);
    const recoveries: Recovery[] = [];
    await using store = await openStore(place.path, { onRecovery: (recovery) => void recoveries.push(recovery) });
    expect(recoveries).toMatchObject([{ rebuilt: 'the index was missing', recordsIndexed: 10 }]);
    expect((await store.getMany('chunk', keysOf(records))).map(hex)).toEqual(records.map(({ bytes }) => hex(bytes)));
  });

  it('says what is in the packs and not in the index, and the other way round', async () => {
    await using place = await temporaryDirectory();
    const records = seededChunks(0, 5);
    {
      await using store = await openStore(place.path);
      await store.put(records);
    }
    const index = await openLevelIndex(join(place.path, 'index'), nodeFiles);
    const state = (await index.state())!;
    const stranger: Id = seededChunk(99).key;
    const location = { pack: 7, offset: 64, storedLength: 10, rawLength: 10 };
    await index.write([{ kind: 'chunk', key: stranger, location }], [{ kind: 'chunk', key: records[2]!.key }], state);
    await index.close();
    await using store = await openStore(place.path);
    expect((await store.check()).problems).toEqual([
      { kind: 'chunk', key: hex(stranger), what: 'the index names it, and no pack has it there' },
      { kind: 'chunk', key: hex(records[2]!.key), what: 'is not in the index' },
    ]);
  });

  it('goes on after a write that failed, as soon as there is room', async () => {
    await using place = await temporaryDirectory();
    let free = 0;
    const files: StoreFiles = { ...nodeFiles, freeBytes: async () => free };
    const index = await openLevelIndex(join(place.path, 'index'), files);
    const key = seededChunk(1).key;
    const entry = { kind: 'chunk' as const, key, location: { pack: 1, offset: 2, storedLength: 3, rawLength: 4 } };
    await index.write([entry], [], STATE);
    // A location that is none makes the batch fail after it was begun, as a full disk would.
    await expect(index.write([{ ...entry, location: undefined as never }], [], STATE)).rejects.toThrow(/./);
    await expect(index.write([entry], [], STATE)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await index.hasMany('chunk', [key])).toEqual([true]);
    free = 1e9;
    await index.write([entry], [], { ...STATE, coveredOffset: 77 });
    expect((await index.state())?.coveredOffset).toBe(77);
    await index.close();
  });
});
