/**
 * The examples and numbers of shared/DELTA.md, decoded by the code and by a second decoder that was made from the document alone; and
 * both decoders on what the encoders make, so that the document says all that there is.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { alignContent } from '../../shared/delta/align.ts';
import { CODEC, type CodecName } from '../../shared/delta/codecs.ts';
import { decodeContent, encodeContent, type EffortLevel } from '../../shared/delta/content.ts';
import { encodeMix, type RunForm } from '../../shared/delta/mix.ts';
import { encodePatch } from '../../shared/delta/patch.ts';
import { hex } from '../../shared/hash.ts';
import { codeContent, editedContent, gzippedContent, reorderedText, textContent } from '../support/delta-contents.ts';
import { anyPieces, createPick, executable, rebuilt } from '../support/delta-executables.ts';
import { chance, createCounter, learnCounter, squash, stretch } from '../support/delta-reference/coder.ts';
import { decodeReference } from '../support/delta-reference/content.ts';
import { deflateReference } from '../support/delta-reference/deflate.ts';
import { NEXT, STATES } from '../support/delta-reference/histories.ts';
import { hash } from '../support/delta-reference/numbers.ts';
import { deflatedBy, gzipMember, pngImage, zipFile } from '../support/members.ts';
import { decodeMixReference } from '../support/mix-reference.ts';
import { seededBytes } from '../support/random.ts';

const document = readFileSync(new URL('../../shared/DELTA.md', import.meta.url), 'utf8');
const NOTHING = new Uint8Array(0);

/** What stands below the heading of an example. */
function example(heading: string): string {
  const from = document.indexOf(`### ${heading}\n`, document.indexOf('## 14. Examples'));
  const to = document.indexOf('\n### ', from + 1);
  return document.slice(from, to < 0 ? undefined : to);
}

/** The blocks of hex below a heading. */
function blocks(heading: string): Uint8Array[] {
  const found = example(heading).matchAll(/(?:^ {4}[0-9a-f]{2}(?: [0-9a-f]{2})*\n)+/gm);
  return [...found].map(([lines]) => Buffer.from(lines.replaceAll(/\s/g, ''), 'hex'));
}

const fromHex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const block = (heading: string, number = 0): Uint8Array => blocks(heading)[number] ?? NOTHING;
/** For what is encoded here: any do. */
const LEVELS = { streamLevel: 3, restLevel: 3 };
const tide = utf8('the tide turns, the tide falls, the tide turns again\n');
const tides = utf8('the tide falls, the tide turns, the tide turns, the tide falls\n');
const oldCode = block('code, old');
const newCode = block('code, new');
const codePieces = Uint32Array.of(0, 16, 0, 20, 16, 16);

/** Both decoders give `target`. */
function expectDecoded(codec: number, payload: Uint8Array, base: Uint8Array | undefined, target: Uint8Array): void {
  expect(hex(decodeContent(codec, payload, base, target.byteLength))).toBe(hex(target));
  expect(hex(decodeReference(codec, payload, base, target.byteLength))).toBe(hex(target));
}

/** Both decoders give `target` from what both coders over a base make with these pieces. */
function expectOver(target: Uint8Array, base: Uint8Array, pieces: Uint32Array, form: RunForm = 3): void {
  expectDecoded(CODEC.mixBase, encodeMix(target, { bytes: base, pieces }, form, 2 * target.byteLength) ?? NOTHING, base, target);
  expectDecoded(CODEC.patch, encodePatch(target, base, pieces, LEVELS), base, target);
}

/** The first decisions of a mixed payload, and those that its example lists. */
function decisions(heading: CodecName, base: Uint8Array, targetBytes: number): { made: string[]; listed: string[] } {
  const made: string[] = [];
  decodeMixReference(block(heading), base, targetBytes, (p, bit) => made.push(`${p} ${bit}`));
  const listed = [...example(heading).matchAll(/(?<= )\d{5} [01]\b/g)].map(([decision]) => decision);
  return { made, listed };
}

