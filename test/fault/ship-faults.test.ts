/**
 * A whole shipment, with an image forgotten behind it, once for every operation of either side's store that can fail, and every way in which it
 * can: whatever happened, the store opens by itself, is sound, has everything that was acknowledged and no image that is not whole, and the
 * same ship then succeeds (tried after every eighth).
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import { collectImages } from '../../receiver/catalog/collect-images.ts';
import { findDamagedImages } from '../../receiver/catalog/damaged-images.ts';
import { createUses } from '../../receiver/catalog/uses.ts';
import { boundPool } from '../../sender/pool-quota.ts';
import { TransferError } from '../../shared/errors.ts';
import { asId, hex, sha256Digest } from '../../shared/hash.ts';
import { loadRecipe, openStoredArchive } from '../../shared/image/stored-archive.ts';
import type { ChunkIndex } from '../../shared/store/chunk-index.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { RecordName, Store } from '../../shared/store/port.ts';
import { smallArchive } from '../support/archives.ts';
import { copyOf, createTestReceiver, shipOverBreakingLinks } from '../support/breaking-agents.ts';
import { temporaryDirectory } from '../support/store-directory.ts';
import { collect } from '../support/tar.ts';
import { faultyOptions } from './failing-index.ts';
import { createFaultyFiles, type Fault, type FaultyFiles } from './faulty-files.ts';

const PACK_BYTES_MAX = 9000;
const before = await smallArchive({ seed: 1, layerBytes: [4000], tag: 'app:1', layout: 'oci' });
const after = await smallArchive({ seed: 2, layerBytes: [5000], tag: 'app:2', layout: 'oci' });

/** What the outside was told of one run. */
interface Ledger {
  /** Put before a flush that succeeded. */
  readonly durable: RecordName[];
  isDelivered: boolean;
  readonly errors: unknown[];
}

