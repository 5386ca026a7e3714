/** Reconstructions of compressed bytes, and the plain bytes they are put together with: of gzip and of zstd. */
import { gzipSync } from 'node:zlib';
import { concatBytes } from '../../shared/bytes.ts';
import type { PutTogether, TakeApart } from '../../shared/deflate/port.ts';
import { createPutTogether as createGzip } from '../../shared/deflate/put-together.ts';
import { createTakeApart as createGunzip } from '../../shared/deflate/take-apart.ts';
import { createPutTogether as createZstd } from '../../shared/unzstd/put-together.ts';
import { createTakeApart as createUnzstd } from '../../shared/unzstd/take-apart.ts';
import { textContent } from '../support/delta-contents.ts';
import { putInParts } from '../support/deflate-parts.ts';
import { seededBytes } from '../support/random.ts';
import { takeApart } from '../support/deflate-streams.ts';
import { plannedZstd, zstdAt } from '../support/zstd-streams.ts';
import type { Target } from './target.ts';

const BYTES_MAX = 1 << 26;

function seedOf(apart: TakeApart, stream: Uint8Array): Uint8Array {
  const plain = [...apart.push(stream)];
  const end = apart.end();
  const reconstruction = end.reconstruction ?? new Uint8Array(0);
  const size = Uint8Array.of(reconstruction.byteLength & 255, reconstruction.byteLength >> 8);
  return concatBytes([size, reconstruction, ...plain, ...end.plain]);
}

function run(input: Uint8Array, create: (reconstruction: Uint8Array) => PutTogether): void {
  const [low = 0, high = 0] = input;
  const together = create(input.subarray(2, 2 + low + 256 * high));
  let bytes = 0;
  for (const piece of together.push(input.subarray(2 + low + 256 * high))) bytes += piece.byteLength;
  for (const piece of together.end()) bytes += piece.byteLength;
  if (bytes > BYTES_MAX) throw new TypeError(`${bytes} bytes came of ${input.byteLength}`);
}

async function runInParts(input: Uint8Array): Promise<void> {
  const { stream } = await putInParts(input, longPlain, [10_000]);
  if (stream.byteLength > BYTES_MAX) throw new TypeError(`${stream.byteLength} bytes came of ${input.byteLength}`);
}

const plain = textContent(5, 900);
/** Longer than what makers are chosen by: there are marks behind that. */
const longPlain = concatBytes([textContent(6, 1000), seededBytes(7, 600_000).map((byte) => byte & 31)]);
const MARK_POWER = 16;
const LEVELS = [4, 6, 9];

export const WRAPPED_TARGETS: readonly Target[] = [
  {
    name: 'wrapped',
    bytesMax: 32 * 1024,
    seeds: () => Promise.resolve([1, 6, 9].map((level) => seedOf(createGunzip('gzip'), gzipSync(plain, { level })))),
    run: (input) => run(input, createGzip),
  },
  {
    name: 'wrapped-parts',
    bytesMax: 4096,
    seeds: () =>
      Promise.resolve(LEVELS.map((level) => takeApart(gzipSync(longPlain, { level }), 'gzip', [], MARK_POWER).reconstruction ?? longPlain)),
    run: runInParts,
  },
  {
    name: 'wrapped-zstd',
    bytesMax: 32 * 1024,
    seeds: () => Promise.resolve([plannedZstd(plain), plannedZstd(plain, 0), zstdAt(plain, 1), zstdAt(plain, 3), zstdAt(plain, 9)].map((stream) => seedOf(createUnzstd(), stream))), // prettier-ignore
    run: (input) => run(input, createZstd),
  },
];