describe('DELTA.md', () => {
  it.each<[CodecName, Uint8Array | undefined, Uint8Array]>([
    ['raw', undefined, utf8('noon\n')],
    ['zstd', undefined, tide],
    ['zstdBase', tide, tides],
    ['mix', undefined, tide],
    ['mixBase', oldCode, newCode],
    ['patch', oldCode, newCode],
    ['opened', undefined, block('opened', 1)],
    ['openedBase', block('gzip, old'), block('openedBase', 1)],
  ])('has an example of %s that decodes', (name, base, target) => {
    expect(target.byteLength).toBeGreaterThan(0);
    expectDecoded(CODEC[name], block(name), base, target);
  });

  it('has examples as the encoders make them', () => {
    expect(hex(encodeMix(tide, undefined, 0, 100) ?? NOTHING)).toBe(hex(block('mix')));
    expect(hex(encodeMix(newCode, { bytes: oldCode, pieces: codePieces }, 0, 100) ?? NOTHING)).toBe(hex(block('mixBase')));
    expect(hex(encodePatch(newCode, oldCode, codePieces, LEVELS))).toBe(hex(block('patch')));
    expect(hex(zipFile([['noon.txt', utf8('noon\n')]]))).toBe(hex(block('opened', 1)));
    expect(hex(gzipMember(utf8('the tide turns at noon\n'), 9))).toBe(hex(block('gzip, old')));
    expect(hex(gzipMember(utf8('the tide turns at dusk\n'), 9))).toBe(hex(block('openedBase', 1)));
  });

  it('has the first decisions of its examples', () => {
    const plain = decisions('mix', NOTHING, tide.byteLength);
    expect(plain.listed).toHaveLength(25);
    expect(plain.made.slice(0, 25)).toEqual(plain.listed);
    const over = decisions('mixBase', oldCode, newCode.byteLength);
    expect(over.listed).toHaveLength(42);
    expect(over.made.slice(0, 42)).toEqual(over.listed);
    const operand = over.made.slice(42, 46).map((decision) => decision.replace(/ 1$/, ''));
    expect(example('mixBase')).toContain(`with probabilities ${operand.join(' ')}.`);
  });

  it('has the numbers of its functions and tables', () => {
    expect(document).toContain(`hash(0, 0) = ${hash(0, 0)}, hash(1, 2) = ${hash(1, 2)}.`);
    const squashed = [-2047, -1, 1, 2047].map((x) => `SQUASH(${x}) = ${squash(x)}`).join(', ');
    const stretched = [0, 2048, 4095].map((q) => `STRETCH(${q}) = ${stretch(q)}`).join(', ');
    expect(document).toContain(`${squashed}; ${stretched}.`);
    const counter = createCounter();
    const chances = [chance(counter)];
    for (const bit of [1, 1, 0, 1]) {
      learnCounter(counter, bit);
      chances.push(chance(counter));
    }
    expect(document).toContain(`move the chance through ${chances.join(' ')}.`);
    const state = [1, 1, 0, 1].reduce((number, bit) => NEXT[number]?.[bit as 0 | 1] ?? 0, 0);
    expect(document).toContain(`upwards: ${STATES.length} of them.`);
    expect(document).toContain(`after the bits 1 1 0 1 the state is ${state}, (${Object.values(STATES[state] ?? {}).join(', ')}).`);
  });

  it('names the codecs of the code', () => {
    const table = document.slice(document.indexOf('| codec | name | base |'), document.indexOf('A payload is never longer'));
    const rows = [...table.matchAll(/^\| (\d) \| (\w+) \|/gm)].map(([, number, name]) => [name, Number(number)]);
    expect(rows).toEqual(Object.entries(CODEC));
  });
});

const text = textContent(1, 500);
const code = codeContent(2, 60);
const movedCode = codeContent(2, 60, 30, 48);
const long = concatBytes([text, text.subarray(0, 2000), seededBytes(3, 40), text]);
const zipped = gzippedContent(3, 3, 9);

