/**
 * What each image costs alone: bytes in the store of the content that no other image has. Counted in the background, image by image, with
 * a table of all chunks and whose they are; what an image brings later is added, and all is counted again after one has gone.
 */
import { hex, type Id, idFromHex } from '../../shared/hash.ts';
import { partsOf } from '../../shared/image/reach.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import { STATUS_CHUNKS_MAX } from '../../shared/limits.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Catalog, ImageRecord } from '../catalog/catalog.ts';
import { createOwnerTable, type OwnerTable } from './owner-table.ts';

export interface AloneCounter {
  /** By the archive; undefined where that is not known, or not yet. */
  bytesOf(record: ImageRecord): number | undefined;
  readonly state: 'counted' | 'counting' | 'too much content';
  /** Counts what came or went since. Resolves when all is counted; a call while one is running waits for it. Never rejects. */
  update(signal: AbortSignal): Promise<void>;
}

/** Chunks whose place is asked for together. */
const TOGETHER = 1000;

export function createAloneCounter(store: Store, catalog: Catalog, chunksMax = STATUS_CHUNKS_MAX): AloneCounter {
  let table = createOwnerTable(chunksMax);
  /** Archives that are in the table, each with its number. */
  let numbers = new Map<string, number>();
  /** Owners whose content could not be looked at, or not all of it. */
  const lost = new Set<string>();
  let running: Promise<void> | undefined;
  let isDone = false;

  const count = async (signal: AbortSignal): Promise<void> => {
    const records = catalog.records();
    const now = new Set(records.map(({ archive }) => archive));
    if ([...numbers.keys()].some((archive) => !now.has(archive))) {
      table = createOwnerTable(chunksMax);
      numbers = new Map();
    }
    for (const { archive } of records) {
      if (numbers.has(archive)) continue;
      if (signal.aborted || table.isFull) return;
      isDone = false;
      const number = numbers.size + 1;
      numbers.set(archive, number);
      await claim(idFromHex(archive), number, table, store).then(
        () => lost.delete(archive),
        () => lost.add(archive),
      );
    }
    isDone = true;
  };
  return {
    bytesOf({ archive }) {
      const number = numbers.get(archive);
      return number === undefined || lost.has(archive) || table.isFull ? undefined : table.bytesOf(number);
    },
    get state() {
      if (table.isFull) return 'too much content';
      return isDone ? 'counted' : 'counting';
    },
    async update(signal) {
      running ??= count(signal).finally(() => (running = undefined));
      await running;
    },
  };
}

/** Enters all content of an archive, that of its layers included, as of this owner. */
async function claim(archive: Id, owner: number, table: OwnerTable, store: Store): Promise<void> {
  const streams = [archive];
  const seen = new Set([hex(archive)]);
  for (let stream = streams.pop(); stream !== undefined; stream = streams.pop()) {
    const fresh: Id[] = [];
    const settle = async (): Promise<void> => {
      const keys = fresh.splice(0);
      const bytes = await Promise.all(keys.map((key) => store.storedBytes('chunk', [key])));
      for (const [i, key] of keys.entries()) table.setBytes(key, bytes[i] as number);
    };
    for (const { chunk, nested } of partsOf(await loadRecipe(store, stream))) {
      if (nested !== undefined && !seen.has(hex(nested))) {
        seen.add(hex(nested));
        streams.push(nested);
      }
      if (chunk !== undefined && table.claim(chunk, owner) && fresh.push(chunk) === TOGETHER) await settle();
    }
    await settle();
  }
}
