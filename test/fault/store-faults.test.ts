/**
 * A small life of a store, once for every operation that can fail in it and every way in which it can: whatever happened, the
 * store opens again, is sound, has everything that was flushed, and can be written to.
 */
import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes, hex } from '../../shared/hash.ts';
import type { ChunkIndex } from '../../shared/store/chunk-index.ts';
import { nodeFiles, type StoreFile, type StoreFiles } from '../../shared/store/files.ts';
import { openStore, type OpenStoreOptions } from '../../shared/store/pack-store.ts';
import type { Store, StoreRecord } from '../../shared/store/port.ts';
import { RECORD_HEADER_BYTES } from '../../shared/store/record.ts';
import { keysOf, packPath, seededChunks, temporaryDirectory } from '../support/store-directory.ts';
import { faultyOptions } from './failing-index.ts';
import { createFaultyFiles, type Fault, type FaultyFiles } from './faulty-files.ts';

const PACK_BYTES_MAX = 8000;
const IMAGE_KEY = hashBytes(new Uint8Array(1));

/** What the outside was told. */
interface Ledger {
  /** Put and flushed: has to be there. */
  readonly durable: StoreRecord[];
  /** Contents of the image in the order in which they were put, and which of them was flushed last. */
  readonly images: string[];
  durableImage: number;
  readonly errors: unknown[];
}

describe('a store on a disk that fails', () => {
  it.each<[Fault, number]>([
    ['no-space', 60],
    ['half-written', 10],
    ['io-error', 60],
    ['power-cut', 60],
    ['power-cut-half', 25],
    ['power-cut-zeros', 25],
  ])('keeps what was flushed: %s', async (fault, operationsMin) => {
    let operations = 0;
    for (let at = 1; ; at++) {
      await using place = await temporaryDirectory({ inMemory: true });
      const files = createFaultyFiles(fault, at, { ownOnly: true });
      const ledger: Ledger = { durable: [], images: [], durableImage: -1, errors: [] };
      await live(place.path, files, ledger);
      const context = `${fault} at operation ${at} (${files.faultedOperation})`;
      expect({ context, foreign: ledger.errors.filter((error) => !(error instanceof TransferError)) }).toEqual({ context, foreign: [] });
      await expectSound(place.path, ledger, context);
      if (!files.faulted) break;
      operations = at;
    }
    // Two opens, six batches with a flush each, several packs: fewer operations would mean that they go past the fault layer.
    expect(operations).toBeGreaterThan(operationsMin);
  });

  it('goes on after a full disk without being opened again', async () => {
    for (let at = 1; ; at++) {
      await using place = await temporaryDirectory({ inMemory: true });
      await (await openStore(place.path, options())).close();
      const files = createFaultyFiles('half-written', at);
      const store = await openStore(place.path, options(files)).catch(() => undefined);
      if (store === undefined) continue;
      const records = seededChunks(0, 30);
      for (let from = 0; from < 30; from += 5) {
        const batch = records.slice(from, from + 5);
        // After a sync that failed the second try fails as well: that is for the next test.
        await store.put(batch).catch(() => store.put(batch).catch(() => undefined));
      }
      await store.flush().catch(() => store.flush().catch(() => undefined));
      files.disarm();
      if (files.faultedOperation === 'sync') {
        await store.close().catch(() => undefined);
        continue;
      }
      const got = await store.getMany('chunk', keysOf(records));
      expect({ at, got: got.map(hex) }).toEqual({ at, got: records.map(({ bytes }) => hex(bytes)) });
      expect((await store.stats()).records.chunk).toBe(30);
      expect((await store.check({ readAll: true })).problems).toEqual([]);
      await store.close();
      if (!files.faulted) return;
    }
  });

  it.each([0, 1])('leaves nothing behind of a put that failed, if %i of its cuts fail as well', async (cutsToFail) => {
    await using place = await temporaryDirectory();
    let failWrites = false;
    let cutsLeft = cutsToFail;
    const files = changeFiles((file) => ({
      ...file,
      async write(parts, position) {
        await file.write(parts, position);
        if (failWrites) throw new TransferError('NO_SPACE', 'full');
      },
      async truncate(length) {
        if (failWrites && cutsLeft-- > 0) throw new TransferError('STORE_CORRUPT', 'not cut');
        await file.truncate(length);
      },
    }));
    await using store = await openStore(place.path, { files });
    await store.put(seededChunks(0, 5));
    const size = await nodeFiles.size(packPath(place.path, 1));
    failWrites = true;
    await expect(store.put(seededChunks(5, 10))).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect((await nodeFiles.size(packPath(place.path, 1))) === size).toBe(cutsToFail === 0);
    failWrites = false;
    await store.put(seededChunks(10, 11));
    expect(await nodeFiles.size(packPath(place.path, 1))).toBe(size! + RECORD_HEADER_BYTES + 1000);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
  });

  it('acknowledges nothing after a sync that failed', async () => {
    await using place = await temporaryDirectory();
    let failSync = false;
    const files = changeFiles((file) => ({
      ...file,
      sync: () => (failSync ? Promise.reject(new TransferError('STORE_CORRUPT', 'sync failed')) : file.sync()),
    }));
    const store = await openStore(place.path, { files });
    const [first, lost] = [seededChunks(0, 5), seededChunks(5, 10)];
    await store.put(first);
    await store.flush();
    await store.put(lost);
    failSync = true;
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    failSync = false;
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(store.put(seededChunks(20, 21))).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(store.close()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await using again = await openStore(place.path);
    expect(await again.hasMany('chunk', keysOf([...first, ...lost]))).toEqual([...first.map(() => true), ...lost.map(() => false)]);
  });
});

/**
 * Opens, puts, flushes, and ends without closing, as a process that is killed; then again, putting first what was not flushed,
 * and closing. Goes on past failures as a server would, and writes down what it was promised.
 */
async function live(directory: string, files: FaultyFiles, ledger: Ledger): Promise<void> {
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      ledger.errors.push(error);
    }
  };
  const unflushed = seededChunks(100, 104);
  for (const session of [0, 1]) {
    let index: ChunkIndex | undefined;
    await attempt(async () => {
      const store = await openStore(
        directory,
        options(files, (opened) => (index = opened)),
      );
      for (const step of [0, 1, 2]) {
        const from = (session * 3 + step) * 4;
        const batch = [...(session === 1 && step === 0 ? unflushed : []), ...seededChunks(from, from + 4)];
        await attempt(() => putAndFlush(store, batch, `session ${session} step ${step}`, ledger));
      }
      await attempt(async () => void (await store.put(unflushed)));
      if (session === 1) await attempt(() => store.close());
    });
    await files.abandon();
    await index?.close();
  }
}

