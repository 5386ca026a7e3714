/** A link that is cut wherever it can be: the image arrives whole, and nothing crosses twice but the message that was cut. */
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { contentsOf, copyOf, createTestReceiver, shipOverBreakingLinks, type BrokenShipment } from '../support/breaking-agents.ts';
import type { Break, Direction } from '../support/breaking-link.ts';
import { imageEntries } from '../support/craft-image.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { seededBytes } from '../support/random.ts';

const RANDOM_CUTS = 1000;
/** On a machine that has other things to do. */
const RANDOM_TIMEOUT_MS = 400_000;
const LAYERS = 3;
/** Greetings, offers, what goes on, and what is needed of it, for each new connection. */
const CONNECTION_BYTES = 600;
/** Recipes and questions of all streams, for a sender that remembers nothing. */
const TALK_BYTES = 2000;
// oxlint-disable-next-line node/no-process-env -- to repeat a run
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Small layers of their own, so that there are many messages; version 2 differs a little from version 1 in each. */
function version(number: number): Uint8Array {
  const layers = Array.from({ length: LAYERS }, (_, i) => {
    const content = seededBytes(i, 4000 + 4000 * i);
    content.fill(number, 1000, 1010);
    return craftTar([craftEntry({ name: `srv/${i}` }, content), craftEntry({ name: 'version' }, `${i}: ${number}`)]);
  });
  return craftTar(imageEntries({ images: [{ tag: `app:${number}`, layers }], layout: 'oci' }));
}

const archives = [version(1), version(2)] as const;

interface Ship extends BrokenShipment {
  readonly store: Store;
  readonly log: readonly string[];
}

let shipped: Promise<readonly [Store, Store]> | undefined;

/** A pool and a store that have version 1. */
async function withVersion1(): Promise<[Store, Store]> {
  shipped ??= (async () => {
    const [pool, store] = [createMemoryStore(), createMemoryStore()];
    await shipOverBreakingLinks([archives[0]], pool, await createTestReceiver(store), []);
    return [pool, store] as const;
  })();
  const [pool, store] = await shipped;
  return [await copyOf(pool), await copyOf(store)];
}

/** Ships version 1 (`versions` 1), or version 2 after version 1, over links that break. */
async function ship(versions: 1 | 2, breaks: readonly Break[]): Promise<Ship> {
  const [pool, store] = versions === 1 ? [createMemoryStore(), createMemoryStore()] : await withVersion1();
  const receiver = await createTestReceiver(store);
  const archive = archives[versions - 1] as Uint8Array;
  const shipment = await shipOverBreakingLinks([archive], pool, receiver, breaks);
  await receiver.idle();
  expect(receiver.delivered.length).toBeGreaterThan(0);
  expect(new Set(receiver.delivered)).toEqual(new Set([sha256Digest(archive)]));
  expect(shipment.result.images.map(({ ref }) => ref)).toEqual([`app:${versions}`]);
  expect(shipment.result.notes).toEqual([]);
  return { ...shipment, store, log: receiver.log };
}

function bytesOf({ links }: BrokenShipment, direction: Direction): number {
  return links.reduce((sum, link) => sum + link.bytes(direction), 0);
}

describe.each([1, 2] as const)('a link that is cut while version %i crosses', (versions) => {
  let whole: Ship;
  let stored: Awaited<ReturnType<typeof contentsOf>>;
  beforeAll(async () => {
    whole = await ship(versions, []);
    stored = await contentsOf(whole.store);
  });
  const lengths = (direction: Direction): number[] => whole.links[0]!.crossed[direction].map(({ byteLength }) => byteLength);

  /** @returns how often the link was cut before the image was there. */
  const shipAndCompare = async (breaks: readonly Break[]): Promise<number> => {
    const cut = await ship(versions, breaks);
    expect(await contentsOf(cut.store)).toEqual(stored);
    const broken = cut.links.length - 1;
    expect(cut.result.reconnections).toBe(broken);
    // What is cut off may have to come again, and nothing else.
    const largest = Math.max(...lengths('>'));
    expect(bytesOf(cut, '>')).toBeLessThanOrEqual(bytesOf(whole, '>') + broken * (largest + CONNECTION_BYTES));
    const { wire, breakdown } = cut.result;
    expect(breakdown.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(wire.sentBytes + wire.receivedBytes);
    return broken;
  };

  it.each(['>', '<'] as const)('at every boundary of messages that go %s', async (direction) => {
    expect(lengths(direction).length).toBeGreaterThan(2);
    let afterBytes = 0;
    for (const length of [0, ...lengths(direction)]) {
      afterBytes += length;
      for (const isHard of [false, true]) await shipAndCompare([{ direction, afterBytes, isHard }]);
    }
  });

  it('by the death of both sides, at every boundary of messages: a new ship goes on', async () => {
    const sent = lengths('>');
    const largest = Math.max(...sent);
    let afterBytes = 0;
    for (const length of sent) {
      afterBytes += length;
      const [pool, store] = versions === 1 ? [createMemoryStore(), createMemoryStore()] : await withVersion1();
      let text: string | undefined;
      const file = { read: () => Promise.resolve(text), write: (written: string) => Promise.resolve(void (text = written)) };
      const archive = archives[versions - 1] as Uint8Array;
      const first = await createTestReceiver(store, undefined, file);
      const broken = await shipOverBreakingLinks([archive], pool, first, [{ direction: '>', afterBytes, isHard: false }], {
        retryMs: 0,
      }).catch((error: unknown) => error);
      expect(broken).toMatchObject({ code: 'PEER_LOST' });
      await first.idle();
      const second = await createTestReceiver(store, undefined, file);
      const shipment = await shipOverBreakingLinks([archive], pool, second, []);
      await second.idle();
      expect(new Set([...first.delivered, ...second.delivered])).toEqual(new Set([sha256Digest(archive)]));
      expect(await contentsOf(store)).toEqual(stored);
      // Content that became durable does not cross again; recipes and questions of streams that were not whole do.
      expect(bytesOf(shipment, '>')).toBeLessThanOrEqual(bytesOf(whole, '>') - afterBytes + largest + TALK_BYTES);
    }
  });

  it(
    `at ${RANDOM_CUTS / 2} random bytes, seed ${SEED}`,
    async () => {
      const draws = new Uint32Array(seededBytes(SEED + versions, RANDOM_CUTS * 16).buffer);
      let drawn = 0;
      let worst = 0;
      const random = (below: number): number => (draws[drawn++] as number) % below;
      for (let cuts = 0; cuts < RANDOM_CUTS / 2;) {
        // The later ones sooner: there is less left to cross.
        const breaks = Array.from({ length: 4 + random(6) }, (_, i): Break => {
          const direction = random(3) === 0 ? '<' : '>';
          const total = lengths(direction).reduce((sum, length) => sum + length, 0);
          return { direction, afterBytes: Math.floor(random(total) / (1 + i)), isHard: random(2) === 0 };
        });
        try {
          const broken = await shipAndCompare(breaks);
          worst = Math.max(worst, broken);
          cuts += broken;
        } catch (error) {
          throw new Error(`SEED=${SEED}: ${JSON.stringify(breaks)}`, { cause: error });
        }
      }
      expect(worst).toBeGreaterThan(2);
    },
    RANDOM_TIMEOUT_MS,
  );
});
