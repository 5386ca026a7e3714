/** Undoing zstd: frames and what stands around their blocks, what stays closed, what a reconstruction must not ask for. */
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { ZSTD_FRAMES_MAX, ZSTD_SECTION_BYTES_MAX, ZSTD_TAIL_BYTES_MAX } from '../../shared/limits.ts';
import { plannedBlock, plannedHeader, readFrameHeader } from '../../shared/unzstd/frame.ts';
import { readReconstruction } from '../../shared/unzstd/reconstruction.ts';
import { createByteWriter } from '../../shared/wire/varint.ts';
import { section } from '../../shared/wrapped/section.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { seededBytes } from '../support/random.ts';
import { plannedZstd, putTogether, takeApart, zstdAt } from '../support/zstd-streams.ts';

const NOTHING = new Uint8Array(0);
const text = textContent(1, 3000);
const planned = plannedZstd(text);
const wrongChecksum = planned.with(planned.byteLength - 1, (planned.at(-1) ?? 0) ^ 1);
const skippable = concatBytes([new Uint8Array([0x5f, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), utf8('quay')]);
const raw = (bytes: Uint8Array, isLast: boolean): Uint8Array =>
  concatBytes([new Uint8Array([(isLast ? 1 : 0) | ((bytes.byteLength & 31) << 3), bytes.byteLength >> 5, 0]), bytes]);
const header = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0x68]);

test.each([
  ['as planned', planned],
  ['of nothing', new Uint8Array(zstdCompressSync(NOTHING))],
  ['of nothing, as planned', plannedZstd(NOTHING)],
  ['with a wrong checksum', wrongChecksum],
  ['without a checksum', zstdAt(text, 3)],
  ['with bytes behind it', concatBytes([planned, utf8('more')])],
  ['with half a header behind it', concatBytes([planned, planned.subarray(0, 3)])],
  ['twice', concatBytes([planned, planned])],
  ['behind a skippable frame', concatBytes([skippable, planned])],
  ['before half a skippable frame', concatBytes([planned, skippable.subarray(0, 10)])],
  [
    'in raw blocks, not all of them long',
    concatBytes([header, raw(text.subarray(0, 300), false), raw(NOTHING, false), raw(text.subarray(300, 900), true)]),
  ],
  ['with a repeated byte', concatBytes([header, new Uint8Array([0x83, 0x3e, 0, 65])])],
])('a frame %s comes back, in pieces of any size', (_, stream) => {
  for (const sizes of [[], [1], [3, 1000], [17]]) {
    const { plain, reconstruction = NOTHING } = takeApart(stream, sizes);
    expect(reconstruction.byteLength).toBeGreaterThan(0);
    expect(Buffer.compare(putTogether(reconstruction, plain, sizes), stream)).toBe(0);
  }
});

test('long streams come back, whatever the pieces on either side, with matches far back', () => {
  const parts = [textContent(2, 40_000), seededBytes(3, 1_500_000), codeContent(4, 4000), new Uint8Array(300_000), seededBytes(5, 70_000)];
  const plain = concatBytes([...parts, ...parts.toReversed(), seededBytes(6, 6_000_000), ...parts, seededBytes(7, 9_000_000), ...parts]);
  const stream = plannedZstd(plain);
  const { plain: found, reconstruction = NOTHING } = takeApart(stream, [100_000]);
  expect(Buffer.compare(found, plain)).toBe(0);
  expect(reconstruction.byteLength).toBeLessThan(40);
  for (const sizes of [[65_536], [400_001]]) expect(Buffer.compare(putTogether(reconstruction, plain, sizes), stream)).toBe(0);
});

test('a stream by another encoder comes back, where it reaches no further back than 8 MiB', () => {
  const far = seededBytes(8, 9_000_000);
  const plain = concatBytes([text, far, text]);
  const { reconstruction = NOTHING } = takeApart(zstdAt(plain, 3));
  expect(Buffer.compare(putTogether(reconstruction, plain), zstdAt(plain, 3))).toBe(0);
  const long = { [constants.ZSTD_c_windowLog]: 24, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };
  expect(takeApart(zstdAt(plain, 3, long)).reconstruction).toBe(undefined);
});

test.each([
  ['nothing', NOTHING],
  ['what is cut short', planned.subarray(0, -9)],
  ['what has half a checksum', planned.subarray(0, -2)],
  ['what has no last block', concatBytes([header, raw(text.subarray(0, 200), false)])],
  ['a dictionary', planned.with(4, (planned[4] ?? 0) | 1)],
  ['a reserved flag', planned.with(4, (planned[4] ?? 0) | 8)],
  ['a window of 16 MiB', header.with(5, 0x70)],
  ['a reserved type of block', concatBytes([header, new Uint8Array([7, 0, 0])])],
  ['a block that is too long', concatBytes([header, new Uint8Array([1, 0, 0x11]), new Uint8Array(139_264)])],
  ['a content size that is wrong', zstdAt(text, 3).with(5, 1)],
  ['a tail beyond the limit', concatBytes([planned, new Uint8Array(ZSTD_TAIL_BYTES_MAX + 1)])],
  ['gzip', new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
])('%s stays closed', (_, stream) => {
  expect(takeApart(stream).reconstruction).toBe(undefined);
});

test.each([0, 1, 255, 256, 1023, 1024, 1025, 65_791, 65_792, 131_071, 131_072, 10_000_000])(
  'the planned header of %i bytes says so',
  (bytes) => {
    const read = readFrameHeader(plannedHeader(bytes));
    expect(read?.bytes).toBe(plannedHeader(bytes).byteLength);
    expect([read?.hasChecksum, read?.isSingle]).toEqual([true, bytes > 1024 && bytes < 131_072]);
    expect(read?.contentBytes).toBe(bytes < 256 || bytes >= 131_072 ? undefined : bytes);
  },
);

test('blocks are cut at 128 KiB, and an empty one ends a frame that is full', () => {
  expect(plannedBlock(200_000, false)).toEqual({ bytes: 131_072, isLast: false });
  expect([plannedBlock(131_072, false), plannedBlock(0, false)]).toEqual([{ bytes: 131_072, isLast: false }, { bytes: 0, isLast: true }]); // prettier-ignore
  expect(plannedBlock(131_072, true)).toEqual({ bytes: 131_072, isLast: true });
});

/** A reconstruction with this list of frames, and these records. */
function reconstructionOf(frames: Uint8Array, records: readonly number[] = [], lengths: readonly number[] = [4000, 300]): Uint8Array {
  const head = createByteWriter();
  head.byte(1);
  for (const length of lengths) head.varint(length);
  const said = new Uint8Array(records);
  return concatBytes([head.finish(), section(frames), ...(said.byteLength === 0 ? [] : [section(said)])]);
}

function list(...values: readonly (number | Uint8Array)[]): Uint8Array {
  const writer = createByteWriter();
  for (const value of values) {
    if (typeof value === 'number') writer.varint(value);
    else writer.bytes(value);
  }
  return writer.finish();
}

const plain = text.subarray(0, 300);
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return TransferError.from(error).code;
  }
};

