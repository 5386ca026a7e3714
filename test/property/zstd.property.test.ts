/** What is taken apart goes together to the same bytes; whatever is fed to either side gives a value or an error of the table. */
import * as fc from 'fast-check';
import { constants } from 'node:zlib';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { createByteWriter } from '../../shared/wire/varint.ts';
import { section } from '../../shared/wrapped/section.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { seededBytes } from '../support/random.ts';
import { comesBack, plannedZstd, putTogether, takeApart, zstdAt } from '../support/zstd-streams.ts';

const seed = fc.integer({ min: 1, max: 1 << 20 });
const part = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 2, max: 9000 })).map(([once, times]) => {
    return concatBytes(Array.from({ length: times }, () => once));
  }),
  fc.tuple(seed, fc.integer({ min: 0, max: 40_000 })).map(([from, words]) => textContent(from, words)),
  fc.tuple(seed, fc.integer({ min: 1, max: 2000 })).map(([from, functions]) => codeContent(from, functions)),
  fc.tuple(seed, fc.integer({ min: 0, max: 200_000 })).map(([from, bytes]) => seededBytes(from, bytes)),
  // Few byte values: no matches to speak of, and uneven literals.
  fc
    .tuple(seed, fc.integer({ min: 0, max: 60_000 }))
    .map(([from, bytes]) => seededBytes(from, bytes).map((byte) => (byte & 7) * (byte >> 5))),
);
const content = fc.array(part, { maxLength: 4 }).map((parts) => concatBytes(parts));
const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 5 });
const level = fc.constantFrom(-5, 1, 2, 3, 5, 9, 16);

test('any content, as it is planned, comes back from next to nothing', () => {
  fc.assert(
    fc.property(content, sizes, sizes, (plain, sizesIn, sizesOut) => {
      const stream = plannedZstd(plain);
      const { plain: found, reconstruction = new Uint8Array(0) } = takeApart(stream, sizesIn);
      expect(Buffer.compare(found, plain)).toBe(0);
      expect(reconstruction.byteLength).toBeLessThan(30);
      expect(Buffer.compare(putTogether(reconstruction, plain, sizesOut), stream)).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('any content, at any level, with or without a checksum, comes back or stays closed', () => {
  fc.assert(
    fc.property(content, level, fc.boolean(), sizes, sizes, (plain, at, hasChecksum, sizesIn, sizesOut) => {
      const stream = zstdAt(plain, at, { [constants.ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0 });
      const undone = takeApart(stream, sizesIn);
      if (undone.reconstruction === undefined) return;
      expect(Buffer.compare(undone.plain, plain)).toBe(0);
      expect(Buffer.compare(putTogether(undone.reconstruction, plain, sizesOut), stream)).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('frames one after the other, skippable ones between, with anything behind them, come back', () => {
  const skippable = fc
    .uint8Array({ maxLength: 30 })
    .map((bytes) => concatBytes([new Uint8Array([0x53, 0x2a, 0x4d, 0x18, bytes.byteLength, 0, 0, 0]), bytes]));
  const frame = fc.oneof(
    content.map(plannedZstd),
    content.map((plain) => zstdAt(plain, 3)),
    skippable,
  );
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), fc.uint8Array({ maxLength: 40 }), sizes, (frames, tail, cuts) => {
      expect(comesBack(concatBytes([...frames, tail]), cuts)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });

function damage(bytes: Uint8Array, where: readonly (readonly [number, number])[]): Uint8Array {
  const damaged = new Uint8Array(bytes);
  for (const [at, change] of where) damaged[at % bytes.byteLength] = (damaged[at % bytes.byteLength] as number) ^ change;
  return damaged;
}

test('streams with damage come back too, or stay closed', () => {
  fc.assert(
    fc.property(content, level, fc.boolean(), changes, (plain, at, isPlanned, where) => {
      expect(comesBack(damage(isPlanned ? plannedZstd(plain) : zstdAt(plain, at), where))).toBe(true);
    }),
    { numRuns: 80 },
  );
});

test('any bytes are no stream, or come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, hasHeader) => {
      expect(comesBack(hasHeader ? concatBytes([new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0x30]), bytes]) : bytes)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

const ALLOWED = /^(?:none|INTEGRITY|LIMIT_EXCEEDED)$/;

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    return error.code;
  }
}

test('any bytes as a reconstruction make something, or an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), content, (bytes, plain) => {
      expect(codeOf(() => putTogether(bytes, plain))).toMatch(ALLOWED);
    }),
    { numRuns: 100 },
  );
});

test('any records make something, or an error', () => {
  const record = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 31 }), fc.uint8Array({ maxLength: 120 }));
  fc.assert(
    fc.property(content, fc.array(record, { maxLength: 6 }), (plain, all) => {
      const records = createByteWriter();
      for (const [planned, flags, bytes] of all) {
        records.varint(planned);
        records.varint(bytes.byteLength + 1);
        records.byte(flags);
        records.bytes(bytes);
      }
      const said = records.finish();
      const frames = createByteWriter();
      for (const value of [1, 0, plain.byteLength, said.byteLength]) frames.varint(value);
      const head = createByteWriter();
      head.byte(1);
      for (const value of [4_000_000, plain.byteLength]) head.varint(value);
      const reconstruction = concatBytes([head.finish(), section(frames.finish()), section(said)]);
      expect(codeOf(() => putTogether(reconstruction, plain, [50_000]))).toMatch(ALLOWED);
    }),
    { numRuns: 300 },
  );
});

test('a reconstruction with damage makes something, or an error', () => {
  fc.assert(
    fc.property(content, changes, (plain, where) => {
      const { reconstruction } = takeApart(zstdAt(plain, 3));
      if (reconstruction === undefined) return;
      expect(codeOf(() => putTogether(damage(reconstruction, where), plain))).toMatch(ALLOWED);
    }),
    { numRuns: 80 },
  );
});
