/** Marks: how they are written, what is refused, and streams put together by real threads. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { concatBytes, copyBytes, releaseBytes } from '../../shared/bytes.ts';
import { arePartsSmall, baseBefore, decodeMarks, encodeMarks, type Mark } from '../../shared/deflate/marks.ts';
import { putByThreads } from '../../shared/deflate/put-by-threads.ts';
import { readMarks } from '../../shared/deflate/reconstruction.ts';
import { TransferError } from '../../shared/errors.ts';
import { DEFLATE_PART_BYTES_MAX, DEFLATE_PART_CORRECTIONS_BYTES_MAX } from '../../shared/limits.ts';
import { putTogether as putStreamTogether } from '../../shared/wrapped/method.ts';
import { METHOD_GZIP } from '../../shared/recipe/recipe.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { asyncParts, putInParts } from '../support/deflate-parts.ts';
import { takeApart } from '../support/deflate-streams.ts';
import { seededBytes } from '../support/random.ts';

const MARK_POWER = 17;
const plain = concatBytes([textContent(1, 200_000), codeContent(2, 20_000), seededBytes(3, 200_000), textContent(4, 100_000)]);
const stream = new Uint8Array(gzipSync(plain));
const reconstruction = takeApart(stream, 'gzip', [], MARK_POWER).reconstruction as Uint8Array;

test('marks are read as they were written', () => {
  const places: Mark[] = [
    { position: 70_000, phase: 3, correctionsBytes: 5, steps: 0 },
    { position: 135_536, phase: 0, correctionsBytes: 5, steps: 77 },
    { position: 300_000, phase: 7, correctionsBytes: 400, steps: 1 },
  ];
  const members = [2, 4, 6].map((correctionsBytes) => ({ plainBytes: 400_000, correctionsBytes: correctionsBytes * 100 }));
  const marks = new Map([
    [0, [{ position: 65_536, phase: 1, correctionsBytes: 200, steps: 0 }]],
    [2, places],
  ]);
  const bytes = encodeMarks(marks, new Map(members.entries()), 16);
  expect(decodeMarks(bytes, members)).toEqual(marks);
  for (let length = 0; length < bytes.byteLength; length++)
    expect(() => decodeMarks(bytes.subarray(0, length), members)).toThrow(TransferError);
});

test.each([
  ['a distance of 32 KiB', [15, 0]],
  ['a distance of 2 GiB', [31, 0]],
  ['of a member that is not there', [16, 1, 1, 0]],
  ['behind the member', [16, 1, 0, 1, 0x80, 0x80, 0x80, 1]],
  ['more than the member has room for', [16, 1, 0, 3, 0, 0, 0]],
  ['with more corrections than there are', [16, 1, 0, 1, 1, 11, 0]],
  ['with something behind them', [16, 0, 0]],
])('marks are refused: %s', (_, bytes) => {
  expect(() => decodeMarks(new Uint8Array(bytes), [{ plainBytes: 150_000, correctionsBytes: 10 }])).toThrow(TransferError);
});

test('the window has moved as often as positions call for it', () => {
  expect([1, 65_275, 65_276, 98_043, 98_044].map((position) => position - baseBefore(position, 0))).toEqual([0, 0, 32_768, 32_768, 65_536]);
  // A segment begins with the window before it.
  expect([131_072, 131_073, 163_579, 163_580].map((position) => position - baseBefore(position, 17))).toEqual([
    98_304, 98_304, 98_304, 131_072,
  ]);
});

test('large parts are not put together in memory', () => {
  const member = { plainBytes: DEFLATE_PART_BYTES_MAX + 1000, correctionsBytes: 10 };
  const mark = { position: 5000, phase: 0, correctionsBytes: 10, steps: 0 };
  expect(arePartsSmall(new Map([[0, [mark]]]), [member])).toBe(true);
  expect(arePartsSmall(new Map(), [member])).toBe(false);
  expect(arePartsSmall(new Map([[0, [mark]]]), [{ ...member, correctionsBytes: DEFLATE_PART_CORRECTIONS_BYTES_MAX + 11 }])).toBe(false);
});

test('threads give the stream, in order', async () => {
  expect([...readMarks(reconstruction).values()].flat().length).toBeGreaterThan(5);
  const made: Uint8Array[] = [];
  for await (const piece of putStreamTogether(METHOD_GZIP, reconstruction, asyncParts(plain, [10_000, 400_000]))) made.push(piece);
  expect(Buffer.compare(concatBytes(made), stream)).toBe(0);
});

test('a reader may stop in the middle', async () => {
  let isReturned = false;
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* asyncParts(plain, [50_000]);
    } finally {
      isReturned = true;
    }
  }
  for await (const piece of putByThreads(reconstruction, readMarks(reconstruction), source())) if (piece.byteLength > 1000) break;
  expect(isReturned).toBe(true);
});

test.each([
  ['plain bytes are missing', plain.subarray(0, -1)],
  ['there are too many', concatBytes([plain, new Uint8Array(1)])],
  ['they are others', concatBytes([plain.subarray(0, 300_000), seededBytes(5, plain.byteLength - 300_000)])],
])('by threads it is INTEGRITY where %s', async (_, bytes) => {
  const run = async (): Promise<void> => {
    for await (const piece of putByThreads(reconstruction, readMarks(reconstruction), asyncParts(bytes))) releaseBytes(piece);
  };
  await expect(run()).rejects.toThrow(expect.objectContaining({ code: 'INTEGRITY' }));
});

test('marks that are elsewhere than blocks are refused, or make other bytes', async () => {
  const marks = readMarks(reconstruction);
  const places = marks.get(0) as readonly Mark[];
  const moved = (change: (mark: Mark) => Mark): ReadonlyMap<number, readonly Mark[]> =>
    new Map([[0, places.map((mark, i) => (i === 2 ? change(mark) : mark))]]);
  const run = async (wrong: ReadonlyMap<number, readonly Mark[]>): Promise<Uint8Array> => {
    const made: Uint8Array[] = [];
    for await (const piece of putByThreads(reconstruction, wrong, asyncParts(plain))) made.push(copyBytes(piece));
    return concatBytes(made);
  };
  await expect(run(moved((mark) => ({ ...mark, position: mark.position + 1 })))).rejects.toThrow(
    expect.objectContaining({ code: 'INTEGRITY' }),
  );
  await expect(run(moved((mark) => ({ ...mark, phase: (mark.phase + 1) % 8 })))).rejects.toThrow(
    expect.objectContaining({ code: 'INTEGRITY' }),
  );
  expect(Buffer.compare((await putInParts(reconstruction, plain)).stream, stream)).toBe(0);
});
