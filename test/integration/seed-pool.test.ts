/** A sender whose pool was lost: what it ships arrives all the same, and an old image that is still at hand makes it cheap again. */
import { systemClock } from '../../shared/clock.ts';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seedPool } from '../../sender/seed-pool.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { runAgent, ship, startReceiver, wireBytes } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { expectFailure } from '../support/failure.ts';
import { ingest, inPieces } from '../support/ingested.ts';
import { shipArchives, type Crossing } from '../support/joined-agents.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

/** Bytes of the chunks that version 2 has and version 1 has not. */
async function changedBytes(): Promise<number> {
  const { store } = await ingest(appVersion(1));
  const { streams } = await ingest(appVersion(2), store);
  return streams.reduce((sum, stream) => sum + stream.newBytes, 0);
}

/** Ships version 1 with one pool, then an archive with another. */
async function shipWithPool(pool: Store, archive: Uint8Array): Promise<Crossing> {
  await using directory = await temporaryDirectory({ inMemory: true });
  const store = createMemoryStore();
  await shipArchives({ pool: createMemoryStore(), store, delivered: directory.path }, [appVersion(1)]);
  const crossing = await shipArchives({ pool, store, delivered: directory.path }, [archive]);
  const file = join(directory.path, `${crossing.images[0]?.ref.replace(':', '_')}.tar`);
  expect(sha256Digest(await readFile(file))).toBe(sha256Digest(archive));
  return crossing;
}

async function seed(pool: Store, archive: Uint8Array): Promise<number> {
  const source = { name: 'old', inspection: undefined, bytes: archive.byteLength, read: () => inPieces(archive) };
  const [image] = await seedPool([source], { pool, clock: systemClock, signal: new AbortController().signal, onProgress: () => {} });
  return image?.newBytes ?? -1;
}

describe('with a pool that was lost', () => {
  test('a new version costs what changed in it, and the questions', async () => {
    const bytes = wireBytes(await shipWithPool(createMemoryStore(), appVersion(2)));
    const changed = await changedBytes();
    expect(bytes).toBeGreaterThan(changed / 2);
    expect(bytes).toBeLessThan(changed + 3000);
  });

  test('the same image costs three short answers', async () => {
    const crossing = await shipWithPool(createMemoryStore(), appVersion(1));
    expect(crossing.images[0]).toMatchObject({ ref: 'app:1', layers: { total: 2, held: 2 }, newBytes: 0 });
    expect(wireBytes(crossing)).toBeLessThan(1000);
  });

  test('after it was seeded with the old version, a new one costs a difference', async () => {
    const pool = createMemoryStore();
    expect(await seed(pool, appVersion(1))).toBeGreaterThan(700_000);
    expect(await seed(pool, appVersion(1))).toBe(0);
    const seeded = wireBytes(await shipWithPool(pool, appVersion(2)));
    const kept = createMemoryStore();
    await ingest(appVersion(1), kept);
    expect(seeded).toBe(wireBytes(await shipWithPool(kept, appVersion(2))));
    expect(seeded).toBeLessThan(3000);
  });
});

test('as a user does it: `seed`, and `ship --seed-pool`', async () => {
  await using directory = await temporaryDirectory();
  const path = (name: string): string => join(directory.path, name);
  await Promise.all([1, 2, 3].map((number) => writeFile(path(`${number}.tar`), appVersion(number))));
  await using receiver = await startReceiver(['--deliver', `archive:${path('delivered')}`]);
  const where = ['--to', receiver.address, '--store', path('pool')];
  await ship([path('1.tar'), ...where]);

  await rm(path('pool'), { recursive: true });
  expect(wireBytes(await ship([path('2.tar'), ...where, '--seed-pool', path('1.tar')]))).toBeLessThan(3000);

  await rm(path('pool'), { recursive: true });
  const seeded = await runAgent('sender', ['seed', path('1.tar'), path('2.tar'), '--store', path('pool'), '--quiet']);
  expect([seeded.status, seeded.stderr]).toEqual([0, '']);
  expect(seeded.stdout).toMatch(/^seeded the pool with .*1\.tar: 7\d\d kB new of 7\d\d kB\nseeded the pool with .*2\.tar: .* kB new of/);
  expect(wireBytes(await ship([path('3.tar'), ...where]))).toBeLessThan(3000);
  const again = await runAgent('sender', ['seed', path('3.tar'), '--store', path('pool'), '--quiet', '--json']);
  expect(JSON.parse(again.stdout)).toMatchObject({ event: 'seeded', images: [{ source: path('3.tar'), newBytes: 0 }] });

  await writeFile(path('noise.tar'), new Uint8Array(5000).fill(7));
  expectFailure(
    await runAgent('sender', ['seed', path('noise.tar'), '--store', path('pool'), '--quiet']),
    'ARCHIVE_INVALID',
    /is not an image archive/,
  );
});
