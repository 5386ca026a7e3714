import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore, type OpenStoreOptions } from '../../shared/store/pack-store.ts';
import { describeStore, type StoreUnderTest } from './store-contract.ts';

describeStore('memory store', async () => {
  const store = createMemoryStore();
  return { store, dispose: () => store.close() };
});

describeStore('pack store', () => createPackStore({}));
describeStore('pack store without compression', () => createPackStore({ compression: 'none' }));
describeStore('pack store of small packs', () => createPackStore({ packBytesMax: 10_000 }));

async function createPackStore(options: OpenStoreOptions): Promise<StoreUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'lighterman-store-'));
  let store = await openStore(directory, options);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openStore(directory, options);
      return store;
    },
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}
