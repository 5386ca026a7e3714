/** The small parts of the durable store, each for what the others rely on. */
import { readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes, hex, type Id } from '../../shared/hash.ts';
import { STORE_OPEN_PACKS_MAX, STORE_PENDING_RECORDS_MAX, STORE_RECORD_BYTES_MAX } from '../../shared/limits.ts';
import type { Location } from '../../shared/store/chunk-index.ts';
import { nodeFiles, writeFully, type StoreFiles } from '../../shared/store/files.ts';
import { readIdentity } from '../../shared/store/identity.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { createPackReaders, listPacks, packName } from '../../shared/store/packs.ts';
import { createPendingRecords } from '../../shared/store/pending.ts';
import { CODEC_RAW, encodeRecordHeader, kindByte, RECORD_HEADER_BYTES, TOMBSTONE } from '../../shared/store/record.ts';
import { createSerial } from '../../shared/serial.ts';
import { createSharedRun } from '../../shared/store/shared-run.ts';
import { keysOf, packPath, seededChunk, seededChunks, temporaryDirectory } from '../support/store-directory.ts';
import { seededBytes } from '../support/random.ts';

describe('a shared run', () => {
  it('serves all who call while one runs with one more, which begins after their call', async () => {
    const runs: PromiseWithResolvers<void>[] = [];
    const run = createSharedRun(() => {
      runs.push(Promise.withResolvers());
      return runs.at(-1)!.promise;
    });
    const first = run();
    await Promise.resolve();
    const [second, third] = [run(), run()];
    expect(second).toBe(third);
    expect(runs.length).toBe(1);
    runs[0]!.resolve();
    await first;
    await Promise.resolve();
    expect(runs.length).toBe(2);
    runs[1]!.resolve();
    await second;
  });

  it('fails those who shared the run that failed, and no others', async () => {
    let fails = true;
    const run = createSharedRun(async () => {
      if (fails) throw new TransferError('NO_SPACE', 'full');
    });
    const [first, second] = [run(), run()];
    await expect(first).rejects.toMatchObject({ code: 'NO_SPACE' });
    await expect(second).rejects.toMatchObject({ code: 'NO_SPACE' });
    fails = false;
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a serial', () => {
  it('runs one work at a time, in order, whatever becomes of them', async () => {
    const serial = createSerial();
    const events: string[] = [];
    const work = (name: string) => async (): Promise<string> => {
      events.push(`${name} begins`);
      await Promise.resolve();
      events.push(`${name} ends`);
      if (name === 'b') throw new TransferError('NO_SPACE', name);
      return name;
    };
    const results = await Promise.allSettled([serial(work('a')), serial(work('b')), serial(work('c'))]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });
});

describe('writing', () => {
  it('goes on when the system takes less than it was given', async () => {
    const parts = [seededBytes(1, 10), new Uint8Array(0), seededBytes(2, 25), seededBytes(3, 1)];
    for (const atOnce of [1, 3, 10, 11, 35, 100]) {
      const file = new Uint8Array(40);
      const handle = {
        async writev(given: readonly Uint8Array[], position: number) {
          const taken = Buffer.concat(given).subarray(0, atOnce);
          file.set(taken, position);
          return { bytesWritten: taken.byteLength };
        },
      };
      await writeFully(handle, parts, 4);
      expect(hex(file.subarray(4))).toBe(hex(Buffer.concat(parts)));
    }
  });
});

function location(offset: number): Location {
  return { pack: 1, offset, storedLength: 1, rawLength: 1 };
}

describe('pending records', () => {
  it('are found from adding to settling, the newest of a key', () => {
    const pending = createPendingRecords();
    const [a, b] = keysOf(seededChunks(0, 2)) as [Id, Id];
    pending.add('image', a, location(1));
    expect(pending.seal().map((entry) => entry.location?.offset)).toEqual([1]);
    pending.add('image', a, location(2));
    pending.add('chunk', b, location(3));
    expect(pending.get('image', a)?.location).toEqual(location(2));
    expect(pending.entries('image').map((entry) => entry.location?.offset)).toEqual([2]);
    pending.settle();
    expect(pending.size).toBe(2);
    // An indexing that failed is not settled: what it should have indexed is sealed again with the rest.
    expect(pending.seal().length).toBe(2);
    expect(pending.seal().length).toBe(2);
    pending.settle();
    expect(pending.size).toBe(0);
    expect(pending.get('chunk', b)).toBeUndefined();
  });
});

describe('packs', () => {
  it('are listed by number, and nothing else is', async () => {
    await using place = await temporaryDirectory();
    for (const name of ['00000010.pack', '00000002.pack', '2.pack', '00000002.pack.old', 'readme'])
      await writeFile(join(place.path, name), 'abc');
    expect(await listPacks(nodeFiles, place.path)).toEqual([
      { pack: 2, size: 3 },
      { pack: 10, size: 3 },
    ]);
    expect(await listPacks(nodeFiles, join(place.path, 'nowhere'))).toEqual([]);
  });

  it('stay open for reading up to the limit, and none after closing', async () => {
    await using place = await temporaryDirectory();
    const count = STORE_OPEN_PACKS_MAX + 5;
    for (let pack = 1; pack <= count; pack++) await writeFile(join(place.path, packName(pack)), String(pack));
    const readers = createPackReaders(nodeFiles, place.path);
    const read = (pack: number): Promise<string> =>
      readers.use(pack, async (file) => {
        const bytes = new Uint8Array(10);
        return Buffer.from(bytes.subarray(0, await file.read(bytes, 0))).toString();
      });
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    expect(await Promise.all(numbers.map(read))).toEqual(numbers.map(String));
    for (const pack of numbers) expect(await read(pack)).toBe(String(pack));
    expect(await openBelow(place.path)).toBe(STORE_OPEN_PACKS_MAX);
    const last = read(1);
    await readers.close();
    expect(await last).toBe('1');
    expect(await openBelow(place.path)).toBe(0);
    await expect(readers.use(999, async () => 1)).rejects.toBeInstanceOf(TransferError);
  });
});

/** Files of a directory that this process has open. */
async function openBelow(directory: string): Promise<number> {
  const targets = await Promise.all((await readdir('/proc/self/fd')).map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(directory)).length;
}

/** Appends records, made by hand, to a store with two chunks. */
async function append(directory: string, extra: { kindByte: number; codec: number; goneKindByte: number; key: Id }[]): Promise<void> {
  {
    await using store = await openStore(directory);
    await store.put(seededChunks(0, 2));
  }
  const { seed } = (await readIdentity(nodeFiles, directory))!;
  const content = seededBytes(50, 20);
  const parts = extra.flatMap((fields) => {
    const header = new Uint8Array(RECORD_HEADER_BYTES);
    const isTombstone = fields.kindByte === TOMBSTONE;
    const stored = isTombstone ? new Uint8Array(0) : content;
    encodeRecordHeader(
      { ...fields, rawLength: stored.byteLength, storedLength: stored.byteLength, storedCrc: crc32(stored) },
      seed,
      header,
    );
    return [header, stored];
  });
  const file = await nodeFiles.open(packPath(directory, 1), 'write');
  await file.write(parts, (await nodeFiles.size(packPath(directory, 1)))!);
  await file.close();
}

describe('records that this version does not write', () => {
  it('a tombstone takes its record away', async () => {
    await using place = await temporaryDirectory();
    const { key } = seededChunk(0);
    await append(place.path, [{ kindByte: TOMBSTONE, codec: CODEC_RAW, goneKindByte: kindByte('chunk'), key }]);
    await using store = await openStore(place.path);
    expect(await store.hasMany('chunk', keysOf(seededChunks(0, 2)))).toEqual([false, true]);
    expect(await store.stats()).toMatchObject({ records: { chunk: 1 }, chunkBytes: 1000 });
    expect((await store.check({ readAll: true })).problems).toEqual([]);
    expect(await store.put([seededChunk(0)])).toBe(1);
    expect((await store.check({ readAll: true })).problems).toEqual([]);
  });

  it('an unknown kind is stepped over, an unknown codec is said to be of a later version', async () => {
    await using place = await temporaryDirectory();
    const key = hashBytes(seededBytes(50, 20));
    await append(place.path, [
      { kindByte: 77, codec: CODEC_RAW, goneKindByte: 0, key },
      { kindByte: kindByte('recipe'), codec: 9, goneKindByte: 0, key },
      { kindByte: kindByte('chunk'), codec: CODEC_RAW, goneKindByte: 0, key },
    ]);
    await using store = await openStore(place.path);
    expect((await store.stats()).records).toEqual({ chunk: 3, recipe: 1, image: 0 });
    await expect(store.get('recipe', key)).rejects.toMatchObject({ code: 'STORE_VERSION' });
    expect(hex((await store.get('chunk', key))!)).toBe(hex(seededBytes(50, 20)));
    expect((await store.check()).problems).toEqual([]);
  });
});

/** The file system, counting syncs of files. */
function countingFiles(): StoreFiles & { readonly syncs: number } {
  let syncs = 0;
  return {
    ...nodeFiles,
    get syncs() {
      return syncs;
    },
    async open(path, mode) {
      const file = await nodeFiles.open(path, mode);
      return {
        ...file,
        sync() {
          syncs++;
          return file.sync();
        },
      };
    },
  };
}

describe('the durable store', () => {
  it('refuses a record above the limit, and stays usable', async () => {
    await using place = await temporaryDirectory();
    await using store = await openStore(place.path);
    const record = { kind: 'recipe' as const, key: seededChunk(1).key, bytes: new Uint8Array(STORE_RECORD_BYTES_MAX + 1) };
    await expect(store.put([record])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await store.put([{ ...record, bytes: new Uint8Array(1) }])).toBe(1);
  });

  it('flushes by itself when much is pending', async () => {
    await using place = await temporaryDirectory({ inMemory: true });
    const files = countingFiles();
    await using store = await openStore(place.path, { files });
    const before = files.syncs;
    await store.put(seededChunks(0, STORE_PENDING_RECORDS_MAX, 8));
    expect(files.syncs).toBe(before);
    await store.put(seededChunks(-2, -1, 8));
    expect(files.syncs).toBe(before + 1);
    // Now there is one record pending, and room for more again.
    await store.put(seededChunks(-3, -2, 8));
    expect(files.syncs).toBe(before + 1);
  });

  it('shares one sync between flushes', async () => {
    await using place = await temporaryDirectory();
    const files = countingFiles();
    await using store = await openStore(place.path, { files });
    await store.put(seededChunks(0, 10));
    const before = files.syncs;
    await Promise.all(Array.from({ length: 20 }, () => store.flush()));
    expect(files.syncs).toBe(before + 1);
  });

  it('says that its directory is a file', async () => {
    await using place = await temporaryDirectory();
    await writeFile(join(place.path, 'file'), '');
    await expect(openStore(join(place.path, 'file'))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(openStore(join(place.path, 'file', 'below'))).rejects.toMatchObject({ code: 'USAGE' });
  });
});
