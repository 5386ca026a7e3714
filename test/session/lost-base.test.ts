/** A receiver that has lost something that a shipment leans on: the session goes on without it, and what arrives is right to the byte. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCatalog, type Catalog } from '../../receiver/catalog/catalog.ts';
import { hex, sha256Digest, type Id } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { runAgent, startReceiver, wireBytes, type CommandResult } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { ingest } from '../support/ingested.ts';
import { shipArchives, type Crossing, type JoinedAgents } from '../support/joined-agents.ts';
import { flipByte, offsetOf, packPath, temporaryDirectory } from '../support/store-directory.ts';

interface Parts {
  readonly bottom: Id;
  readonly top: Id;
  readonly archive: Id;
  /** Ids of the chunks of each stream. */
  chunks(stream: Id): Id[];
}

async function partsOf(archive: Uint8Array): Promise<Parts> {
  const { streams } = await ingest(archive);
  const byChange = streams.filter(({ path }) => path !== '').toSorted((a, b) => a.bytes - b.bytes);
  return {
    bottom: byChange[0]!.id,
    top: byChange[1]!.id,
    archive: streams.at(-1)!.id,
    chunks(id) {
      const { recipe } = streams.find((stream) => stream.id === id)!;
      return Array.from({ length: recipe.rowCount }, (_, row) => [...recipe.chunksOf(row)].map((chunk) => chunk.id)).flat();
    },
  };
}

/** Ships version 1, loses `keys` at the receiver, ships the others in one session. `gone`: the index forgets them, too. */
async function shipAfterLoss(keys: readonly Id[], versions: readonly number[], { gone = false } = {}): Promise<Crossing> {
  await using directory = await temporaryDirectory({ inMemory: true });
  const path = (name: string): string => join(directory.path, name);
  const pool = createMemoryStore();
  const ship = async (numbers: readonly number[], store: Store, catalog: Catalog): Promise<Crossing> => {
    const agents: JoinedAgents = { pool, store, catalog, delivered: path('delivered') };
    const crossing = await shipArchives(agents, numbers.map((number) => appVersion(number))); // prettier-ignore
    for (const number of numbers)
      expect(sha256Digest(await readFile(path(`delivered/app_${number}.tar`)))).toBe(sha256Digest(appVersion(number)));
    return crossing;
  };
  {
    await using store = await openStore(path('store'));
    await ship([1], store, await openCatalog(store));
  }
  const pack = packPath(path('store'), 1);
  for (const key of keys) await flipByte(pack, await offsetOf(pack, key));
  if (gone) await rm(path('store/index'), { recursive: true });
  await using store = await openStore(path('store'));
  const catalog = await openCatalog(store);
  const crossing = await ship(versions, store, catalog);
  // What was needed has been stored anew, and what is still lost is named as a base no more.
  const next = await ship([9], store, catalog);
  expect(next.notes).toEqual([]);
  expect(wireBytes(next)).toBeLessThan(3000);
  return crossing;
}

describe('a receiver that lost', async () => {
  const parts = await partsOf(appVersion(1));
  const changedChunks = await (async () => {
    const later = await partsOf(appVersion(2));
    const kept = new Set(later.chunks(later.top).map((id) => hex(id)));
    return parts.chunks(parts.top).filter((id) => !kept.has(hex(id)));
  })();
  const commonChunk = parts.chunks(parts.top).find((id) => !changedChunks.includes(id))!;

  test('nothing: a small difference, and no note', async () => {
    const crossing = await shipAfterLoss([], [2]);
    expect(crossing.notes).toEqual([]);
    expect(wireBytes(crossing)).toBeLessThan(3000);
  });

  test.each([
    ['the recipe of a base', [parts.top], /recipe [0-9a-f]{64}.*1 stream was/],
    ['content that a delta leans on', changedChunks.slice(0, 1), /chunk [0-9a-f]{64}/],
    ['content that both versions have', [commonChunk], /chunk [0-9a-f]{64}/],
    ['the recipe of the archive', [parts.archive], /recipe [0-9a-f]{64}/],
    ['the recipe of a layer that stays as it is', [parts.bottom], /recipe [0-9a-f]{64}/],
    ['content of a layer that stays as it is', parts.chunks(parts.bottom).slice(0, 1), /chunk [0-9a-f]{64}/],
    [
      'everything',
      [parts.bottom, parts.top, parts.archive].flatMap((stream) => [stream, ...parts.chunks(stream)]),
      /\d streams were sent again/,
    ],
  ])('%s: the image arrives, and what happened is said', async (_, lost, words) => {
    for (const gone of [false, true]) {
      const crossing = await shipAfterLoss(lost, [2], { gone });
      expect(crossing.notes).toEqual([expect.stringMatching(/^the receiver had lost content \(.*\): .* sent again without a base/)]);
      expect(crossing.notes[0]).toMatch(words);
    }
  });

  test('the recipe of a base: what the receiver still has does not cross', async () => {
    expect(wireBytes(await shipAfterLoss([parts.top], [2]))).toBeLessThan(140_000);
  });

  test('a base of several images of one session, which lean on each other', async () => {
    const crossing = await shipAfterLoss([parts.top, ...changedChunks], [2, 3, 4]);
    expect(crossing.images.map(({ ref }) => ref)).toEqual(['app:2', 'app:3', 'app:4']);
    expect(crossing.notes.length).toBeGreaterThan(0);
  });

  test('content of an image that it holds: that is found out when it is delivered, and mended by the next ship', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const path = (name: string): string => join(directory.path, name);
    await using store = await openStore(path('store'));
    const agents: JoinedAgents = { pool: createMemoryStore(), store, catalog: await openCatalog(store), delivered: path('delivered') };
    await shipArchives(agents, [appVersion(1)]);
    await store.flush();
    const pack = packPath(path('store'), 1);
    await flipByte(pack, await offsetOf(pack, commonChunk));
    await expect(shipArchives(agents, [appVersion(1)])).rejects.toMatchObject({ code: 'INTEGRITY' });
    const mended = await shipArchives(agents, [appVersion(1)]);
    expect(mended.notes).toEqual([expect.stringContaining('sent again without a base')]);
    const again = await shipArchives(agents, [appVersion(1)]);
    expect([again.turns, again.notes]).toEqual(['><', []]);
    expect(sha256Digest(await readFile(path('delivered/app_1.tar')))).toBe(sha256Digest(appVersion(1)));
  });

  test('as a user sees it: one line on stderr, and the image', async () => {
    await using directory = await temporaryDirectory();
    const path = (name: string): string => join(directory.path, name);
    await Promise.all([1, 2].map((number) => writeFile(path(`${number}.tar`), appVersion(number))));
    const send = async (number: number): Promise<CommandResult> => {
      await using receiver = await startReceiver(['--deliver', `archive:${path('delivered')}`], { store: path('store') });
      return await runAgent('sender', ['ship', path(`${number}.tar`), '--to', receiver.address, '--store', path('pool'), '--quiet']);
    };
    await send(1);
    const pack = packPath(path('store'), 1);
    await flipByte(pack, await offsetOf(pack, parts.top));
    const { status, stdout, stderr } = await send(2);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^app:2 sha256:/)]);
    expect(stderr).toMatch(/^the receiver had lost content \(.*\): 1 stream was sent again without a base; run .*\n$/);
    expect(sha256Digest(await readFile(path('delivered/app_2.tar')))).toBe(sha256Digest(appVersion(2)));
  });
});
