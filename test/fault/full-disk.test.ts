/** A disk that is full at either side, at any operation of the store; and a delivery that fails: the next ship finishes what is left. */
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { Deliver } from '../../receiver/deliver/port.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { TransferError } from '../../shared/errors.ts';
import { createTestReceiver, shipOverBreakingLinks } from '../support/breaking-agents.ts';
import { imageEntries } from '../support/craft-image.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { seededBytes } from '../support/random.ts';
import { temporaryDirectory } from '../support/store-directory.ts';
import { createFaultyFiles } from './faulty-files.ts';

const layers = [1, 2].map((seed) => craftTar([craftEntry({ name: `srv/${seed}` }, seededBytes(seed, 9000))]));
const archive = craftTar(imageEntries({ images: [{ tag: 'app:1', layers }], layout: 'oci' }));
const digest = sha256Digest(archive);

describe.each(['sender', 'receiver'] as const)('the disk of the %s is full', (side) => {
  it.each(['no-space', 'half-written'] as const)(
    'at any operation (%s): one error, and with room again the ship finishes',
    async (fault) => {
      const codes = new Set<string>();
      for (let at = 1; ; at++) {
        await using place = await temporaryDirectory({ inMemory: true });
        const directory = join(place.path, 'store');
        const other = createMemoryStore();
        const files = createFaultyFiles(fault, at, { ownOnly: true });
        const ship = async (store: Awaited<ReturnType<typeof openStore>>): Promise<string[]> => {
          const receiver = await createTestReceiver(side === 'sender' ? other : store);
          try {
            await shipOverBreakingLinks([archive], side === 'sender' ? store : other, receiver, [], { retryMs: 0 });
          } finally {
            await receiver.idle();
          }
          return receiver.delivered;
        };
        // What fails, fails with NO_SPACE, and says so in time: when the store is opened, or while it is in use.
        const attempt = async (): Promise<void> => {
          const store = await openStore(directory, { files });
          await ship(store).finally(() => store.close().catch(() => {}));
        };
        const code = await attempt().then(
          () => 'none',
          (error: unknown) => TransferError.from(error).code,
        );
        codes.add(code);
        await files.abandon();
        await using again = await openStore(directory);
        expect(await ship(again)).toContain(digest);
        expect((await again.check({ readAll: true })).problems).toEqual([]);
        if (!files.faulted) break;
      }
      expect(codes).toEqual(new Set(['NO_SPACE', 'none']));
    },
  );
});

test.each(['ENGINE_FAILED', 'REGISTRY_UNREACHABLE', 'NO_SPACE'] as const)(
  'a delivery that fails with %s: the next ship only delivers',
  async (code) => {
    const store = createMemoryStore();
    const failing: Deliver = () => Promise.reject(new TransferError(code, 'not now'));
    const broken = await createTestReceiver(store, failing);
    const pool = createMemoryStore();
    await expect(shipOverBreakingLinks([archive], pool, broken, [])).rejects.toMatchObject({
      code,
      message: expect.stringContaining('not now'),
    });
    await broken.idle();
    const receiver = await createTestReceiver(store);
    const { result, links } = await shipOverBreakingLinks([archive], pool, receiver, []);
    expect(receiver.delivered).toEqual([digest]);
    expect(result.images[0]).toMatchObject({ ref: 'app:1', newBytes: 0 });
    expect(links[0]?.bytes('>')).toBeLessThan(200);
  },
);
