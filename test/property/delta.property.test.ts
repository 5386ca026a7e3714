/** Every codec gives back what it was given, and no decoder fails otherwise than it says, whatever it is fed. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { CODEC } from '../../shared/delta/codecs.ts';
import { decodeContent, decodingBytes, EFFORT_LEVELS, encodeContent, type EffortLevel } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import { codeContent, editedContent, gzippedContent, textContent } from '../support/delta-contents.ts';
import { pngImage, zipFile } from '../support/members.ts';

const level = fc.constantFrom<EffortLevel>(...EFFORT_LEVELS);
const seed = fc.integer({ min: 1, max: 1 << 20 });
const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((once) => concatBytes(Array.from({ length: 60 }, () => once))),
  fc.tuple(seed, fc.integer({ min: 0, max: 1500 })).map(([from, words]) => textContent(from, words)),
  fc.tuple(seed, fc.integer({ min: 1, max: 120 })).map(([from, functions]) => codeContent(from, functions)),
  fc
    .tuple(seed, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9 }))
    .map(([from, count, hard]) => gzippedContent(from, count, hard)),
  fc.tuple(seed, fc.integer({ min: 1, max: 6 }), fc.boolean()).map(([from, count, hasDescriptors]) => {
    const entries = Array.from({ length: count }, (_, i) => [`${i}.txt`, textContent(from + i, 60 * i)] as const);
    return zipFile([...entries, ['in.jar', zipFile(entries)]], { hasDescriptors, maker: hasDescriptors ? 22 : 9 });
  }),
  fc
    .tuple(seed, fc.integer({ min: 10, max: 4000 }))
    .map(([from, pixels]) => pngImage(textContent(from, pixels).subarray(0, 4000), 'any', 100 + (from % 900))),
);
const pair = fc.oneof(
  fc.tuple(content, content),
  fc.tuple(content, seed, fc.integer({ min: 0, max: 12 })).map(([base, from, edits]) => [base, editedContent(base, from, edits)] as const),
  fc
    .tuple(seed, fc.integer({ min: 2, max: 150 }), fc.integer({ min: 0, max: 149 }), fc.integer({ min: 0, max: 200 }))
    .map(([from, count, at, more]) => [codeContent(from, count), codeContent(from, count, at % count, more)] as const),
);

test('what is encoded without a base decodes to itself, and is never longer', () => {
  fc.assert(
    fc.property(content, level, (target, effort) => {
      const { codec, usesBase, payload } = encodeContent(target, undefined, effort);
      expect(usesBase).toBe(false);
      expect(payload.byteLength).toBeLessThanOrEqual(target.byteLength);
      expect(Buffer.compare(decodeContent(codec, payload, undefined, target.byteLength), target)).toBe(0);
    }),
    { numRuns: 250 },
  );
});

test('what is encoded over a base decodes to itself over the same base', () => {
  fc.assert(
    fc.property(pair, level, ([base, target], effort) => {
      const { codec, usesBase, payload } = encodeContent(target, base, effort);
      expect(payload.byteLength).toBeLessThanOrEqual(target.byteLength);
      expect(Buffer.compare(decodeContent(codec, payload, usesBase ? base : undefined, target.byteLength), target)).toBe(0);
    }),
    { numRuns: 280 },
  );
});

test('the same content and base give the same bytes', () => {
  fc.assert(
    fc.property(pair, level, ([base, target], effort) => {
      expect(encodeContent(target, base, effort)).toEqual(encodeContent(target.slice(), base.slice(), effort));
    }),
    { numRuns: 40 },
  );
});

const DOCUMENTED = ['INTEGRITY', 'PROTOCOL_VIOLATION', 'LIMIT_EXCEEDED'];

/** What comes of decoding: the length of the content, or the code of the error; anything else is passed on. */
function outcome(codec: number, payload: Uint8Array, base: Uint8Array | undefined, targetBytes: number): number | string {
  const bytes = decodingBytes(codec, payload, base?.byteLength ?? 0, targetBytes);
  if (!Number.isSafeInteger(bytes) || bytes < payload.byteLength) return `${bytes} bytes for ${codec}`;
  try {
    return decodeContent(codec, payload, base, targetBytes).byteLength;
  } catch (error) {
    if (error instanceof TransferError) return error.code;
    throw error;
  }
}

test('any bytes in any decoder give content or a documented error', () => {
  const codec = fc.oneof(fc.constantFrom<number>(...Object.values(CODEC)), fc.integer({ min: 0, max: 255 }));
  const payload = fc.uint8Array({ maxLength: 400 });
  const base = fc.option(content, { nil: undefined });
  fc.assert(
    fc.property(codec, payload, base, fc.integer({ min: 0, max: 5000 }), (number, bytes, over, targetBytes) => {
      expect([targetBytes, ...DOCUMENTED]).toContain(outcome(number, bytes, over, targetBytes));
    }),
    { numRuns: 1500 },
  );
});

test('damaged payloads give content or a documented error', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(pair, level, damage, fc.nat(), ([base, target], effort, changes, cut) => {
      const { codec, usesBase, payload } = encodeContent(target, base, effort);
      const over = usesBase ? base : undefined;
      const damaged = payload.slice();
      for (const [at, change] of changes) {
        const place = at % Math.max(1, damaged.byteLength);
        damaged[place] = (damaged[place] ?? 0) ^ change;
      }
      const length = target.byteLength;
      expect([length, ...DOCUMENTED]).toContain(outcome(codec, damaged, over, length));
      expect([length, ...DOCUMENTED]).toContain(outcome(codec, payload.subarray(0, cut % (payload.byteLength + 1)), over, length));
      expect([length + 1, ...DOCUMENTED]).toContain(outcome(codec, payload, over, length + 1));
    }),
    { numRuns: 280 },
  );
});

test('over another base the content is another one, or an error says so', () => {
  fc.assert(
    fc.property(pair, content, level, ([base, target], other, effort) => {
      const { codec, usesBase, payload } = encodeContent(target, base, effort);
      const over = usesBase ? other : undefined;
      expect([target.byteLength, ...DOCUMENTED]).toContain(outcome(codec, payload, over, target.byteLength));
    }),
    { numRuns: 220 },
  );
});