describe('a decoder made from the document decodes what the encoder makes', () => {
  test.each<[CodecName, string, Uint8Array, Uint8Array | undefined, EffortLevel]>([
    ['mix', 'text', text, undefined, 'max'],
    ['mix', 'text that comes again', long, undefined, 'max'],
    ['mix', 'code', code, undefined, 'max'],
    ['mixBase', 'edited text', editedContent(text, 6, 20), text, 'max'],
    ['mixBase', 'moved code', movedCode, code, 'max'],
    ['mixBase', 'edited code', editedContent(movedCode, 7, 9), code, 'max'],
    ['patch', 'moved code', movedCode, code, 'low'],
    ['zstd', 'text', text, undefined, 'mid'],
    [
      'zstdBase',
      'a base like a trained dictionary',
      reorderedText(text),
      concatBytes([new Uint8Array([0x37, 0xa4, 0x30, 0xec]), text]),
      'min',
    ],
    ['opened', 'gzip members', zipped, undefined, 'max'],
    ['openedBase', 'gzip members', gzipMember(concatBytes([text.subarray(90, 120), textContent(3, 300)]), 9), zipped, 'max'],
  ])('%s: %s', (name, _, target, base, level) => {
    const { codec, usesBase, payload } = encodeContent(target, base, level);
    expect(codec).toBe(CODEC[name]);
    expectDecoded(codec, payload, usesBase ? base : undefined, target);
  });

  test.each(Array.from({ length: 16 }, (_, seed) => seed))('executables with pieces of all kinds, %i', (seed) => {
    const pick = createPick(seed);
    const base = executable(pick);
    const target = rebuilt(base, pick);
    const pieces =
      seed % 2 === 0
        ? anyPieces(base.byteLength, target.byteLength, seed % 4 === 0, pick)
        : alignContent(target, base, { chainMax: 16, isForModel: true });
    expectOver(target, base, pieces, ((seed >> 1) % 4) as RunForm);
  });

  test.each(Array.from({ length: 40 }, (_, seed) => seed + 16))('patches of executables, %i', (seed) => {
    const pick = createPick(seed);
    const base = executable(pick);
    const target = rebuilt(base, pick);
    const pieces =
      seed % 2 === 0
        ? anyPieces(base.byteLength, target.byteLength, seed % 4 === 0, pick)
        : alignContent(target, base, { chainMax: 16, isForModel: true });
    expectDecoded(CODEC.patch, encodePatch(target, base, pieces, LEVELS), base, target);
  });

  test('operands of branches without a base', () => {
    // Behind an operand that was none, an opcode that may have been a part of it is not believed.
    const target = concatBytes([executable(createPick(2)), fromHex('9090909090909090e81000008b0520000000'), code]);
    const payload = encodeMix(target, undefined, 1, 5000) ?? NOTHING;
    expect(payload[0]).toBe(5);
    expectDecoded(CODEC.mix, payload, undefined, target);
  });

  test('tables of frames that overlap', () => {
    const base = seededBytes(7, 300).map((byte) => byte & 0x7f);
    const view = new DataView(base.buffer);
    for (let at = 0; at < 160; at += 4) view.setUint32(at, 20, true);
    for (const [start, entries] of [
      [32, 6],
      [60, 10],
    ] as const) {
      view.setUint32(start, 0x3b031b01, true);
      view.setUint32(start + 8, entries, true);
    }
    // Fields of the second table grew, so that what they name is known to have moved.
    const grown = base.slice(92, 144).map((byte) => (byte === 20 ? 24 : byte));
    const target = concatBytes([base.subarray(0, 92), grown, new Uint8Array(4), base.subarray(72, 92), base.subarray(144)]);
    const pieces = Uint32Array.of(0, 144, 0, 148, 20, 72, 168, 156, 144);
    expectOver(target, base, pieces);
  });

  test('an image at the start of the base, with code and other content', () => {
    const base = executable(createPick(5)).fill(0, 0, 400);
    const view = new DataView(base.buffer);
    const spans = [
      { header: 64, flags: 5, offset: 0, address: 0x400000 },
      { header: 120, flags: 6, offset: 1000, address: 0x402000 },
    ];
    view.setUint32(0, 0x464c457f, true);
    view.setUint32(4, 0x00010102, true);
    view.setUint16(16, 2, true);
    view.setBigUint64(32, 64n, true);
    view.setUint16(56, spans.length, true);
    for (const { header, flags, offset, address } of spans) {
      view.setUint32(header, 1, true);
      view.setUint32(header + 4, flags, true);
      for (const [i, number] of [offset, address, 900, 0x2000].entries())
        view.setBigUint64(header + ([8, 16, 32, 40][i] ?? 0), BigInt(number), true);
    }
    for (let at = 401; at + 48 < base.length; at += 50) {
      view.setUint32(at, 0x402000 + at, true);
      view.setBigUint64((at + 24) & ~7, BigInt(0x402000 + at), true);
    }
    const target = concatBytes([new Uint8Array(8), base]);
    expectOver(target, base, Uint32Array.of(8, base.byteLength, 0));
  });

  test('pieces over the same part of the base', () => {
    const base = fromHex(`90909090e88d000000${'c3'.repeat(250)}`);
    const short = [100, 102, 104, 106].flatMap((at, i) => [204 + 8 * i, 8, at]);
    const target = concatBytes([base.subarray(0, 90), new Uint8Array(4), base.subarray(90, 200), new Uint8Array(40).fill(0xc3)]);
    expectOver(target, base, Uint32Array.of(0, 90, 0, 94, 110, 90, ...short));
  });

  test('an operand behind fewer than eight bytes of no piece', () => {
    const base = fromHex(`9090e821000000${'c3'.repeat(57)}`);
    const target = concatBytes([base.subarray(2, 32), new Uint8Array(5), base.subarray(32)]);
    expectOver(target, base, Uint32Array.of(1, 29, 3, 35, 32, 32));
  });

  test('what comes again across the end of the base, the zeros behind it and the start of the target', () => {
    const head = concatBytes([text.subarray(0, 200), new Uint8Array(400), text.subarray(0, 300)]);
    const base = concatBytes([seededBytes(4, 300), text.subarray(300, 500)]);
    const target = concatBytes([head, text.subarray(300, 500), new Uint8Array(120), head, text.subarray(250, 900)]);
    const payload = encodeMix(target, { bytes: base, pieces: new Uint32Array(0) }, 0, 4000) ?? NOTHING;
    expectDecoded(CODEC.mixBase, payload, base, target);
  });
});

