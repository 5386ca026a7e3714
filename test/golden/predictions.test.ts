/**
 * What every maker predicts, and what the fixtures' corrections are, byte for byte: a store holds reconstructions for years, and what
 * one of them rebuilds hangs on every choice of the predictor. `fixtures/predictions.json` was written once and never changes; a
 * maker that is added gets a line.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { MAKERS } from '../../shared/deflate/makers.ts';
import { readReconstruction } from '../../shared/deflate/reconstruction.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { predictedStream, takeApart } from '../support/deflate-streams.ts';
import { seededBytes } from '../support/random.ts';

interface Predictions {
  /** Of the stream that a maker makes of `plain`: SHA-256, the first 16 digits. */
  readonly makers: Readonly<Record<string, string>>;
  /** The same with segments of 64 KiB. */
  readonly segments: Readonly<Record<string, string>>;
  /** Of the corrections of a fixture's first member. */
  readonly corrections: Readonly<Record<string, string>>;
}

const folder = new URL('fixtures/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('predictions.json', folder), 'utf8')) as Predictions;
const SEGMENT_POWER = 16;
/** zlib and Chromium at level 6, gzip at level 9, Go at level 6. */
const SEGMENTED = [22, 54, 9, 86];

/** Text, code, runs, short periods, what agrees here and there only, and some of it again from near and far. */
function plain(): Uint8Array {
  const text = textContent(11, 9000);
  const code = codeContent(12, 700);
  const mixed = Uint8Array.from(seededBytes(13, 40_000), (byte) => byte & 15);
  const periods = [1, 2, 3, 5, 7, 13].map((period) => repeated(text.subarray(period, period * 2), 900));
  const parts = [text, code, new Uint8Array(5000), mixed.subarray(0, 20_000), ...periods, seededBytes(14, 300), mixed];
  return concatBytes([...parts, text.subarray(0, 30_000), code.subarray(1000, 9000), mixed.subarray(3000), text.subarray(7)]);
}

function repeated(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => bytes[at % bytes.byteLength] as number);
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

const content = plain();

test('every maker chooses what it always has', () => {
  const digests = MAKERS.map((maker) => [maker, digest(predictedStream(content, maker))] as const);
  expect(Object.fromEntries(digests)).toEqual(expected.makers);
});

test('with segments too', () => {
  const digests = SEGMENTED.map((maker) => [maker, digest(predictedStream(content, maker, SEGMENT_POWER))] as const);
  expect(Object.fromEntries(digests)).toEqual(expected.segments);
});

test('other encoders have the corrections that they always had', () => {
  const names = readdirSync(new URL('deflate/', folder)).toSorted();
  const digests = names.map((name) => {
    const stream = new Uint8Array(readFileSync(new URL(`deflate/${name}`, folder)));
    const { reconstruction } = takeApart(stream, name.endsWith('.raw') ? 'raw' : 'any');
    return [name, digest(correctionsOf(reconstruction ?? new Uint8Array(0)))] as const;
  });
  expect(Object.fromEntries(digests)).toEqual(expected.corrections);
});

function correctionsOf(reconstruction: Uint8Array): Uint8Array {
  const reader = readReconstruction(reconstruction);
  const bytes = reader.nextMember()?.correctionsBytes ?? 0;
  const parts: Uint8Array[] = [];
  for (let left = bytes; left > 0; left -= parts.at(-1)?.byteLength ?? left) parts.push(reader.corrections(left));
  return concatBytes(parts);
}
