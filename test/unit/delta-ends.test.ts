/** Where deltas come to an end: of the content, and of the old content under it. */
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { alignContent, PIECE_FIELDS } from '../../shared/delta/align.ts';
import { decodeContent, encodeContent } from '../../shared/delta/content.ts';
import { decodeMix, encodeMix } from '../../shared/delta/mix.ts';
import { seededBytes } from '../support/random.ts';

test.each([100, 200, 5000])('context mixing: content that ends in a repeat of %i bytes', (length) => {
  const once = seededBytes(1, length);
  const content = concatBytes([once, once]);
  const code = encodeMix(content, undefined, 1, content.byteLength) ?? new Uint8Array(0);
  expect(code.byteLength).toBeLessThan(content.byteLength * 0.75);
  expect(Buffer.compare(decodeMix(code, undefined, content.byteLength), content)).toBe(0);
});

test.each([1, 2, 3, 5, 8])('a delta of content that goes on %i bytes beyond the old one', (extraBytes) => {
  const base = seededBytes(2, 5000);
  const target = concatBytes([base, seededBytes(3, extraBytes)]);
  const pieces = alignContent(target, base, { chainMax: 32, isForModel: true });
  for (let at = 0; at < pieces.length; at += PIECE_FIELDS) {
    const [, bytes = 0, from = 0] = pieces.subarray(at, at + PIECE_FIELDS);
    expect(from + bytes).toBeLessThanOrEqual(base.byteLength);
  }
  const { codec, payload } = encodeContent(target, base, 'high');
  expect(payload.byteLength).toBeLessThan(200);
  expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
});
