/** What is taken apart goes together to the same bytes; whatever is fed to either side gives a value or an error of the table. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { comesBack, compressed, putTogether, STRATEGIES, takeApart } from '../support/deflate-streams.ts';
import { seededBytes } from '../support/random.ts';

const seed = fc.integer({ min: 1, max: 1 << 20 });
const part = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 2, max: 3000 })).map(([once, times]) => {
    return concatBytes(Array.from({ length: times }, () => once));
  }),
  fc.tuple(seed, fc.integer({ min: 0, max: 20_000 })).map(([from, words]) => textContent(from, words)),
  fc.tuple(seed, fc.integer({ min: 1, max: 2000 })).map(([from, functions]) => codeContent(from, functions)),
  fc.tuple(seed, fc.integer({ min: 0, max: 90_000 })).map(([from, bytes]) => seededBytes(from, bytes)),
);
const content = fc.array(part, { maxLength: 4 }).map((parts) => concatBytes(parts));
const format = fc.constantFrom('gzip' as const, 'zlib' as const, 'raw' as const);
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  strategy: fc.constantFrom(...STRATEGIES),
});
const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 5 });

test('any content, however compressed and cut, comes back', () => {
  fc.assert(
    fc.property(content, format, options, sizes, sizes, (plain, form, how, sizesIn, sizesOut) => {
      const stream = compressed(plain, form, how);
      const undone = takeApart(stream, form, sizesIn);
      // Not worth it is an answer too.
      if (undone.reconstruction === undefined) return;
      expect(Buffer.compare(undone.plain, plain)).toBe(0);
      expect(Buffer.compare(putTogether(undone.reconstruction, plain, sizesOut), stream)).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('members one after the other, with anything behind them, come back', () => {
  const members = fc.array(fc.tuple(content, options), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(members, fc.uint8Array({ maxLength: 40 }), sizes, (all, tail, cuts) => {
      const stream = concatBytes([...all.map(([plain, how]) => compressed(plain, 'gzip', how)), tail]);
      const undone = takeApart(stream, 'gzip', cuts);
      if (undone.reconstruction === undefined) return;
      expect(Buffer.compare(undone.plain, concatBytes(all.map(([plain]) => plain)))).toBe(0);
      expect(Buffer.compare(putTogether(undone.reconstruction, undone.plain, cuts), stream)).toBe(0);
    }),
    { numRuns: 20 },
  );
});

test('streams with damage come back too, or stay closed', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(content, format, options, damage, sizes, (plain, form, how, changes, cuts) => {
      const stream = compressed(plain, form, how);
      for (const [at, change] of changes) stream[at % stream.byteLength] = (stream[at % stream.byteLength] as number) ^ change;
      expect(comesBack(stream, form, cuts)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('any bytes are no stream, or come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom('any' as const, 'gzip' as const, 'raw' as const), (bytes, form) => {
      const stream = form === 'gzip' ? concatBytes([new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), bytes]) : bytes;
      expect(comesBack(stream, form)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

const ALLOWED = /^(?:none|INTEGRITY|LIMIT_EXCEEDED)$/;

/** The code that putting together fails with. */
function failure(reconstruction: Uint8Array, plain: Uint8Array): string {
  try {
    putTogether(reconstruction, plain);
    return 'none';
  } catch (error) {
    return error instanceof TransferError ? error.code : String(error);
  }
}

test('any bytes as a reconstruction give bytes or a clear error', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (bytes, plain) => {
      expect(failure(bytes, plain)).toMatch(ALLOWED);
      expect(failure(concatBytes([new Uint8Array([1]), bytes]), plain)).toMatch(ALLOWED);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(content, options, damage, (plain, how, changes) => {
      const { reconstruction } = takeApart(compressed(plain, 'gzip', how), 'gzip');
      if (reconstruction === undefined) return;
      const damaged = reconstruction.slice();
      for (const [at, byte] of changes) damaged[at % damaged.byteLength] = byte;
      expect(failure(damaged, plain)).toMatch(ALLOWED);
    }),
    { numRuns: 60 },
  );
});