async function putAndFlush(store: Store, batch: readonly StoreRecord[], image: string, ledger: Ledger): Promise<void> {
  ledger.images.push(image);
  await store.put([...batch, { kind: 'image', key: IMAGE_KEY, bytes: Buffer.from(image) }]);
  await store.flush();
  ledger.durable.push(...batch);
  ledger.durableImage = ledger.images.length - 1;
}

async function expectSound(directory: string, ledger: Ledger, context: string): Promise<void> {
  const { durable, images, durableImage } = ledger;
  await using store = await openStore(directory, { packBytesMax: PACK_BYTES_MAX });
  const got = await store.getMany('chunk', keysOf(durable));
  const image = await store.get('image', IMAGE_KEY);
  // The one that was flushed, or a later one whose put or flush failed after it was written.
  const possible = durableImage === -1 ? [undefined, ...images] : images.slice(durableImage);
  const { chunk } = (await store.stats()).records;
  const before = await store.check({ readAll: true });
  const more = await store.put(seededChunks(900, 910));
  await store.flush();
  const after = await store.check({ readAll: true });
  expect({
    context,
    held: got.map(hex),
    isPossible: possible.includes(image === undefined ? undefined : Buffer.from(image).toString()),
  }).toEqual({
    context,
    held: durable.map(({ bytes }) => hex(bytes)),
    isPossible: true,
  });
  expect({
    context,
    keys: (await Array.fromAsync(store.keys('chunk'))).length,
    more,
    problems: [...before.problems, ...after.problems],
  }).toEqual({
    context,
    keys: chunk + 10,
    more: 10,
    problems: [],
  });
}

function options(files?: FaultyFiles, onIndex?: (index: ChunkIndex) => void): OpenStoreOptions {
  return { packBytesMax: PACK_BYTES_MAX, ...(files === undefined ? {} : faultyOptions(files, onIndex)) };
}

/** The file system, with something changed in every file that is opened. */
function changeFiles(change: (file: StoreFile) => StoreFile): StoreFiles {
  return { ...nodeFiles, open: async (path, mode) => change(await nodeFiles.open(path, mode)) };
}
