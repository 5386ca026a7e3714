/** Members of a content: found, opened and closed; what stays closed; what a rebuilt file costs. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { CODEC } from '../../shared/delta/codecs.ts';
import { decodeContent, EFFORT_LEVELS, encodeContent } from '../../shared/delta/content.ts';
import { findMembers } from '../../shared/delta/opened/search.ts';
import { codeContent, editedContent, gzippedContent, textContent } from '../support/delta-contents.ts';
import { gzipMember, pngImage, zipFile } from '../support/members.ts';
import { seededBytes } from '../support/random.ts';

const classes = Array.from({ length: 60 }, (_, i) => [`org/quay/Berth${i}.class`, codeContent(i + 1, 90 + i)] as const);
const oneChanged = classes.map(([name, content], i) => [name, i === 20 ? editedContent(content, 9, 2) : content] as const);
const pixels = Uint8Array.from(seededBytes(5, 40_000), (byte, i) => (byte % 5) + ((i >> 9) % 16));
const otherPixels = pixels.map((pixel, i) => (i >= 20_000 && i < 20_030 ? 99 : pixel));
const log = textContent(8, 6000);
const EDIT_BYTES = 64;

describe('what changed inside costs what changed', () => {
  it.each<[string, Uint8Array, Uint8Array, number]>([
    ['a changelog', gzipMember(log, 9), gzipMember(concatBytes([utf8('quay (2): a new berth\n'), log]), 9), 30],
    ['a jar with one other class', zipFile(classes), zipFile(oneChanged), 120],
    ['a jar with descriptors', zipFile(classes, { hasDescriptors: true }), zipFile(oneChanged, { hasDescriptors: true }), 120],
    ['a jar built at another time', zipFile(classes), zipFile(oneChanged, { time: 0x5b01_7000 }), 420],
    ['a jar in a war', zipFile([['lib/a.jar', zipFile(classes)]]), zipFile([['lib/a.jar', zipFile(oneChanged)]]), 160],
    ['an image', pngImage(pixels, 'the same', 1024), pngImage(otherPixels, 'the same', 1024), 60],
    ['an image in one piece', pngImage(pixels, 'the same', 1 << 20), pngImage(otherPixels, 'the same', 1 << 20), 60],
    ['a compressed jar', gzipMember(zipFile(classes), 6), gzipMember(zipFile(oneChanged), 6), 160],
  ])('%s', (_, base, target, most) => {
    for (const level of EFFORT_LEVELS) {
      const { codec, usesBase, payload } = encodeContent(target, base, level);
      expect([level, codec, usesBase]).toEqual([level, CODEC.openedBase, true]);
      expect(payload.byteLength).toBeLessThan(most + EDIT_BYTES + (level === 'max' ? 0 : 3 * most));
      expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
    }
  });

  it('many small members of one maker cost a few bytes together', () => {
    const { payload } = encodeContent(zipFile(oneChanged, { time: 1 }), zipFile(classes), 'max');
    // Every class is another: none is found as it is in the base.
    const salted = classes.map(([name, content]) => [name, concatBytes([content, Uint8Array.of(1)])] as const);
    const all = encodeContent(zipFile(salted), zipFile(classes), 'max');
    expect(payload.byteLength).toBeLessThan(600);
    expect(all.codec).toBe(CODEC.openedBase);
    expect(all.payload.byteLength).toBeLessThan(classes.length * 16);
  });
});

test.each([40_000, 60_000, 75_000])('a run that begins inside of a member leans on that member as it is, at %i', (cut) => {
  const large = ['notes.txt', textContent(6, 120_000)] as const;
  const base = zipFile([large, ...classes]);
  const target = zipFile([large, ...oneChanged]).subarray(cut);
  const { codec, payload } = encodeContent(target, base, 'low');
  expect(codec).toBe(CODEC.openedBase);
  expect(payload.byteLength).toBeLessThan(600);
  expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
});

test('a member that a part of a base ends with leans on that as it is', () => {
  const large = ['notes.txt', textContent(6, 120_000)] as const;
  const target = zipFile([...oneChanged, large]);
  const base = zipFile([...classes, large]).subarray(0, target.byteLength - 7000);
  const { codec, payload } = encodeContent(target, base, 'low');
  expect(payload.byteLength).toBeLessThan(7600);
  expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
});

test('members that the base has stay closed, and so cost nothing to close', () => {
  const base = zipFile(classes);
  const target = concatBytes([base.subarray(0, 20_000), utf8('something new'), base.subarray(20_000)]);
  const { codec } = encodeContent(target, base, 'low');
  // One member at most is damaged by what came in, and that is none any more.
  expect(codec).toBe(CODEC.patch);
});

test('what takes many corrections stays closed without a base', () => {
  const target = new Uint8Array(readFileSync(new URL('../golden/fixtures/deflate/zopfli.gz', import.meta.url)));
  expect(findMembers(target, 1 << 20).size).toBe(1);
  for (const level of ['low', 'high'] as const) expect(encodeContent(target, undefined, level).codec).not.toBe(CODEC.opened);
});

describe('a member that is damaged', () => {
  const content = textContent(3, 24);
  const whole: [string, Uint8Array][] = [
    ['gzip', gzipMember(content, 9)],
    ['zip', zipFile([['a.txt', content]])],
    ['zip with a descriptor', zipFile([['a.txt', content]], { hasDescriptors: true })],
    ['png', pngImage(pixels.subarray(0, 160), 'tide', 64)],
  ];

  it.each(whole)('comes back, whichever byte of it is wrong: %s', (_, member) => {
    const base = concatBytes([utf8('quay'), member]);
    for (let at = 0; at < member.byteLength; at++) {
      const damaged = member.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      const target = concatBytes([damaged, utf8('berth')]);
      for (const over of [base, undefined]) {
        const { codec, usesBase, payload } = encodeContent(target, over, 'low');
        expect(Buffer.compare(decodeContent(codec, payload, usesBase ? over : undefined, target.byteLength), target)).toBe(0);
      }
    }
  });

  it.each(whole)('is none where it is cut short: %s', (_, member) => {
    const ends = findMembers(member, 1 << 20);
    expect(ends.size).toBe(1);
    const end = ends.values().next().value?.opening.end ?? 0;
    for (const length of [end - 1, end - 5, Math.floor(end / 2), 12, 3])
      expect(findMembers(member.subarray(0, length), 1 << 20).size).toBe(0);
  });
});

test('members are found between other bytes, down to a depth of two', () => {
  const inner = gzipMember(textContent(2, 50), 9);
  const middle = gzipMember(concatBytes([log, inner]), 9);
  const around = concatBytes([log.subarray(50), middle]);
  const outer = concatBytes([gzippedContent(8, 3, 9), gzipMember(around, 9), new Uint8Array([0x1f, 0x8b, 8])]);
  const members = [...findMembers(outer, 1 << 20).values()];
  expect(members.map(({ inside }) => inside.size)).toEqual([0, 0, 0, 1]);
  const [inMiddle] = members.at(-1)?.inside.values() ?? [];
  expect(inMiddle?.opening.content.byteLength).toBe(log.byteLength + inner.byteLength);
  expect(inMiddle?.inside.size).toBe(0);
});

test('what only looks like members is given up after some tries, and so is what holds too much', () => {
  const fake = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 7]);
  const member = gzipMember(textContent(9, 300), 9);
  const many = (count: number): Uint8Array => concatBytes([...Array.from({ length: count }, () => fake), member]);
  expect(findMembers(many(63), 1 << 20).size).toBe(1);
  expect(findMembers(many(64), 1 << 20).size).toBe(0);
  expect(findMembers(member, textContent(9, 300).byteLength + 9).size).toBe(0);
  expect(findMembers(member, textContent(9, 300).byteLength + 10).size).toBe(1);
});
