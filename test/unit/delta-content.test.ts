/** Which codec content gets, and what the decoders refuse. */
import { expect, test } from 'vitest';
import { concatBytes, releaseBytes, utf8 } from '../../shared/bytes.ts';
import { CODEC, codecName, needsBase } from '../../shared/delta/codecs.ts';
import { decodeContent, decodingBytes, encodeContent, type EffortLevel } from '../../shared/delta/content.ts';
import { BASE_BYTES_MAX, RUN_BYTES_MAX } from '../../shared/limits.ts';
import { codeContent, editedContent, gzippedContent, reorderedText, textContent } from '../support/delta-contents.ts';
import { gzipMember } from '../support/members.ts';
import { seededBytes } from '../support/random.ts';

const text = textContent(1, 4000);
const code = codeContent(2, 400);
const movedCode = codeContent(2, 400, 200, 48);
const zipped = gzippedContent(3, 4, 9);
/** An edit near its start changes every compressed byte of a member. */
const zippedEdited = gzipMember(concatBytes([text.subarray(100, 120), textContent(3, 300)]), 9);

test.each<[keyof typeof CODEC, Uint8Array, Uint8Array | undefined, EffortLevel]>([
  ['raw', seededBytes(5, 3000), undefined, 'max'],
  ['zstd', text, undefined, 'mid'],
  ['zstdBase', reorderedText(text), text, 'min'],
  ['patch', movedCode, code, 'low'],
  ['mix', text, undefined, 'max'],
  ['mixBase', editedContent(text, 6, 40), text, 'max'],
  ['opened', zipped, undefined, 'high'],
  ['openedBase', zippedEdited, zipped, 'low'],
])('%s is what suits the content', (name, target, base, level) => {
  const { codec, usesBase, payload } = encodeContent(target, base, level);
  expect(codecName(codec)).toBe(name);
  expect(usesBase).toBe(needsBase(codec));
  expect(Buffer.compare(decodeContent(codec, payload, usesBase ? base : undefined, target.byteLength), target)).toBe(0);
});

test.each<[keyof typeof CODEC, Uint8Array, Uint8Array | undefined, EffortLevel]>([
  ['patch', movedCode, code, 'low'],
  ['mix', text, undefined, 'max'],
  ['mixBase', editedContent(text, 6, 40), text, 'max'],
  ['openedBase', zippedEdited, zipped, 'low'],
  ['openedBase', zippedEdited, zipped, 'max'],
])('%s needs no old content once it was told of as spent', (_, target, base, level) => {
  const { codec, payload } = encodeContent(target, base, level);
  const own = base?.slice();
  const spent: Uint8Array[] = [];
  const content = decodeContent(codec, payload.slice(), own, target.byteLength, (bytes) => {
    spent.push(bytes);
    releaseBytes(bytes);
  });
  expect(Buffer.compare(content, target)).toBe(0);
  expect(spent).toEqual(expect.arrayContaining(own === undefined ? [] : [own]));
  expect(own?.byteLength ?? 0).toBe(0);
  expect(decodingBytes(codec, payload, base?.byteLength ?? 0, target.byteLength)).toBeGreaterThan(
    payload.byteLength + (base?.byteLength ?? 0) + target.byteLength,
  );
});

test.each<EffortLevel>(['min', 'low', 'mid', 'high'])('zstd is tried over a base that has nearly all of the content, too: %s', (level) => {
  const parts = Array.from({ length: 300 }, (_, i) => seededBytes(i + 1, 3000 + ((i * 37) % 1000)));
  const base = concatBytes(parts);
  // What went elsewhere costs a patch more than the places.
  const target = concatBytes(parts.map((_, i) => parts[(i * 7) % parts.length] as Uint8Array));
  const { codec, payload } = encodeContent(target, base, level);
  expect(codecName(codec)).toBe('zstdBase');
  expect(payload.byteLength).toBeLessThan(parts.length * 5);
  expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
});

