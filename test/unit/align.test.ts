/** What an alignment finds: pieces of the old content, wherever they stand and whatever lies between them. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { alignContent, coveredBytes, PIECE_FIELDS, type Pieces } from '../../shared/delta/align.ts';
import { seededBytes } from '../support/random.ts';

const PATCH = { chainMax: 8, isForModel: false };
/** Beyond this many bytes with nothing in common the alignment looks up as few keys as it ever does. */
const STRANGE_BYTES = 100_000;
const MEGABYTE = 1024 * 1024;

/** Words from a vocabulary of 256: stretches of 12 bytes come back often, of 24 bytes hardly ever. */
function text(seed: number, bytes: number): Uint8Array {
  const words = Array.from(seededBytes(seed, bytes), (draw) => (draw * draw * 7919 + draw).toString(36));
  return utf8(words.join(' ')).subarray(0, bytes);
}

function piecesOf(pieces: Pieces): { at: number; bytes: number; from: number }[] {
  return Array.from({ length: pieces.length / PIECE_FIELDS }, (_, index) => {
    const [at = 0, bytes = 0, from = 0] = pieces.subarray(index * PIECE_FIELDS, (index + 1) * PIECE_FIELDS);
    return { at, bytes, from };
  });
}

describe('an alignment', () => {
  test.each([
    ['random bytes', (seed: number, bytes: number) => seededBytes(seed, bytes)],
    ['text', text],
  ])('finds an old piece of %s behind much that is new, from its first byte on', (_, make) => {
    const old = make(1, 200);
    const base = concatBytes([make(2, 5000), old, make(3, 5000)]);
    const target = concatBytes([seededBytes(4, STRANGE_BYTES), old, seededBytes(5, 3000)]);
    const [found, ...others] = piecesOf(alignContent(target, base, PATCH));
    expect({ ...found, bytes: 200 }).toEqual({ at: STRANGE_BYTES, bytes: 200, from: 5000 });
    expect(found?.bytes).toBeLessThan(250);
    expect(others).toEqual([]);
  });

  test('follows nothing in content that has nothing in common with the old one', () => {
    expect(coveredBytes(alignContent(seededBytes(1, STRANGE_BYTES), seededBytes(2, STRANGE_BYTES), PATCH))).toBe(0);
    const strange = text(3, STRANGE_BYTES);
    expect(coveredBytes(alignContent(strange, text(4, STRANGE_BYTES), PATCH))).toBeLessThan(strange.byteLength / 10);
  });

  test.each([
    ['random bytes', seededBytes],
    ['text', text],
  ])('is not tried over a large base of %s that has nothing in common with its target', (_, make) => {
    const [base, target] = [make(1, MEGABYTE), make(2, MEGABYTE / 4)];
    expect(piecesOf(alignContent(target, base, PATCH))).toEqual([]);
    // One part in thirty, in the middle of both.
    const some = make(3, MEGABYTE / 120);
    base.set(some, MEGABYTE / 2);
    target.set(some, MEGABYTE / 8);
    expect(coveredBytes(alignContent(target, base, PATCH))).toBeGreaterThanOrEqual(some.byteLength);
  });

  test('finds the same where only some of the base is in the target, whatever stands before it', () => {
    const [common, strange] = [seededBytes(1, 50_000), seededBytes(2, 900_000)];
    const target = concatBytes([seededBytes(3, 1000), common, seededBytes(4, 1000)]);
    const found = piecesOf(alignContent(target, concatBytes([strange, common]), PATCH));
    const alone = piecesOf(alignContent(target, common, PATCH));
    expect(found).toEqual(alone.map(({ from, ...rest }) => ({ ...rest, from: from + strange.byteLength })));
  });

  test('takes text beside other content for text', () => {
    const code = seededBytes(1, 40_000);
    const both = concatBytes([code, text(2, 40_000)]);
    const covered = coveredBytes(alignContent(both, concatBytes([code, text(3, 40_000)]), PATCH));
    expect(covered).toBeGreaterThanOrEqual(code.byteLength);
    expect(covered).toBeLessThan(code.byteLength * 1.2);
  });

  test('has pieces in order that lie inside of both contents', () => {
    const part = fc.record({ seed: fc.nat(5), bytes: fc.nat(3000), isText: fc.boolean() });
    const contents = fc
      .array(part, { maxLength: 6 })
      .map((parts) => concatBytes(parts.map(({ seed, bytes, isText }) => (isText ? text : seededBytes)(seed, bytes))));
    fc.assert(
      fc.property(contents, contents, (target, base) => {
        let end = 0;
        for (const { at, bytes, from } of piecesOf(alignContent(target, base, PATCH))) {
          expect(at).toBeGreaterThanOrEqual(end);
          end = at + bytes;
          expect(end).toBeLessThanOrEqual(target.byteLength);
          expect(from + bytes).toBeLessThanOrEqual(base.byteLength);
        }
      }),
      { numRuns: 60 },
    );
  });
});
