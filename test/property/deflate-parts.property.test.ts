/** Streams that are put together in parts are the same as those that are put together from start to end. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { putInParts } from '../support/deflate-parts.ts';
import { compressed, predictedStream, putTogether, STRATEGIES, takeApart } from '../support/deflate-streams.ts';
import { seededBytes } from '../support/random.ts';

const MARK_POWER = 16;
const seed = fc.integer({ min: 1, max: 1 << 20 });
const part = fc.oneof(
  fc.tuple(seed, fc.integer({ min: 1000, max: 60_000 })).map(([from, words]) => textContent(from, words)),
  fc.tuple(seed, fc.integer({ min: 100, max: 6000 })).map(([from, functions]) => codeContent(from, functions)),
  fc.tuple(seed, fc.integer({ min: 0, max: 90_000 })).map(([from, bytes]) => seededBytes(from, bytes)),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 2, max: 9000 })).map(([once, times]) => {
    return concatBytes(Array.from({ length: times }, () => once));
  }),
);
/** Marks begin behind what makers are chosen by. */
const content = fc.array(part, { minLength: 2, maxLength: 8 }).map((parts) => concatBytes([textContent(1, 70_000), ...parts]));
const sizes = fc.array(fc.integer({ min: 500, max: 300_000 }), { maxLength: 5 });
const options = fc.record({
  level: fc.integer({ min: 1, max: 9 }),
  memLevel: fc.integer({ min: 5, max: 9 }),
  strategy: fc.constantFrom(...STRATEGIES),
});

async function expectSame(stream: Uint8Array, format: 'gzip' | 'raw', plain: Uint8Array, cuts: readonly number[]): Promise<number> {
  const { reconstruction } = takeApart(stream, format, cuts, MARK_POWER);
  // However it arrives, the same is written down.
  expect(takeApart(stream, format, [], MARK_POWER).reconstruction).toEqual(reconstruction);
  if (reconstruction === undefined) return 0;
  // Who knows of no marks makes the same.
  expect(Buffer.compare(putTogether(reconstruction, plain, cuts), stream)).toBe(0);
  const made = await putInParts(reconstruction, plain, cuts);
  expect(Buffer.compare(made.stream, stream)).toBe(0);
  return made.marks;
}

test('as node:zlib makes them, members one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(content, content, options, sizes, async (one, other, how, cuts) => {
      const stream = concatBytes([compressed(one, 'gzip', how), compressed(other, 'gzip', how), seededBytes(1, 30)]);
      await expectSame(stream, 'gzip', concatBytes([one, other]), cuts);
    }),
    { numRuns: 8 },
  );
});

/** zlib, gzip, both of Chromium's, Go, and others: the lazy levels. With segments as pigz has them. */
const LAZY = [4, 5, 6, 7, 8, 9].flatMap((level) => [0, 1, 2, 3, 4, 5].map((family) => family * 16 + level));

test('as any lazy encoder makes them', async () => {
  let marks = 0;
  await fc.assert(
    fc.asyncProperty(seed, fc.constantFrom(...LAZY), fc.constantFrom(0, 0, 17), sizes, async (from, maker, segmentPower, cuts) => {
      const plain = concatBytes([textContent(from, 40_000), codeContent(from + 1, 9000), textContent(from, 60_000)]);
      marks += await expectSame(predictedStream(plain, maker, segmentPower), 'raw', plain, cuts);
    }),
    { numRuns: 10 },
  );
  expect(marks).toBeGreaterThan(4);
});