test.each<[EffortLevel, keyof typeof CODEC]>([
  ['min', 'zstdBase'],
  ['mid', 'mixBase'],
  ['high', 'mixBase'],
])('next to nothing that has changed costs what takes least for its time: %s has %s', (level, name) => {
  const base = seededBytes(9, 600_000);
  const target = Uint8Array.from(base);
  for (let at = 1000; at < target.byteLength; at += 20_000 + at / 40) target.set(utf8('23:51'), Math.floor(at));
  const { codec, payload } = encodeContent(target, base, level);
  expect(codecName(codec)).toBe(name);
  expect(payload.byteLength).toBeLessThan(400);
  expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
});

test.each<EffortLevel>(['min', 'mid', 'high'])(
  'a payload is no longer than its content where a base gains little, and zstd alone nothing: %s',
  (level) => {
    const target = seededBytes(7, 600_000);
    // Too little for zstd to compress the block that it stands in, and enough for the content to look as if it were worth a try.
    target.fill(0, 1000, 2200);
    const base = concatBytes([seededBytes(8, 200_000), target.subarray(300_000, 307_000)]);
    const { codec, usesBase, payload } = encodeContent(target, base, level);
    expect(payload.byteLength).toBeLessThanOrEqual(target.byteLength);
    expect(Buffer.compare(decodeContent(codec, payload, usesBase ? base : undefined, target.byteLength), target)).toBe(0);
  },
);

test('operands that moved with their code cost next to nothing', () => {
  // Seen from the end, all code of the second half stands where it stood; only operands differ.
  const half = code.byteLength >> 1;
  let changed = 0;
  for (let back = 1; back < half; back++) if (code.at(-back) !== movedCode.at(-back)) changed++;
  expect(changed).toBeGreaterThan(80);
  expect(encodeContent(movedCode, code, 'low').payload.byteLength).toBeLessThan(changed);
});

test('an edit inside of a gzip member costs what the edit costs', () => {
  expect(encodeContent(zippedEdited, zipped, 'max').payload.byteLength).toBeLessThan(zippedEdited.byteLength / 4);
});

test('a base that does not help is not used', () => {
  const target = utf8(Buffer.from(seededBytes(8, 5000)).toString('hex'));
  const { usesBase, payload } = encodeContent(target, seededBytes(7, 5000), 'max');
  expect(usesBase).toBe(false);
  expect(payload.byteLength).toBe(encodeContent(target, undefined, 'max').payload.byteLength);
});

test('a base that begins like a trained zstd dictionary is used as what it is', () => {
  const base = concatBytes([new Uint8Array([0x37, 0xa4, 0x30, 0xec]), text]);
  const target = reorderedText(text);
  const { codec, payload } = encodeContent(target, base, 'min');
  expect(codecName(codec)).toBe('zstdBase');
  expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
});

test('empty content and one byte go as they are', () => {
  for (const target of [new Uint8Array(0), new Uint8Array([7])]) {
    const { codec, payload } = encodeContent(target, text, 'max');
    expect([codec, payload]).toEqual([CODEC.raw, target]);
    expect(decodeContent(codec, payload, undefined, target.byteLength)).toEqual(target);
  }
});

const nothing = new Uint8Array(0);
const header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
const member = [...header, 4, 0, 0, 0, 0x74, 0x69, 0x64, 0x65];

/** Raw opened content with these decisions. */
function opened(decisions: readonly number[], bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([CODEC.raw, bytes.length, ...decisions, ...bytes]);
}

