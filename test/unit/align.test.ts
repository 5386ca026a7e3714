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

  test('lies whole under content that is nearly the same, wherever its parts stand', () => {
    const parts = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? seededBytes : text)(i + 1, 5000 + 1000 * (i % 7)));
    const base = concatBytes([...parts.slice(20), seededBytes(50, 30_000), ...parts.slice(0, 20)]);
    const target = concatBytes(parts);
    // A time in each of many files.
    for (let at = 300; at < target.byteLength; at += 3000) target.set(utf8(String(at).padStart(5)), at);
    const found = piecesOf(alignContent(target, base, PATCH));
    const first = parts.slice(0, 20).reduce((sum, { byteLength }) => sum + byteLength, 0);
    const behind = base.byteLength - first;
    expect(found).toEqual([
      { at: 0, bytes: first, from: behind },
      { at: first, bytes: target.byteLength - first, from: 0 },
    ]);
  });

  test.each([
    ['the beginning', 0],
    ['the end', 380_000],
  ])('finds what the whole alignment finds where nothing but %s is new', (_, at) => {
    const base = concatBytes([seededBytes(1, 200_000), text(2, 200_000)]);
    const target = Uint8Array.from(base);
    target.set(seededBytes(3, 20_000), at);
    const rest = piecesOf(alignContent(target, base, PATCH)).filter(({ bytes }) => bytes > 100);
    expect(rest.length).toBe(1);
    expect(rest[0]?.from).toBe(rest[0]?.at);
    expect(rest[0]?.bytes).toBeGreaterThan(379_990);
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
