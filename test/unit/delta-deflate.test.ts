/** Deflated data, and what is opened and closed with it. */
import { constants, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { createDeflater, MAKERS } from '../../shared/delta/deflate.ts';
import { closeTarget, openBase, openTarget } from '../../shared/delta/opened.ts';
import { codeContent, gzippedContent, textContent } from '../support/delta-contents.ts';
import { seededBytes } from '../support/random.ts';

const contents: [string, Uint8Array][] = [
  ['one byte', new Uint8Array([1])],
  ['text', textContent(1, 9000)],
  ['code beyond the window', codeContent(2, 3000)],
  ['what does not compress', seededBytes(3, 70_000)],
  ['one byte very often', new Uint8Array(100_000)],
  ['text, noise and text', concatBytes([textContent(4, 12_000), seededBytes(5, 40_000), textContent(4, 12_000)])],
];
const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9];
// Node's own zlib finds other matches than Madler's, so that it can only say whether data is valid; that it is the very data of the
// compressors is pinned by the fixtures of golden/delta.test.ts, which they made.
test.each(contents)('deflating gives valid data at every level of every maker: %s', (_, content) => {
  const deflater = createDeflater();
  for (const maker of MAKERS) {
    const deflated = deflater.deflate(content, maker, content.byteLength * 2 + 100);
    expect(Buffer.compare(inflated(deflated ?? new Uint8Array(0), content), content), `maker ${maker}`).toBe(0);
  }
  expect(MAKERS).toHaveLength(levels.length * 3);
});

function inflated(deflated: Uint8Array, content: Uint8Array): Buffer {
  // A gzip member around it lets zlib check it.
  const member = gzipSync(content);
  return gunzipSync(concatBytes([new Uint8Array(member.subarray(0, 10)), deflated, new Uint8Array(member.subarray(-8))]));
}

test('a result that does not fit is none', () => {
  const content = textContent(6, 500);
  const deflater = createDeflater();
  const whole = deflater.deflate(content, 9, content.byteLength);
  expect(whole?.byteLength).toBeGreaterThan(0);
  expect(deflater.deflate(content, 9, (whole?.byteLength ?? 0) - 1)).toBeUndefined();
  expect(deflater.makes(content, 9, whole ?? content)).toBe(true);
  expect(deflater.makes(content, 1, whole ?? content)).toBe(false);
});

test('what no compressor here makes stays closed', () => {
  const content = textContent(7, 2000);
  // Huffman codes alone, without a match: no level of any maker does that.
  const deflated = deflateRawSync(content, { strategy: constants.Z_HUFFMAN_ONLY });
  const member = gzipSync(content);
  const target = new Uint8Array(Buffer.concat([member.subarray(0, 10), deflated, member.subarray(-8)]));
  expect(openTarget(target)).toBeUndefined();
  // As a base it is opened all the same: nobody has to make it again.
  expect(openBase(target).byteLength).toBe(10 + content.byteLength);
});

test('members are found between other bytes, and close to what they were', () => {
  const target = gzippedContent(8, 5, 9);
  const opened = openTarget(target);
  expect(opened).toBeDefined();
  if (opened === undefined) return;
  expect(opened.bytes.byteLength).toBeGreaterThan(target.byteLength);
  expect(Buffer.compare(closeTarget(opened, target.byteLength), target)).toBe(0);
  expect(() => closeTarget(opened, target.byteLength + 1)).toThrow('closes to');
  expect(() => closeTarget(opened, target.byteLength - 1)).toThrow('closes to');
});

test('a damaged member, and bytes that only look like one, stay as they are', () => {
  const member = new Uint8Array(gzipSync(textContent(9, 300)));
  const badTrailer = member.slice();
  badTrailer[badTrailer.byteLength - 6] = (badTrailer[badTrailer.byteLength - 6] ?? 0) ^ 1;
  const fakes = concatBytes(Array.from({ length: 100 }, () => new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 7])));
  for (const base of [badTrailer, member.subarray(0, -3), member.subarray(0, 30), fakes, member.subarray(0, 3)])
    expect(openBase(base)).toEqual(base);
});
