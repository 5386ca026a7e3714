/** LevelDB does its own files; here its calls fail along with those of a fault layer, before they do anything. */
import type { ChunkIndex } from '../../shared/store/chunk-index.ts';
import { openLevelIndex } from '../../shared/store/level-index.ts';
import type { OpenStoreOptions } from '../../shared/store/pack-store.ts';
import type { FaultyFiles } from './faulty-files.ts';

/** Options for a store over `files`. @param onIndex told of the index, to close it where the store is abandoned. */
export function faultyOptions(files: FaultyFiles, onIndex?: (index: ChunkIndex) => void): Pick<OpenStoreOptions, 'files' | 'openIndex'> {
  return {
    files,
    async openIndex(directory) {
      const index = await openLevelIndex(directory, files);
      onIndex?.(index);
      return failingIndex(index, files);
    },
  };
}

function failingIndex(index: ChunkIndex, files: FaultyFiles): ChunkIndex {
  return {
    async hasMany(kind, keys) {
      await files.operation('index.hasMany');
      return index.hasMany(kind, keys);
    },
    async getMany(kind, keys) {
      await files.operation('index.getMany');
      return index.getMany(kind, keys);
    },
    async find(kind, prefix) {
      await files.operation('index.find');
      return index.find(kind, prefix);
    },
    async write(entries, removed, state) {
      await files.operation('index.write');
      await index.write(entries, removed, state);
    },
    async state() {
      await files.operation('index.state');
      return index.state();
    },
    entries: (kind) => index.entries(kind),
    async clear() {
      await files.operation('index.clear');
      await index.clear();
    },
    close: () => index.close(),
  };
}