test.each([
  ['an unknown version', new Uint8Array([2, 0, 0, 1, 0, 0]), 'INTEGRITY'],
  ['nothing at all', NOTHING, 'INTEGRITY'],
  ['too many frames', reconstructionOf(list(ZSTD_FRAMES_MAX + 1)), 'LIMIT_EXCEEDED'],
  ['a section beyond the limit', concatBytes([reconstructionOf(list(1, 0, 300, 5)), list(ZSTD_SECTION_BYTES_MAX + 1)]), 'LIMIT_EXCEEDED'],
  ['unknown flags of a frame', reconstructionOf(list(1, 8, 300, 0)), 'INTEGRITY'],
  ['a header that is none', reconstructionOf(list(1, 2, 6, utf8('lumber'), 300, 0)), 'INTEGRITY'],
  ['a header that is too long', reconstructionOf(list(1, 2, 7, header, new Uint8Array(1), 300, 0)), 'INTEGRITY'],
  ['a checksum where there is none', reconstructionOf(list(1, 6, 6, header, 300, new Uint8Array(4), 0)), 'INTEGRITY'],
  ['fewer plain bytes', reconstructionOf(list(1, 0, 299, 0)), 'INTEGRITY'],
  ['more plain bytes', reconstructionOf(list(1, 0, 301, 0)), 'INTEGRITY'],
  ['fewer compressed bytes', reconstructionOf(list(1, 0, 300, 0), [], [10, 300]), 'INTEGRITY'],
  ['records that are not there', reconstructionOf(list(1, 0, 300, 9)), 'INTEGRITY'],
  ['an empty section', concatBytes([reconstructionOf(list(1, 0, 300, 9)), new Uint8Array([0, 0])]), 'INTEGRITY'],
  ['a record of no flags', reconstructionOf(list(1, 0, 300, 3), [0, 1, 0]), 'INTEGRITY'],
  ['a record of unknown flags', reconstructionOf(list(1, 0, 300, 3), [0, 1, 32]), 'INTEGRITY'],
  ['an unknown generation', reconstructionOf(list(1, 0, 300, 4), [0, 2, 2, 4]), 'INTEGRITY'],
  ['a block beyond the frame', reconstructionOf(list(1, 0, 300, 5), [0, 3, 1, 0xdb, 4]), 'INTEGRITY'],
  ['a last block too early', reconstructionOf(list(1, 0, 300, 5), [0, 3, 1, 0xc9, 1]), 'INTEGRITY'],
  ['a record for a block that does not come', reconstructionOf(list(1, 0, 300, 3), [7, 1, 2]), 'INTEGRITY'],
  ['a number without an end', reconstructionOf(list(1, 0, 300, 9), [255, 255, 255, 255, 255, 255, 255, 255, 255]), 'INTEGRITY'],
  ['a sequence beyond its block', reconstructionOf(list(1, 0, 300, 9), [0, 7, 4, 1, 0xad, 2, 9, 9, 0]), 'INTEGRITY'],
  ['a sequence from before its frame', reconstructionOf(list(1, 0, 300, 8), [0, 6, 12, 1, 2, 1, 99, 0]), 'INTEGRITY'],
  ['a reserved type of block', reconstructionOf(list(1, 0, 300, 4), [0, 2, 8, 3]), 'INTEGRITY'],
  ['a tree that is not there', reconstructionOf(list(1, 0, 300, 4), [0, 2, 8, 2 + 12 + 64]), 'INTEGRITY'],
  ['a block that is no block', reconstructionOf(list(1, 0, 300, 7), [0, 5, 16, 5, 0, 0, 0]), 'INTEGRITY'],
  ['something behind a record', reconstructionOf(list(1, 0, 300, 5), [0, 3, 8, 0, 0]), 'INTEGRITY'],
])('a reconstruction with %s is an error', (_, reconstruction, code) => {
  expect(codeOf(() => putTogether(reconstruction, plain))).toBe(code);
});

test('what is read of a reconstruction is what it announces', () => {
  const { reconstruction = NOTHING } = takeApart(planned);
  const reader = readReconstruction(reconstruction);
  expect([reader.compressedBytes, reader.plainBytes]).toEqual([planned.byteLength, text.byteLength]);
  expect(reader.next()).toEqual({ frame: { header: undefined, plainBytes: text.byteLength, checksum: undefined, recordBytes: 0 } });
  expect(reader.next()).toBe(undefined);
});
