/** shared/DEFLATE.md: what its fixtures cost, stream by stream, and its examples. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makerSettings, MAKERS } from '../../shared/deflate/makers.ts';
import { decodeMarks, encodeMarks } from '../../shared/deflate/marks.ts';
import { readReconstruction } from '../../shared/deflate/reconstruction.ts';
import { putTogether, takeApart } from '../support/deflate-streams.ts';

const document = readFileSync(new URL('../../shared/DEFLATE.md', import.meta.url), 'utf8');
const folder = new URL('fixtures/deflate/', import.meta.url);
const rows = [
  ...document.matchAll(/^\| (?<name>[\w-]+\.\w+) \| [^|]+ \| (?<bytes>[\d,]+) \| (?<maker>\d+|-) \| (?<cost>[\d,]+|closed) \|/gm),
].map(({ groups = {} }) => ({
  name: groups['name'] ?? '',
  bytes: Number(groups['bytes']?.replaceAll(',', '')),
  maker: groups['maker'] === '-' ? undefined : Number(groups['maker']),
  cost: groups['cost'] === 'closed' ? undefined : Number(groups['cost']?.replaceAll(',', '')),
}));

test('the table has every fixture', () => {
  expect(rows.map(({ name }) => name)).toEqual(readdirSync(folder).toSorted());
});

test.each(rows)('$name comes back from $cost bytes', ({ name, bytes, maker, cost }) => {
  const stream = new Uint8Array(readFileSync(new URL(name, folder)));
  expect(stream.byteLength).toBe(bytes);
  const { plain, reconstruction } = takeApart(stream, name.endsWith('.raw') ? 'raw' : 'any', [10_000]);
  expect(reconstruction?.byteLength).toBe(cost);
  expect(reconstruction && readReconstruction(reconstruction).nextMember()?.maker).toBe(maker);
  const inflate = name.endsWith('.raw') ? inflateRawSync : name.endsWith('.zlib') ? inflateSync : gunzipSync;
  const open = (): Uint8Array => (name === 'members.gz' ? inflateMembers(stream) : inflate(stream));
  expect(reconstruction === undefined || Buffer.compare(plain, open()) === 0).toBe(true);
  expect(reconstruction === undefined || Buffer.compare(putTogether(reconstruction, plain, [7777]), stream) === 0).toBe(true);
});

/** Without the zeros behind them. */
function inflateMembers(stream: Uint8Array): Uint8Array {
  return gunzipSync(stream.subarray(0, -512));
}

test('the examples of the document', () => {
  const examples = document.slice(document.indexOf('## 12. Examples'));
  const [first, second, third, fourth, fifth = new Uint8Array(0)] = [...examples.matchAll(/^ {4}([0-9a-f]{2}(?: [0-9a-f]{2})*)$/gm)].map(
    ([, text = '']) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex')),
  );
  const pairs = [
    [first, second],
    [third, fourth],
  ] as const;
  expect.assertions(pairs.length * 2 + 2);
  for (const [stream = new Uint8Array(0), reconstruction = new Uint8Array(0)] of pairs) {
    expect(takeApart(stream).reconstruction).toEqual(reconstruction);
    expect(putTogether(reconstruction, gunzipSync(stream))).toEqual(stream);
  }
  const member = { plainBytes: 400_000, correctionsBytes: 5 };
  const marks = decodeMarks(fifth, [member]);
  expect(marks.get(0)).toEqual([
    { position: 70_000, phase: 3, correctionsBytes: 0, steps: 0 },
    { position: 140_000, phase: 0, correctionsBytes: 0, steps: 12_000 },
  ]);
  expect(encodeMarks(marks, new Map([[0, member]]), 16)).toEqual(fifth);
});

test('every maker of the document, and no other', () => {
  const families = [0, 1, 2, 3, 4].flatMap((family) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => family * 16 + level));
  const goLevels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => 5 * 16 + level);
  const all = [...families, ...goLevels, 8 * 16 + 5, 6 * 16, 6 * 16 + 6, 6 * 16 + 9, 7 * 16 + 6, 7 * 16 + 9];
  expect(MAKERS.toSorted((a, b) => a - b)).toEqual(all.toSorted((a, b) => a - b));
  expect(Array.from({ length: 256 }, (_, maker) => maker).filter((maker) => makerSettings(maker) !== undefined)).toEqual(
    all.toSorted((a, b) => a - b),
  );
});
