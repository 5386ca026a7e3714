/**
 * What is planned of zstd streams, and what the fixtures' reconstructions say, byte for byte: a store holds reconstructions for years, and what one of them
 * rebuilds hangs on every choice of the plan. `fixtures/zstd-predictions.json` was written once and never changes.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { readReconstruction } from '../../shared/unzstd/reconstruction.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { seededBytes } from '../support/random.ts';
import { plannedZstd, takeApart } from '../support/zstd-streams.ts';

interface Predictions {
  /** Of the planned stream of some content in a generation: SHA-256, the first 16 digits. */
  readonly planned: Readonly<Record<string, string>>;
  /** Of the records of a fixture's frames. */
  readonly records: Readonly<Record<string, string>>;
}

const folder = new URL('fixtures/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('zstd-predictions.json', folder), 'utf8')) as Predictions;
const GENERATIONS = [0, 1, 2, 3];

const uneven = (seed: number, bytes: number): Uint8Array => seededBytes(seed, bytes).map((byte) => (byte & 7) * (byte >> 5));
const few = Uint8Array.from([1, 0, 2, 0, 0, 3, 0, 1, 1, 0, 4, 0, 2, 0, 5, 1, 2, 0, 1, 3, 0, 0, 6, 0, 7]);

/** Text, code, zeros, what has no matches, literals alone, few literals; and some of it again from far away. */
const contents: Readonly<Record<string, Uint8Array>> = {
  nothing: new Uint8Array(0),
  text: textContent(11, 200),
  long: concatBytes([textContent(11, 40_000), codeContent(12, 3000), seededBytes(13, 400_000), new Uint8Array(500_000), uneven(14, 300_000), textContent(11, 20_000)]), // prettier-ignore
  zeros: new Uint8Array(150_000),
  uneven: uneven(15, 9000),
  few: concatBytes([few, new Uint8Array(600)]),
  window: concatBytes([
    codeContent(16, 4000),
    seededBytes(17, 8_300_000),
    codeContent(16, 4000),
    seededBytes(18, 9_000_000),
    codeContent(16, 4000),
  ]),
};

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

test.each(Object.entries(contents))('%s is planned as ever', (name, plain) => {
  for (const generation of GENERATIONS)
    expect(digest(plannedZstd(plain, generation)), `${generation}`).toBe(expected.planned[`${name}-${generation}`]);
});

test.each(readdirSync(new URL('zstd/', folder)).toSorted())('%s has the records that it had', (name) => {
  const { reconstruction } = takeApart(new Uint8Array(readFileSync(new URL(`zstd/${name}`, folder))));
  const records: Uint8Array[] = [];
  if (reconstruction !== undefined) {
    const reader = readReconstruction(reconstruction);
    for (let entry = reader.next(); entry !== undefined; entry = reader.next())
      if ('frame' in entry) records.push(reader.records(entry.frame.recordBytes));
  }
  expect(digest(concatBytes(records))).toBe(expected.records[name]);
});
