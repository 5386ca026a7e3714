/** What was found once stays mended, and a short look for more; `npm run fuzz -- --seconds 3600` looks longer. */
import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { fuzz, readCorpus, TARGETS, tryInput } from './fuzz.ts';
import { mutate, seededRandom } from './mutate.ts';
import type { Target } from './target.ts';

const SECONDS = 8;

describe('fuzzing', () => {
  it.each(TARGETS)('$name takes its corpus', async (target) => {
    const corpus = readCorpus(target);
    expect(corpus.length).toBeGreaterThan(0);
    for (const input of corpus) expect(await tryInput(target, input)).toBeUndefined();
  });

  it('finds nothing in what is made of it', async () => {
    const seed = Date.now() % 2 ** 32;
    const { tried, findings } = await fuzz(TARGETS, SECONDS, seed, () => performance.now());
    const found = findings.map(({ target, input, error }) => ({ seed, target, input: Buffer.from(input).toString('base64'), error }));
    expect(found).toEqual([]);
    expect(Object.keys(tried).toSorted()).toEqual(TARGETS.map(({ name }) => name).toSorted());
  });
});

function targetOf(run: Target['run']): Target {
  return { name: 'frame', bytesMax: 100, seeds: () => Promise.resolve([]), run };
}

function refuse(code: 'INTEGRITY' | 'INTERNAL'): Target['run'] {
  return () => Promise.reject(new TransferError(code, 'no'));
}

describe('the fuzzer', () => {
  it('makes the same inputs of the same seed, within the limit', () => {
    const [first, second] = [Buffer.from('a first input'), Buffer.from('and another one that is longer')];
    const made = (seed: number): string[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 500 }, () => Buffer.from(mutate(first, second, random, 40)).toString('hex'));
    };
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
    expect(Math.max(...made(3).map((input) => input.length / 2))).toBeLessThanOrEqual(40);
    expect(new Set(made(4)).size).toBeGreaterThan(400);
  });

  it('takes a refusal for an answer, and everything else for a fault', async () => {
    expect(await tryInput(targetOf(() => {}), new Uint8Array(0))).toBeUndefined(); // prettier-ignore
    expect(await tryInput(targetOf(refuse('INTEGRITY')), new Uint8Array(0))).toBeUndefined();
    for (const run of [refuse('INTERNAL'), () => Promise.reject(new RangeError('out of range'))]) {
      const { findings } = await fuzz([targetOf(run)], 0, 1, () => 0);
      expect(findings.length).toBeGreaterThan(0);
    }
  });
});