describe('members by the document', () => {
  const makers = [0, 1, 2].flatMap((family) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => 16 * family + level));

  test('makers', () => {
    const skewed = Uint8Array.from(seededBytes(8, 30_000), (byte) => Math.clz32(byte * 65_537) * 7);
    for (const maker of makers)
      for (const content of [new Uint8Array([7]), new Uint8Array(2000), text, skewed])
        expect(hex(deflateReference(content, maker))).toBe(hex(deflatedBy(content, maker)));
  });

  test.each([1, 6, 9, 19, 25, 38])('content longer than the window, maker %i', (maker) => {
    const content = concatBytes([textContent(2, 9000), codeContent(5, 900), textContent(2, 9000), codeContent(4, 500)]);
    expect(Buffer.compare(deflateReference(content, maker), deflatedBy(content, maker))).toBe(0);
  });

  const pixels = Uint8Array.from(seededBytes(9, 2000), (byte) => byte % 7);
  const changed = Uint8Array.from(pixels, (byte, i) => (i > 1000 && i < 1020 ? 9 : byte));
  const classes = Array.from({ length: 7 }, (_, i) => [`a/C${i}.class`, codeContent(i, 12 + i)] as const);
  const built = classes.map(([name, content], i) => [name, i === 5 ? editedContent(content, 4, 3) : content] as const);
  const named = gzipMember(text, 6);
  named[3] = 0x18;
  const withName = concatBytes([named.subarray(0, 10), utf8('tide\0a comment\0'), named.subarray(10)]);
  const decoys = fromHex('1f8b0840 1f8b08 504b0102 504b0304 0a000000 0000 89504e470d0a1a0a'.replaceAll(' ', ''));
  const nothing = new Uint8Array(0);

  test.each<[string, Uint8Array, Uint8Array]>([
    ['a jar', zipFile([...classes, ['META-INF/', nothing]]), zipFile(built, { time: 0x5b00_0000 })],
    [
      'a jar with descriptors',
      zipFile(classes, { hasDescriptors: true }),
      zipFile([['new.txt', text], ...built], { hasDescriptors: true }),
    ],
    ['an image', pngImage(pixels, 'old', 256), pngImage(changed, 'old', 256)],
    ['a jar in a war', zipFile([['lib.jar', zipFile(classes)]]), zipFile([['lib.jar', zipFile(built)]])],
    ['names, comments, and what looks like members', concatBytes([decoys, withName, decoys, zipped]), concatBytes([decoys, zipped.subarray(0, 50), gzipMember(editedContent(text, 3, 4), 9), decoys, withName])], // prettier-ignore
  ])('both decoders open and close %s', (_, base, target) => {
    for (const [over, level] of [
      [base, 'low'],
      [base, 'max'],
      [undefined, 'max'],
    ] as const) {
      // prettier-ignore
      const { codec, usesBase, payload } = encodeContent(target, over, level);
      expect(codec).toBe(over === undefined ? CODEC.opened : CODEC.openedBase);
      expectDecoded(codec, payload, usesBase ? over : undefined, target);
    }
  });
});
