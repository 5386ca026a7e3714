/** zstd as content and the streams of a patch go through it. */
import { expect, it } from 'vitest';
import { compressZstd, compressZstdOver, decompressZstd } from '../../shared/delta/zstd.ts';
import { seededBytes } from '../support/random.ts';

const MIB = 1024 * 1024;

/** Content that repeats itself from far back, and in between does not. */
function contentOf(bytes: number): Uint8Array {
  const content = seededBytes(7, bytes);
  for (let at = 64 * 1024; at < bytes; at += 128 * 1024) content.copyWithin(at, at % 4096, (at % 4096) + 32 * 1024);
  return content;
}

it.each([1, 3, 9, 11, 13, 15, 19])('gives content back at level %i, on both sides of the length from which tables are bounded', (level) => {
  for (const bytes of [MIB, MIB + 1, 2.5 * MIB]) {
    const content = contentOf(bytes);
    const frame = compressZstd(content, level);
    expect(frame.byteLength).toBeLessThan(0.9 * bytes);
    expect(Buffer.compare(decompressZstd(frame, bytes), content)).toBe(0);
  }
});

it('gives content back over a base', () => {
  const base = contentOf(2 * MIB);
  const target = contentOf(1.5 * MIB).toReversed();
  target.set(base.subarray(MIB, 2 * MIB));
  const frame = compressZstdOver(target, base, 3);
  expect(frame.byteLength).toBeLessThan(0.5 * MIB);
  expect(Buffer.compare(decompressZstd(frame, target.byteLength, base), target)).toBe(0);
});
