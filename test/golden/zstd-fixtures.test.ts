/** shared/ZSTD.md: what its fixtures cost, stream by stream, and its examples. */
import { readdirSync, readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { plannedZstd, putTogether, takeApart } from '../support/zstd-streams.ts';

const document = readFileSync(new URL('../../shared/ZSTD.md', import.meta.url), 'utf8');
const folder = new URL('fixtures/zstd/', import.meta.url);
const rows = [...document.matchAll(/^\| (?<name>[\w.-]+\.zst) \| [^|]+ \| (?<bytes>[\d,]+) \| (?<cost>[\d,]+|closed) \|/gm)].map(
  ({ groups = {} }) => ({
    name: groups['name'] ?? '',
    bytes: Number(groups['bytes']?.replaceAll(',', '')),
    cost: groups['cost'] === 'closed' ? undefined : Number(groups['cost']?.replaceAll(',', '')),
  }),
);

test('the table has every fixture', () => {
  expect(rows.map(({ name }) => name)).toEqual(readdirSync(folder).toSorted());
});

test.each(rows)('$name comes back from $cost bytes', ({ name, bytes, cost }) => {
  const stream = new Uint8Array(readFileSync(new URL(name, folder)));
  expect(stream.byteLength).toBe(bytes);
  const { plain, reconstruction } = takeApart(stream, [10_000]);
  expect(reconstruction?.byteLength).toBe(cost);
  if (reconstruction === undefined) return;
  expect(Buffer.compare(putTogether(reconstruction, plain, [7777]), stream)).toBe(0);
  // Of several frames Node reads the first.
  const first = zstdDecompressSync(stream);
  expect(Buffer.compare(plain.subarray(0, first.byteLength), first)).toBe(0);
  expect(plain.byteLength === first.byteLength || /odd|frames/.test(name)).toBe(true);
});

test('the last generation at its default level is planned to the byte', () => {
  for (const name of [
    'klauspost-1.17.11.zst',
    'klauspost-of-200.zst',
    'klauspost-of-900.zst',
    'klauspost-of-60000.zst',
    'klauspost-of-131072.zst',
  ]) {
    const stream = new Uint8Array(readFileSync(new URL(name, folder)));
    expect(Buffer.compare(plannedZstd(new Uint8Array(zstdDecompressSync(stream))), stream)).toBe(0);
  }
});

test('the examples of the document', () => {
  const examples = document.slice(document.indexOf('## 11. Examples'));
  const [first, second, third, fourth] = [...examples.matchAll(/(?:^ {4}[0-9a-f]{2}(?: [0-9a-f]{2})*\n)+/gm)].map(
    ([text]) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex')),
  );
  const texts = [
    `${'quay, lighter and berth; '.repeat(6)}quay\n`,
    'the lighter, the quay, the berth, the lighter at the berth, the quay\n',
  ];
  const pairs = [
    [first, second],
    [third, fourth],
  ] as const;
  expect.assertions(pairs.length * 3);
  for (const [index, [stream = new Uint8Array(0), reconstruction = new Uint8Array(0)]] of pairs.entries()) {
    const plain = Buffer.from(texts[index] ?? '');
    expect(takeApart(stream).reconstruction).toEqual(reconstruction);
    expect(Buffer.compare(takeApart(stream).plain, plain)).toBe(0);
    expect(putTogether(reconstruction, plain)).toEqual(stream);
  }
});
