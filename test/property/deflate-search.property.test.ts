/** The search for matches leaves out what need not be looked at: it finds what an encoder finds that looks at everything. */
import { inflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { configureKernel, giveKernelBack, takeKernel } from '../../shared/deflate/kernel.ts';
import type { Maker } from '../../shared/deflate/makers.ts';
import { startMemberRebuild } from '../../shared/deflate/member-rebuild.ts';
import { codeContent } from '../support/delta-contents.ts';
import { blockOf, lazyTokens } from '../support/deflate-reference.ts';
import { seededBytes } from '../support/random.ts';

/** Of DEFLATE.md: gzip 9 and 6 without an end of blocks, zlib with a large memory, Chromium's, Go's at levels 6, 8 and 9. */
const MAKERS: readonly Maker[] = [105, 102, 41, 40, 57, 86, 88, 89];
/** Of zlib blocks are full at so many tokens. */
const TOKENS_MAX = 16_000;
const MATCH_MAX = 258;
const PIECE_BYTES = 50_000;

interface Analysed {
  readonly corrections: Uint8Array;
  /** Places that may still be looked at. */
  readonly left: number;
}

function analysed(stream: Uint8Array, maker: Maker): Analysed {
  const kernel = takeKernel();
  const { run, memory, compressedAt, correctionsAt } = kernel;
  configureKernel(kernel, maker, 0);
  run.startMember();
  let hasStarted = false;
  for (let at = 0; at < stream.byteLength; at += PIECE_BYTES) {
    const piece = stream.subarray(at, at + PIECE_BYTES);
    memory.set(piece, compressedAt + run.makeRoom());
    run.addCompressed(piece.byteLength, at + PIECE_BYTES >= stream.byteLength ? 1 : 0);
    const inflated = run.inflate();
    if (!hasStarted) run.startTrial(inflated);
    hasStarted = true;
    expect(run.analyse(1000, 0)).toBe(inflated);
    run.makePlainRoom();
  }
  const corrections = memory.slice(correctionsAt, correctionsAt + run.correctionsBytes());
  giveKernelBack(kernel);
  return { corrections, left: run.leftLooks() };
}

/** What putting it together leaves of the places. */
function leftTogether(plain: Uint8Array, maker: Maker, corrections: Uint8Array, pieceBytes = PIECE_BYTES): number {
  const kernel = takeKernel();
  const task = { maker, segmentPower: 0, plainBytes: plain.byteLength, correctionsBytes: corrections.byteLength };
  const rebuild = startMemberRebuild(kernel, task, { corrections: () => corrections, made: () => undefined });
  for (let at = 0; !rebuild.advance();) at += rebuild.push(plain.subarray(at, at + pieceBytes));
  giveKernelBack(kernel);
  return kernel.run.leftLooks();
}

function firstNumber(bytes: Uint8Array): number {
  let number = 0;
  for (const [i, byte] of bytes.entries()) {
    number += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) break;
  }
  return number;
}

function expectFound(plain: Uint8Array, maker: Maker): void {
  const tokens = lazyTokens(plain, maker);
  const stream = blockOf(tokens.slice(0, TOKENS_MAX));
  const shown = new Uint8Array(inflateRawSync(stream));
  expect(Buffer.compare(shown, plain.subarray(0, shown.byteLength))).toBe(0);
  if (tokens.length > TOKENS_MAX) {
    // What comes behind was known to the encoder: once more without.
    expectFound(shown.subarray(0, -MATCH_MAX), maker);
    return;
  }
  const { corrections, left } = analysed(stream, maker);
  // None but that of the header, behind all steps that are as predicted.
  expect(corrections.byteLength === 0 || firstNumber(corrections) === tokens.length).toBe(true);
  expect(left).toBeLessThanOrEqual(leftTogether(plain, maker, corrections));
}

