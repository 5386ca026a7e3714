/** A disk that is full to the last byte, by the count of a layer under the packs: a collection gives back what it can, and the store goes on. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { hex } from '../../shared/hash.ts';
import { nodeFiles, type StoreFile, type StoreFiles } from '../../shared/store/files.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { CollectOptions, CollectReport, Store, StoreRecord } from '../../shared/store/port.ts';
import { keysOf, seededChunks, temporaryDirectory } from '../support/store-directory.ts';

const PACK_BYTES_MAX = 20_000;
const RESERVE_BYTES = 8000;

/** Files that together may have `bytes`. */
function smallDisk(bytes: number): StoreFiles & { readonly free: () => number } {
  const lengths = new Map<string, number>();
  const free = (): number => bytes - [...lengths.values()].reduce((sum, length) => sum + length, 0);
  const wrap = (path: string, file: StoreFile): StoreFile => ({
    ...file,
    async write(parts, position) {
      const length = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const more = Math.max(0, position + length - (lengths.get(path) ?? 0));
      if (more > free()) throw new TransferError('NO_SPACE', 'the disk is full');
      await file.write(parts, position);
      lengths.set(path, (lengths.get(path) ?? 0) + more);
    },
    async truncate(length) {
      await file.truncate(length);
      lengths.set(path, length);
    },
  });
  return {
    ...nodeFiles,
    free,
    freeBytes: () => Promise.resolve(free()),
    async open(path, mode) {
      const file = await nodeFiles.open(path, mode);
      lengths.set(path, (await nodeFiles.size(path)) ?? 0);
      return wrap(path, file);
    },
    async rename(from, to) {
      await nodeFiles.rename(from, to);
      lengths.set(to, lengths.get(from) ?? 0);
      lengths.delete(from);
    },
    async remove(path) {
      await nodeFiles.remove(path);
      lengths.delete(path);
    },
  };
}

/** Fills the disk, then collects all but what `isKept` says. */
async function fillAndCollect(
  reserveBytes: number,
  isKept: (number: number) => boolean,
  work: (store: Store, report: CollectReport | TransferError, kept: readonly StoreRecord[]) => Promise<void>,
): Promise<void> {
  await using place = await temporaryDirectory({ inMemory: true });
  const disk = smallDisk(200_000);
  const files = { files: disk, packBytesMax: PACK_BYTES_MAX, reserveBytes };
  await using store = await openStore(join(place.path, 'store'), files);
  const records: StoreRecord[] = [];
  for (let size = 4000; size > 0; size >>= 1) {
    for (;;) {
      const [record] = seededChunks(records.length, records.length + 1, size) as [StoreRecord];
      if (await store.put([record]).then(() => false, () => true)) break; // prettier-ignore
      records.push(record);
      await store.flush();
    }
  }
  expect(disk.free()).toBeLessThan(58);
  const kept = records.filter((_, number) => isKept(number));
  const needed = new Set(keysOf(kept).map((key) => hex(key)));
  const options: CollectOptions = {
    mark: () => Promise.resolve(({ key }) => (needed.has(hex(key)) ? 'needed' : 'released')),
    dryRun: false,
    wasteMax: 0.25,
    unfinishedSinceMs: Infinity,
    wipe: false,
  };
  const report = await store.collect(options).catch((error: unknown) => TransferError.from(error));
  await work(store, report, kept);
  expect((await store.getMany('chunk', keysOf(kept))).map(hex)).toEqual(kept.map(({ bytes }) => hex(bytes)));
  expect((await store.check({ readAll: true })).problems).toEqual([]);
}

describe('a full disk', () => {
  it('with a reserve: whole packs go, and there is room again', async () => {
    await fillAndCollect(
      RESERVE_BYTES,
      (number) => number > 20,
      async (store, report) => {
        expect(report).toMatchObject({ left: [] });
        expect((report as CollectReport).freedBytes).toBeGreaterThan(80_000);
        expect(await store.put(seededChunks(900, 910, 4000))).toBe(10);
      },
    );
  });

  it('with a reserve: packs with something needed in each are rewritten one by one', async () => {
    await fillAndCollect(
      RESERVE_BYTES,
      (number) => number % 4 === 0,
      async (store, report) => {
        expect(report).toMatchObject({ left: [] });
        expect((report as CollectReport).freedBytes).toBeGreaterThan(100_000);
        expect(await store.put(seededChunks(900, 910, 4000))).toBe(10);
      },
    );
  });

  it('without one: nothing is lost, and it is said that the disk is full', async () => {
    await fillAndCollect(
      0,
      (number) => number > 20,
      (_, report) => {
        expect(report).toMatchObject({ code: 'NO_SPACE' });
        return Promise.resolve();
      },
    );
  });
});