test('what takes far more work than any real content is refused', () => {
  // Two bytes in turn, now and then a third: every place looks like every other.
  const content = seededBytes(1, 3_000_000).map((byte) => (byte < 2 ? 9 : byte & 1));
  const packed = concatBytes([Uint8Array.from(header), Uint8Array.of(192, 198, 45, 0), content]);
  const frame = encodeContent(packed, undefined, 'mid');
  const head = [CODEC.zstd, 0xce, 0x8d, 0xb7, 1, 1, 0, 1, 9, 0];
  const payload = concatBytes([Uint8Array.from(head), frame.payload]);
  expect([frame.codec, packed.byteLength]).toEqual([CODEC.zstd, 3_000_014]);
  expect(() => decodeContent(CODEC.opened, payload, undefined, 2_000_000)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
});

test.each<[string, string, number, Uint8Array, Uint8Array | undefined, number]>([
  ['a target beyond the limit', 'LIMIT_EXCEEDED', CODEC.zstd, nothing, undefined, RUN_BYTES_MAX + 1],
  ['a base beyond the limit', 'LIMIT_EXCEEDED', CODEC.patch, nothing, new Uint8Array(BASE_BYTES_MAX + 1), 1],
  ['a payload longer than its content', 'LIMIT_EXCEEDED', CODEC.zstd, new Uint8Array(3), undefined, 2],
  ['a codec that does not exist', 'PROTOCOL_VIOLATION', 99, nothing, undefined, 1],
  ['a codec without its base', 'PROTOCOL_VIOLATION', CODEC.mixBase, nothing, undefined, 1],
  ['a base for a codec that has none', 'PROTOCOL_VIOLATION', CODEC.mix, nothing, text, 1],
  ['raw content of another length', 'INTEGRITY', CODEC.raw, new Uint8Array(2), undefined, 3],
  ['a mixed code without its form', 'PROTOCOL_VIOLATION', CODEC.mix, nothing, undefined, 5],
  ['opened content in opened content', 'PROTOCOL_VIOLATION', CODEC.opened, new Uint8Array([CODEC.opened, 1, 0]), undefined, 50],
  ['opened content whose codec wants a base', 'PROTOCOL_VIOLATION', CODEC.opened, new Uint8Array([CODEC.patch, 1, 0]), undefined, 50],
  ['a member where there is none', 'INTEGRITY', CODEC.opened, new Uint8Array([CODEC.raw, 3, 1, 0, 1, 9, 0, 1, 2, 3]), undefined, 50],
  ['a member without its length', 'INTEGRITY', CODEC.opened, opened([1, 0, 1, 9, 0], header), undefined, 50],
  ['a member that does not end', 'INTEGRITY', CODEC.opened, opened([1, 0, 1, 9, 0], [...header, 9, 0, 0, 0]), undefined, 50],
  ['a maker that does not exist', 'INTEGRITY', CODEC.opened, opened([1, 0, 1, 10, 0], member), undefined, 50],
  ['segments that do not exist', 'INTEGRITY', CODEC.opened, opened([1, 0, 1, 9, 8], member), undefined, 50],
  ['members beyond the limit', 'LIMIT_EXCEEDED', CODEC.opened, opened([1, 0, 0x81, 0x80, 4, 9, 0], member), undefined, 50],
  ['corrections that are missing', 'PROTOCOL_VIOLATION', CODEC.opened, opened([1, 0, 1, 9, 1, 2, 1, 1, 0], member), undefined, 50],
  ['corrections of no member', 'PROTOCOL_VIOLATION', CODEC.opened, opened([1, 0, 1, 9, 1, 1, 2, 2, 0, 0], member), undefined, 50],
  ['opened content that closes to less', 'INTEGRITY', CODEC.opened, opened([1, 0, 1, 9, 0], member), undefined, 60],
  [
    'a member of a base that is none',
    'INTEGRITY',
    CODEC.openedBase,
    new Uint8Array([CODEC.patch, 1, 1, 0, 1, 0, 0]),
    zipped.subarray(0, 90),
    50,
  ],
  ['more members than a base has', 'INTEGRITY', CODEC.openedBase, new Uint8Array([CODEC.patch, 1, 1, 9, 1, 0, 0]), zipped, 50],
])('refused: %s', (_, error, codec, payload, base, targetBytes) => {
  expect(() => decodeContent(codec, payload, base, targetBytes)).toThrow(expect.objectContaining({ code: error }));
});
