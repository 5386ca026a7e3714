/** A link that is cut while runs cross that lean on earlier ones of their stream: what came before the cut is still leaned on after it. */
import { describe, expect, it } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { createTestReceiver, shipOverBreakingLinks } from '../support/breaking-agents.ts';
import { archiveOf, layerOf } from '../support/source-files.ts';
import { seededBytes } from '../support/random.ts';

/** Two runs: a file that does not compress, and a copy of it with some bytes changed in each chunk. */
const original = seededBytes(1, 2_300_000);
const copy = original.map((byte, i) => (i % 10_000 === 0 ? byte ^ 1 : byte));
const archive = archiveOf('app:1', [layerOf({ a: original, b: copy })]);

/** @returns the length of each message of each link. */
async function ship(cuts: readonly number[]): Promise<number[][]> {
  const store = createMemoryStore();
  const receiver = await createTestReceiver(store);
  const breaks = cuts.map((afterBytes) => ({ direction: '>' as const, afterBytes, isHard: false }));
  const { links } = await shipOverBreakingLinks([archive], createMemoryStore(), receiver, breaks, { effort: 'mid' });
  await receiver.idle();
  expect(receiver.delivered).toContain(sha256Digest(archive));
  expect(links).toHaveLength(cuts.length + 1);
  return links.map((link) => link.crossed['>'].map(({ byteLength }) => byteLength));
}

function sum(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total + length, 0);
}

describe('a copy in the same stream', () => {
  it('costs next to nothing, also where the original crossed on another link', async () => {
    const [whole = []] = await ship([]);
    expect(sum(whole)).toBeLessThan(original.byteLength + 5000);
    const largest = whole.indexOf(Math.max(...whole));
    const [before = [], after = []] = await ship([sum(whole.slice(0, largest + 1))]);
    expect(before).toEqual(whole.slice(0, largest + 1));
    expect(sum(after)).toBeGreaterThan(500);
    expect(sum(after)).toBeLessThan(6000);
  });

  it('comes whole where the original is cut, and cut again', async () => {
    const [, , last = []] = await ship([2_000_000, 1_000_000]);
    expect(sum(last)).toBeLessThan(original.byteLength + 5000);
  });
});