/** Writes down what a store was asked to keep and said to be durable. */
function ledgered(store: Store, { durable }: Ledger): Store {
  let put: RecordName[] = [];
  return new Proxy(store, {
    get(target, property) {
      if (property === 'put')
        return async (...[records, options]: Parameters<Store['put']>) => {
          const added = await target.put(records, options);
          put.push(...records.map(({ kind, key }) => ({ kind, key: asId(key.slice()) })));
          return added;
        };
      if (property === 'flush')
        return async () => {
          const flushed = put;
          put = [];
          await target.flush();
          durable.push(...flushed);
        };
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function ship(archive: Uint8Array, pool: Store, store: Store): Promise<void> {
  const receiver = await createTestReceiver(store);
  try {
    await shipOverBreakingLinks([archive], pool, receiver, [], { retryMs: 0, effort: 'min' });
    expect(receiver.delivered).toEqual([sha256Digest(archive)]);
  } finally {
    await receiver.idle();
  }
}

/** Opens the store of `side` in `directory` over `files`, ships the second image, then lets the first one go. */
async function live(side: 'receiver' | 'sender', directory: string, other: Store, files: FaultyFiles, ledger: Ledger): Promise<void> {
  let index: ChunkIndex | undefined;
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      ledger.errors.push(error);
    }
  };
  await attempt(async () => {
    const opened = await openStore(directory, { packBytesMax: PACK_BYTES_MAX, ...faultyOptions(files, (made) => (index = made)) });
    const own = ledgered(opened, ledger);
    const [pool, store] = side === 'sender' ? [own, other] : [other, own];
    await attempt(async () => {
      await ship(after, pool, store);
      ledger.isDelivered = true;
    });
    if (side === 'sender') await attempt(() => boundPool(opened, 12_000));
    else await attempt(() => forgetFirst(opened));
    await attempt(() => opened.close());
  });
  await files.abandon();
  await index?.close();
}

async function forgetFirst(store: Store): Promise<void> {
  const catalog = await openCatalog(store);
  await collectImages(
    { rules: { tags: [] }, forget: [catalog.find('app:1')], dryRun: false, wipe: true, wasteMax: 0.2, keepUnfinishedMs: Infinity },
    { store, catalog, uses: createUses(), now: Date.now() },
  );
}

async function expectReceiverSound(directory: string, ledger: Ledger, tryAgain: boolean, context: string): Promise<void> {
  await using store = await openStore(directory, { packBytesMax: PACK_BYTES_MAX });
  const report = await store.check({ readAll: true });
  const catalog = await openCatalog(store);
  const damaged = await findDamagedImages(store, catalog, report);
  expect({ context, problems: report.problems, damaged, unreadable: catalog.unreadable }).toEqual({ context, problems: [], damaged: [], unreadable: [] }); // prettier-ignore
  const missing: string[] = [];
  for (const { kind, key } of ledger.durable) if ((await store.get(kind, key)) === undefined) missing.push(`${kind} ${hex(key)}`);
  expect({ context, missing }).toEqual({ context, missing: [] });
  const expected = new Map([
    ['app:1', sha256Digest(before)],
    ['app:2', sha256Digest(after)],
  ]);
  const names = catalog.records().flatMap((record) => record.images.flatMap((image) => Object.keys(image.names)));
  expect({ context, names }).toEqual({ context, names: expect.arrayContaining(ledger.isDelivered ? ['app:2'] : []) as string[] });
  for (const name of names) {
    const archive = await openStoredArchive(await loadRecipe(store, asId(Buffer.from(catalog.find(name).archive, 'hex'))), store);
    expect({ context, name, digest: sha256Digest(await collect(archive.openAll())) }).toEqual({
      context,
      name,
      digest: expected.get(name),
    });
  }
  if (tryAgain) await ship(after, createMemoryStore(), store);
}

async function expectSenderSound(directory: string, receiver: Store, tryAgain: boolean, context: string): Promise<void> {
  await using pool = await openStore(directory, { packBytesMax: PACK_BYTES_MAX });
  expect({ context, problems: (await pool.check({ readAll: true })).problems }).toEqual({ context, problems: [] });
  if (tryAgain) await ship(after, pool, receiver);
}

/** What only looks: nothing can be half done by it, and a power cut there is one before the next write. */
const LOOKS = /^(?:read|open to read|size|modifiedMs|freeBytes|list|index\.(?:hasMany|getMany|find|state))$/;

function faultsOf(operation: string): readonly Fault[] {
  return LOOKS.test(operation) ? ['io-error'] : ['half-written', 'power-cut-zeros'];
}

describe('a shipment on disks that fail', () => {
  it.each(['receiver', 'sender'] as const)(
    'the %s keeps its word',
    async (side) => {
      await using filled = await temporaryDirectory({ inMemory: true });
      const other = createMemoryStore();
      {
        await using own = await openStore(filled.path, { packBytesMax: PACK_BYTES_MAX });
        const [pool, store] = side === 'sender' ? [own, other] : [other, own];
        await ship(before, pool, store);
      }
      /** @returns the operations of the run. */
      const run = async (fault: Fault, at: number): Promise<readonly string[]> => {
        await using place = await temporaryDirectory({ inMemory: true });
        const directory = join(place.path, 'store');
        cpSync(filled.path, directory, { recursive: true });
        const files = createFaultyFiles(fault, at);
        const ledger: Ledger = { durable: [], isDelivered: false, errors: [] };
        const peer = await copyOf(other);
        await live(side, directory, peer, files, ledger);
        const context = `${fault} at operation ${at} (${files.faultedOperation})`;
        expect({ context, foreign: ledger.errors.filter((error) => !(error instanceof TransferError)) }).toEqual({ context, foreign: [] });
        const isWhole = files.faulted || (ledger.isDelivered && ledger.errors.length === 0);
        expect({ context, isWhole }).toEqual({ context, isWhole: true });
        if (side === 'receiver') await expectReceiverSound(directory, ledger, at % 8 === 0, context);
        else await expectSenderSound(directory, peer, at % 8 === 0, context);
        return files.operations;
      };
      const operations = await run('io-error', Infinity);
      expect(operations.length).toBeGreaterThan(50);
      for (const [index, operation] of operations.entries()) for (const fault of faultsOf(operation)) await run(fault, index + 1);
    },
    240_000,
  );
});
