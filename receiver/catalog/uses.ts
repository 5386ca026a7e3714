/**
 * What conversations and restores use while images are collected beside them. A conversation works on its own view of store and catalog,
 * which writes down what it found, put, and was told of as a base; none of that goes while it lasts, nor before a collection that saw it
 * has ended.
 */
import { hex, type Id } from '../../shared/hash.ts';
import { createKeySet, type KeySet } from '../../shared/store/key-set.ts';
import type { RecordName, Store } from '../../shared/store/port.ts';
import type { Catalog, ImageRecord } from './catalog.ts';

export interface Use {
  readonly store: Store;
  readonly catalog: Catalog;
  /** Idempotent. */
  end(): void;
}

export interface Uses {
  /** Begins a use of store and catalog. */
  begin(store: Store, catalog: Catalog): Use;
  /** Whether somebody leans on a chunk or recipe that no kept image may have. */
  isUsed(name: RecordName): boolean;
  isImageUsed(record: ImageRecord): boolean;
  /** Streams that are to stay with all that they lead to, besides those of the catalog. In hex. */
  streams(): Set<string>;
  /** Runs a collection: what is used at any moment of it counts as used to its end. */
  whileCollecting<T>(work: () => Promise<T>): Promise<T>;
}

interface Held {
  readonly keys: KeySet;
  readonly streams: Set<string>;
  readonly images: Set<string>;
}

export function createUses(): Uses {
  const open = new Set<Held>();
  /** Of uses that ended while something was being collected. */
  const lasting = new Set<Held>();
  let collecting = 0;
  const all = (): Held[] => [...open, ...lasting];

  return {
    begin(store, catalog) {
      const held: Held = { keys: createKeySet(), streams: new Set(), images: new Set() };
      open.add(held);
      return {
        store: watchedStore(store, held, () => collecting > 0),
        catalog: watchedCatalog(catalog, held),
        end() {
          if (open.delete(held) && collecting > 0) lasting.add(held);
        },
      };
    },
    isUsed: ({ key }) => all().some(({ keys }) => keys.has(key)),
    isImageUsed: ({ archive }) => all().some(({ images }) => images.has(archive)),
    streams: () => new Set(all().flatMap(({ streams }) => [...streams])),
    async whileCollecting(work) {
      collecting++;
      try {
        return await work();
      } finally {
        if (--collecting === 0) lasting.clear();
      }
    },
  };
}

/** Keys are written down before the store is asked: a collection asks for them in the moment in which it would remove one. */
function watchedStore(store: Store, { keys }: Held, isCollecting: () => boolean): Store {
  const note = (used: readonly Id[]): void => {
    for (const key of used) keys.add(key);
  };
  return {
    storeId: store.storeId,
    hasMany(kind, asked) {
      note(asked);
      return store.hasMany(kind, asked);
    },
    async findMany(kind, prefixes) {
      const found = await store.findMany(kind, prefixes);
      const known = found.filter((key) => key !== undefined);
      note(known);
      if (!isCollecting()) return found;
      // One may have gone between the answer and the note.
      const still = (await store.hasMany(kind, known)).values();
      return found.map((key) => (key !== undefined && still.next().value === true ? key : undefined));
    },
    put(records, options) {
      note(records.map(({ key }) => key));
      return store.put(records, options);
    },
    getMany(kind, asked) {
      note(asked);
      return store.getMany(kind, asked);
    },
    get(kind, key) {
      note([key]);
      return store.get(kind, key);
    },
    flush: () => store.flush(),
    remove: (names, spare) => store.remove(names, spare),
    collect: (options) => store.collect(options),
    keys: (kind) => store.keys(kind),
    stats: () => store.stats(),
    storedBytes: (kind, asked) => store.storedBytes(kind, asked),
    check: (options) => store.check(options),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function watchedCatalog(catalog: Catalog, { streams, images }: Held): Catalog {
  const hold = <R extends ImageRecord | undefined>(record: R): R => {
    if (record !== undefined) {
      images.add(record.archive);
      streams.add(record.archive);
      for (const stream of record.streams) streams.add(stream);
    }
    return record;
  };
  return {
    ...catalog,
    byArchive: (id) => hold(catalog.byArchive(id)),
    byImageId: (id) => hold(catalog.byImageId(id)),
    find: (name) => hold(catalog.find(name)),
    save(record) {
      hold(record);
      return catalog.save(record);
    },
    bases(...question) {
      const answer = catalog.bases(...question);
      for (const stream of answer.streams.map((id) => hex(id))) {
        streams.add(stream);
        // Where it is an archive, the sender may ask for that image to be delivered.
        images.add(stream);
      }
      return answer;
    },
  };
}