const seed = fc.integer({ min: 1, max: 1 << 20 });
/** Bytes of few values: long chains. The values of `COLLIDING` have one hash in zlib's first place. */
const COLLIDING = [0x01, 0x21, 0x41, 0x61, 0x81];
const fewValues = fc.tuple(seed, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 10, max: 20_000 })).map(([from, values, bytes]) => {
  return seededBytes(from, bytes).map((byte) => COLLIDING[byte % values] as number);
});
const run = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 2, max: 3000 })).map(([once, times]) => {
  return concatBytes(Array.from({ length: times }, () => once));
});
const noise = fc.tuple(seed, fc.integer({ min: 0, max: 9000 })).map(([from, bytes]) => seededBytes(from, bytes));
const code = fc.tuple(seed, fc.integer({ min: 1, max: 400 })).map(([from, functions]) => codeContent(from, functions));
/** The edges of the windows. */
const distance = fc.constantFrom(4096, 4097, 32_505, 32_506, 32_507, 32_767, 32_768, 32_769);

test('what is repeated, alike or rare is found where the encoder finds it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fewValues, run, noise, code), { minLength: 1, maxLength: 6 }),
      fc.constantFrom(...MAKERS),
      (parts, maker) => {
        expectFound(concatBytes(parts), maker);
      },
    ),
    { numRuns: 60 },
  );
});

test('what was taken apart before, and how many bytes come at a time, change nothing in what is counted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fewValues, run, noise, code), { minLength: 1, maxLength: 3 }),
      fc.oneof(fewValues, code),
      fc.constantFrom(...MAKERS),
      fc.integer({ min: 2000, max: 70_000 }),
      (parts, other, maker, pieceBytes) => {
        const plain = concatBytes(parts);
        const stream = blockOf(lazyTokens(plain, maker).slice(0, TOKENS_MAX));
        const first = analysed(stream, maker);
        analysed(blockOf(lazyTokens(other, maker).slice(0, TOKENS_MAX)), maker);
        expect(analysed(stream, maker).left).toBe(first.left);
        const shown = new Uint8Array(inflateRawSync(stream));
        expect(leftTogether(shown, maker, first.corrections, pieceBytes)).toBe(leftTogether(shown, maker, first.corrections));
      },
    ),
    { numRuns: 30 },
  );
});

test('a match at the edge of the window is found, and one byte farther is not', () => {
  const words = fc.array(fc.uint8Array({ minLength: 3, maxLength: 30 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(words, distance, fewValues, fc.boolean(), fc.constantFrom(...MAKERS), (some, back, filling, isRepeated, maker) => {
      const word = concatBytes(some);
      const between = new Uint8Array(back - Math.min(back, word.byteLength));
      between.set(filling.subarray(0, between.byteLength));
      // The word also comes in shorter forms in between, or not.
      if (isRepeated) for (let at = 500; at + 600 < between.byteLength; at += 997) between.set(word.subarray(0, 3 + (at % 20)), at);
      expectFound(concatBytes([filling.subarray(0, 300), word, between, word, filling, word]), maker);
    }),
    { numRuns: 40 },
  );
});

test('so many places are looked at and no more', () => {
  // A long match stands behind so many places that only agree in three or four bytes.
  const limit = fc.constantFrom(128, 256, 1024, 4096).chain((looks) => fc.integer({ min: looks - 2, max: looks + 2 }));
  fc.assert(
    fc.property(limit, fc.constantFrom(3, 4, 5), seed, fc.constantFrom(...MAKERS), (places, agree, from, maker) => {
      const word = new Uint8Array([7, 7, 9, 200, 201, 202, 203, 204, 205, 206, 207, 208]);
      const random = seededBytes(from, places);
      const others = Array.from({ length: places }, (_, i) => concatBytes([word.subarray(0, agree), random.subarray(i, i + 1)]));
      expectFound(concatBytes([word, ...others, word, ...others.slice(0, 40), word]), maker);
    }),
    { numRuns: 40 },
  );
});
