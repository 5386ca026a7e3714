/** Many senders at one receiver at the same time: what they share crosses once, where that can be known, and is stored once. */
import { describe, expect, test } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { createTestReceiver, shipOverBreakingLinks, type BrokenShipment } from '../support/breaking-agents.ts';
import { imageEntries } from '../support/craft-image.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { ingest } from '../support/ingested.ts';
import { seededBytes } from '../support/random.ts';

const SENDERS = 32;
const SHARED_BYTES = 60_000;
const OWN_BYTES = 3000;
/** Greeting, answers, and recipes of all layers, for each sender. */
const TALK_BYTES = 2500;

const base = craftTar([craftEntry({ name: 'usr/lib/base' }, seededBytes(1, SHARED_BYTES))]);
/** Files that all have, in a layer that each has in a way of its own. */
const runtime = seededBytes(2, SHARED_BYTES);

function imageOf(sender: number): Uint8Array {
  const middle = craftTar([craftEntry({ name: 'opt/runtime' }, runtime), craftEntry({ name: 'opt/who' }, `${sender}`)]);
  const own = craftTar([craftEntry({ name: 'srv/own' }, seededBytes(100 + sender, OWN_BYTES))]);
  return craftTar(imageEntries({ images: [{ tag: `app:${sender}`, layers: [base, middle, own] }], layout: 'oci' }));
}

function bytesSent(shipments: readonly BrokenShipment[]): number {
  return shipments.flatMap(({ links }) => links).reduce((sum, link) => sum + link.bytes('>'), 0);
}

describe(`${SENDERS} senders at once`, () => {
  const images = Array.from({ length: SENDERS }, (_, sender) => imageOf(sender));

  test('of images that share most of their content', async () => {
    const store = createMemoryStore();
    const receiver = await createTestReceiver(store);
    const shipments = await Promise.all(images.map((image) => shipOverBreakingLinks([image], createMemoryStore(), receiver, [])));
    await receiver.idle();
    expect(receiver.delivered.toSorted()).toEqual(images.map((image) => sha256Digest(image)).toSorted());
    const all = createMemoryStore();
    for (const image of images) await ingest(image, all);
    expect((await store.stats()).records.chunk).toBe((await all.stats()).records.chunk);
    // The first does not ask; what it has and others too may cross once more with who asks while it is not there yet.
    expect(bytesSent(shipments)).toBeLessThan(2 * 2 * SHARED_BYTES + SENDERS * (OWN_BYTES + TALK_BYTES));
  });

  test('some of which go for good in the middle: the others do not wait for them', async () => {
    const receiver = await createTestReceiver(createMemoryStore());
    const results = await Promise.allSettled(
      images.map((image, sender) => {
        const breaks = sender % 4 === 0 ? [{ direction: '>' as const, afterBytes: 2000 + 500 * sender, isHard: sender % 8 === 0 }] : [];
        return shipOverBreakingLinks([image], createMemoryStore(), receiver, breaks, { retryMs: 0 });
      }),
    );
    await receiver.idle();
    const arrived = results.flatMap(({ status }, sender) => (status === 'fulfilled' ? sha256Digest(images[sender] as Uint8Array) : []));
    expect(arrived.length).toBeGreaterThanOrEqual((SENDERS * 3) / 4);
    for (const digest of arrived) expect(receiver.delivered).toContain(digest);
  });

  test('of the same image: it crosses once and is delivered once', async () => {
    const store = createMemoryStore();
    const image = imageOf(0);
    const gate = Promise.withResolvers<void>();
    let deliveries = 0;
    const receiver = await createTestReceiver(store, async (record, { names }) => {
      deliveries++;
      await gate.promise;
      const delivered = record.images.map(({ configDigest }, i) => ({
        refs: names[i] ?? [],
        configDigest,
        imageId: configDigest,
        pushed: [],
      }));
      return { record, images: delivered, notes: [] };
    });
    const shipping = Promise.all(images.map(() => shipOverBreakingLinks([image], createMemoryStore(), receiver, [])));
    await expect.poll(() => receiver.waiting()).toBe(SENDERS);
    gate.resolve();
    const shipments = await shipping;
    await receiver.idle();
    expect(deliveries).toBe(1);
    expect(new Set(shipments.map(({ result }) => result.images[0]?.ref))).toEqual(new Set(['app:0']));
    expect(bytesSent(shipments)).toBeLessThan(2 * 2 * SHARED_BYTES + OWN_BYTES + SENDERS * TALK_BYTES);
  });
});
