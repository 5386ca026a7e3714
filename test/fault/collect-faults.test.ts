/**
 * A collection, once for every operation that can fail in it and every way in which it can: whatever happened, the store opens again, is
 * sound, has everything that is needed, and no image without its content.
 */
import { cpSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes, hex } from '../../shared/hash.ts';
import type { ChunkIndex } from '../../shared/store/chunk-index.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store, StoreRecord, Verdict } from '../../shared/store/port.ts';
import { keysOf, seededChunks, temporaryDirectory } from '../support/store-directory.ts';
import { faultyOptions } from './failing-index.ts';
import { createFaultyFiles, type Fault, type FaultyFiles } from './faulty-files.ts';

const PACK_BYTES_MAX = 5000;
const IMAGES = 3;
const CHUNKS_EACH = 4;
/** Content of the image with that number: its own, and some that the next one has too. */
const contentOf = (image: number): StoreRecord[] => seededChunks(image * CHUNKS_EACH, (image + 1) * CHUNKS_EACH + 1);
const recordOf = (image: number): StoreRecord => ({
  kind: 'image',
  key: hashBytes(Uint8Array.of(image)),
  bytes: Buffer.from(`image ${image}`),
});
const GOING = [0, 2];
const STAYING = [1];
const LATER = seededChunks(500, 502);

const NEEDED = new Set([...LATER, ...STAYING.flatMap((image) => [...contentOf(image), recordOf(image)])].map(({ key }) => hex(key)));

/** Forgets the images that go, and what only they have. */
const verdict: Verdict = ({ key }) => (NEEDED.has(hex(key)) ? 'needed' : 'released');

async function fill(directory: string): Promise<void> {
  await using store = await openStore(directory, { packBytesMax: PACK_BYTES_MAX });
  for (let image = 0; image < IMAGES; image++) {
    await store.put(contentOf(image));
    // Written twice, so that an older one lies in an earlier pack.
    await store.put([recordOf(image)]);
    if (image > 0) await store.put([recordOf(image - 1)]);
    await store.flush();
  }
}

/** Collects, with a put beside it; what was flushed is in `durable`. @returns errors. */
async function live(directory: string, files: FaultyFiles, wipe: boolean, durable: StoreRecord[]): Promise<unknown[]> {
  const errors: unknown[] = [];
  let index: ChunkIndex | undefined;
  try {
    const store = await openStore(directory, { packBytesMax: PACK_BYTES_MAX, ...faultyOptions(files, (opened) => (index = opened)) });
    const collect = (): Promise<unknown> =>
      store.collect({ mark: () => Promise.resolve(verdict), dryRun: false, wasteMax: 0.2, unfinishedSinceMs: Infinity, wipe });
    const put = async (): Promise<void> => {
      await store.put(LATER);
      await store.flush();
      durable.push(...LATER);
    };
    for (const result of await Promise.allSettled([collect(), put()])) if (result.status === 'rejected') errors.push(result.reason);
    // A server would try again later.
    await collect().catch((error: unknown) => errors.push(error));
  } catch (error) {
    errors.push(error);
  }
  await files.abandon();
  await index?.close();
  return errors;
}

async function expectSound(store: Store, durable: readonly StoreRecord[], context: string): Promise<void> {
  const staying = STAYING.flatMap(contentOf);
  const images = await store.hasMany('image', keysOf(Array.from({ length: IMAGES }, (_, image) => recordOf(image))));
  for (const [image, isHeld] of images.entries()) {
    const content = await store.hasMany('chunk', keysOf(contentOf(image)));
    expect({ context, image, isWhole: !isHeld || content.every(Boolean) }).toEqual({ context, image, isWhole: true });
  }
  expect({ context, staying: STAYING.map((image) => images[image]) }).toEqual({ context, staying: STAYING.map(() => true) });
  const wanted = [...staying, ...durable];
  expect({ context, got: (await store.getMany('chunk', keysOf(wanted))).map(hex) }).toEqual({
    context,
    got: wanted.map(({ bytes }) => hex(bytes)),
  });
  expect({ context, problems: (await store.check({ readAll: true })).problems }).toEqual({ context, problems: [] });
}

describe('a collection on a disk that fails', () => {
  it.each<[Fault, boolean, number]>([
    ['no-space', false, 100],
    ['half-written', false, 5],
    ['io-error', false, 100],
    ['power-cut', false, 100],
    ['power-cut-half', true, 100],
    ['power-cut-zeros', false, 5],
  ])('loses nothing that is needed: %s, wiping %s', async (fault, wipe, operationsMin) => {
    await using filled = await temporaryDirectory({ inMemory: true });
    await fill(filled.path);
    let operations = 0;
    for (let at = 1; ; at++) {
      await using place = await temporaryDirectory({ inMemory: true });
      const directory = join(place.path, 'store');
      cpSync(filled.path, directory, { recursive: true });
      // Only one of them is tried with overwriting, so nothing simpler stands in for it.
      const files = createFaultyFiles(fault, at, { ownOnly: !wipe });
      const durable: StoreRecord[] = [];
      const errors = await live(directory, files, wipe, durable);
      const context = `${fault} at operation ${at} (${files.faultedOperation})`;
      expect({ context, foreign: errors.filter((error) => !(error instanceof TransferError)) }).toEqual({ context, foreign: [] });
      {
        await using store = await openStore(directory, { packBytesMax: PACK_BYTES_MAX });
        await expectSound(store, durable, context);
      }
      if (at % 4 === 0 || !files.faulted) await expectSoundWithoutIndex(directory, durable, context);
      if (!files.faulted) break;
      operations = at;
    }
    expect(operations).toBeGreaterThan(operationsMin);
  });
});

/** The index is only a cache: made again from the packs it says the same, and a collection then ends what was begun. */
async function expectSoundWithoutIndex(directory: string, durable: readonly StoreRecord[], context: string): Promise<void> {
  await rm(join(directory, 'index'), { recursive: true });
  await using store = await openStore(directory, { packBytesMax: PACK_BYTES_MAX });
  await expectSound(store, durable, `${context}, index lost`);
  await store.collect({ mark: () => Promise.resolve(verdict), dryRun: false, wasteMax: 0, unfinishedSinceMs: Infinity, wipe: false });
  const gone = GOING.map((image) => recordOf(image));
  expect({ context, gone: await store.hasMany('image', keysOf(gone)) }).toEqual({ context, gone: gone.map(() => false) });
  expect((await store.stats()).records.chunk).toBe(
    new Set(STAYING.flatMap(contentOf).map(({ key }) => hex(key))).size + (await countLater(store)),
  );
}

async function countLater(store: Store): Promise<number> {
  return (await store.hasMany('chunk', keysOf(LATER))).filter(Boolean).length;
}
