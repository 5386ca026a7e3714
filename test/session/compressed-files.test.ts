/** Large compressed files in layers: what changed inside crosses, and the very same compressed bytes arrive. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, describe, test } from 'vitest';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { WRAPPED_FILE_BYTES_MIN } from '../../shared/limits.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { wireBytes } from '../support/agents.ts';
import { createTestReceiver, shipOverBreakingLinks } from '../support/breaking-agents.ts';
import type { Break } from '../support/breaking-link.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { gnuGzip } from '../support/gzip.ts';
import { shipArchives } from '../support/joined-agents.ts';
import { layeredImage, withAgents } from '../support/layered-image.ts';
import { seededBytes } from '../support/random.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const LINE_BYTES = 64;
/** Digits of six bits take a little more than three quarters of their bytes when they are compressed, and gzip finds some matches in them. */
const LINES = Math.ceil((1.4 * WRAPPED_FILE_BYTES_MIN) / LINE_BYTES);
const digits = Buffer.from(seededBytes(1, LINES * LINE_BYTES * 0.75)).toString('base64');

/** Lines of digits; where `marks` says so, every so many lines one begins with a mark. */
function data(version: string, marksEvery: number): Uint8Array {
  const lines = Array.from({ length: LINES }, (_, i) => digits.slice(i * LINE_BYTES, (i + 1) * LINE_BYTES - 1));
  for (let i = marksEvery >> 1; i < LINES; i += marksEvery) lines[i] = `version ${version} ${lines[i]}`;
  return Buffer.from(`${lines.join('\n')}\n`);
}

const scattered = (version: string): Uint8Array => gnuGzip(data(version, LINES >> 2), 6);

/** A compressed tar, of which little changes. */
function packed(version: string): Uint8Array {
  return gnuGzip(craftTar([craftEntry({ name: 'package/data' }, data('1', LINES)), craftEntry({ name: 'package/version' }, version)]));
}

const NAME = 'srv/data.json.gz';

/** A layer with a compressed file. */
function layerOf(file: Uint8Array, other = 'the same', name = NAME): Uint8Array {
  return craftTar([craftEntry({ name: 'srv/a' }, 'a'), craftEntry({ name }, file), craftEntry({ name: 'srv/other' }, other)]);
}

describe('a compressed file in a layer', () => {
  test.each([
    ['plain', (layer: Uint8Array) => layer],
    ['compressed', (layer: Uint8Array) => gnuGzip(layer, 6)],
  ])('costs what changed inside it, in a layer that is %s', async (_, compress) => {
    await withAgents(async (ship) => {
      const first = await ship('app:1', compress(layerOf(scattered('1'))));
      expect(wireBytes(first)).toBeGreaterThan(WRAPPED_FILE_BYTES_MIN);
      expect(first.breakdown.files[0]?.name).toBe(NAME);
      expect(first.perLayer[0]?.content).toBeGreaterThan(WRAPPED_FILE_BYTES_MIN);
      expect(wireBytes(await ship('app:2', compress(layerOf(scattered('2')))))).toBeLessThan(2500);
      const again = await ship('app:2', compress(layerOf(scattered('2'))));
      expect([again.turns, again.notes]).toEqual(['><', []]);
    });
  });

  test('that stayed costs nothing where its layer changed', async () => {
    await withAgents(async (ship) => {
      const whole = await ship('app:1', layerOf(scattered('1')));
      const second = await ship('app:2', layerOf(scattered('1'), 'changed'));
      expect(wireBytes(whole)).toBeGreaterThan(WRAPPED_FILE_BYTES_MIN);
      expect(wireBytes(second)).toBeLessThan(1300);
      // Compressed with the layer around it, too.
      expect(wireBytes(await ship('app:3', gnuGzip(layerOf(scattered('1'), 'changed again'))))).toBeLessThan(1600);
    });
  });

  test('leans on the one with its name where they have no chunk in common', async () => {
    await withAgents(async (ship) => {
      await ship('app:1', layerOf(gnuGzip(data('1', 8), 6)));
      const second = wireBytes(await ship('app:2', layerOf(gnuGzip(data('2', 8), 6))));
      expect(second).toBeLessThan(WRAPPED_FILE_BYTES_MIN / 8);
      const renamed = wireBytes(await ship('app:3', layerOf(gnuGzip(data('3', 8), 6), '', 'srv/data-3.1.json.gz')));
      expect(renamed).toBeGreaterThan(WRAPPED_FILE_BYTES_MIN);
    });
  });

  test('may be a tar with files of its own', async () => {
    await withAgents(async (ship) => {
      await ship('app:1', layerOf(packed('1.0.0')));
      expect(wireBytes(await ship('app:2', layerOf(packed('2.0.0'))))).toBeLessThan(2000);
    });
  });

  test('that cannot be taken apart arrives as it is', async () => {
    const strange = Buffer.concat([scattered('1').subarray(0, 10), seededBytes(3, WRAPPED_FILE_BYTES_MIN)]);
    await withAgents(async (ship) => {
      expect((await ship('app:1', layerOf(strange))).notes).toEqual([]);
      expect(wireBytes(await ship('app:2', layerOf(strange, 'changed')))).toBeLessThan(1300);
    });
  });

  test('crosses from a pool that has it whole to a receiver that has nothing', async () => {
    await withAgents(async (ship, { pool }) => {
      for (const layer of [layerOf(scattered('1')), gnuGzip(layerOf(scattered('1')), 6)]) {
        await ship('app:1', layer);
        await using delivered = await temporaryDirectory({ inMemory: true });
        const store = createMemoryStore();
        const crossing = await shipArchives({ pool, store, delivered: delivered.path }, [layeredImage('app:1', layer)]);
        expect(crossing.notes).toEqual([]);
        expect(sha256Digest(await readFile(join(delivered.path, 'app_1.tar')))).toBe(sha256Digest(layeredImage('app:1', layer)));
        const [record] = (await openCatalog(store)).records();
        expect(record?.images[0]?.layers[0]?.files).toHaveLength(2);
      }
    });
  });

  test('arrives over links that break', async () => {
    const breaks = [400, 300_000, 700_000, 500, 900_000].map((afterBytes, i): Break => ({
      direction: '>',
      afterBytes,
      isHard: i % 2 === 0,
    }));
    const sent = layeredImage('app:1', gnuGzip(layerOf(scattered('1'))));
    const receiver = await createTestReceiver(createMemoryStore());
    const { result } = await shipOverBreakingLinks([sent], createMemoryStore(), receiver, breaks);
    await receiver.idle();
    expect(new Set(receiver.delivered)).toEqual(new Set([sha256Digest(sent)]));
    expect(result.reconnections).toBe(breaks.length);
  });
});
