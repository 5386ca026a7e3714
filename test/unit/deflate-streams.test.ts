/** Undoing deflate: frames around the data, what stays closed, what a reconstruction must not ask for. */
import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { createPutTogether } from '../../shared/deflate/put-together.ts';
import { TransferError } from '../../shared/errors.ts';
import { DEFLATE_HEADER_BYTES_MAX, DEFLATE_MEMBERS_MAX, DEFLATE_SECTION_BYTES_MAX, DEFLATE_TAIL_BYTES_MAX } from '../../shared/limits.ts';
import { createByteWriter } from '../../shared/wire/varint.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { comesBack, compressed, putTogether, takeApart } from '../support/deflate-streams.ts';
import { seededBytes } from '../support/random.ts';

const text = textContent(1, 3000);
const member = new Uint8Array(gzipSync(text));
const data = member.subarray(10);

function withHeader(flags: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return concatBytes([new Uint8Array([0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 255]), ...fields, data]);
}

const NUL = new Uint8Array(1);
const EXTRA = concatBytes([new Uint8Array([5, 0]), utf8('extra')]);

test.each([
  ['with a name', withHeader(8, utf8('quay.txt'), NUL)],
  ['with a comment', withHeader(16, utf8('a quay'), NUL)],
  ['with all fields', withHeader(1 + 2 + 4 + 8 + 16, EXTRA, utf8('quay.txt'), NUL, utf8('a quay'), NUL, new Uint8Array([7, 7]))],
  ['with a wrong checksum', concatBytes([member.subarray(0, -8), new Uint8Array([9]), member.subarray(-7)])],
  ['with a wrong length', concatBytes([member.subarray(0, -1), new Uint8Array([9])])],
  ['with bytes behind it', concatBytes([member, utf8('more')])],
  ['with half a header behind it', concatBytes([member, member.subarray(0, 2)])],
  ['twice', concatBytes([member, member])],
  ['of nothing', new Uint8Array(gzipSync(new Uint8Array(0)))],
  ['of nothing between two', concatBytes([member, new Uint8Array(gzipSync(new Uint8Array(0))), member])],
])('a gzip member %s comes back, in pieces of any size', (_, stream) => {
  for (const sizes of [[], [1], [3, 1000], [17]]) {
    const { plain, reconstruction } = takeApart(stream, 'gzip', sizes);
    expect(reconstruction?.byteLength).toBeLessThan(200);
    expect(Buffer.compare(putTogether(reconstruction ?? NUL, plain, sizes), stream)).toBe(0);
  }
});

test('long streams come back, whatever the pieces on either side', () => {
  const parts = [textContent(2, 40_000), seededBytes(3, 150_000), codeContent(4, 4000), new Uint8Array(300_000), seededBytes(5, 70_000)];
  const plain = concatBytes([...parts, ...parts.toReversed()]);
  for (const options of [{ level: 6 }, { level: 1 }, { level: 0 }, { level: 9, memLevel: 3 }, { level: 5, windowBits: 12 }]) {
    const stream = compressed(plain, 'raw', options);
    const { reconstruction = NUL } = takeApart(stream, 'raw', [100_000]);
    for (const sizes of [[], [65_536], [4001]]) expect(Buffer.compare(putTogether(reconstruction, plain, sizes), stream)).toBe(0);
  }
});

test('megabytes of one byte, and of a few, between others are taken apart as anything else', () => {
  const parts = [
    seededBytes(6, 300_000),
    new Uint8Array(5 << 20),
    seededBytes(7, 100_000),
    new Uint8Array(Buffer.alloc(3 << 20, 'moorings')),
  ];
  const plain = concatBytes(parts);
  for (const level of [4, 6, 9]) {
    const stream = compressed(plain, 'gzip', { level });
    const { reconstruction = NUL } = takeApart(stream, 'gzip', [100_000]);
    expect(reconstruction.byteLength).toBeLessThan(200);
    for (const sizes of [[1 << 20], [65_536]]) expect(Buffer.compare(putTogether(reconstruction, plain, sizes), stream)).toBe(0);
  }
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['what is cut short', member.subarray(0, -9)],
  ['what has half a trailer', member.subarray(0, -3)],
  ['a zlib stream with a dictionary', new Uint8Array(deflateSync(text, { dictionary: Buffer.from('harbour') }))],
  ['a reserved flag', withHeader(32)],
  ['a header beyond the limit', withHeader(8, new Uint8Array(DEFLATE_HEADER_BYTES_MAX).fill(65), NUL)],
  ['a tail beyond the limit', concatBytes([member, new Uint8Array(DEFLATE_TAIL_BYTES_MAX + 1)])],
  ['a second member that is none', concatBytes([member, member.subarray(0, 10), seededBytes(6, 500)])],
  ['text', text],
])('%s stays closed', (_, stream) => {
  expect(takeApart(stream, 'any', [5000]).reconstruction).toBeUndefined();
});

test('a tail at the limit comes back', () => {
  expect(comesBack(concatBytes([member, new Uint8Array(DEFLATE_TAIL_BYTES_MAX)]), 'gzip')).toBe(true);
});

/** A reconstruction of its parts. */
function reconstructionOf(version: number, compressedBytes: number, members: Uint8Array, length = members.byteLength): Uint8Array {
  const writer = createByteWriter();
  writer.byte(version);
  for (const number of [compressedBytes, text.byteLength, length, 0]) writer.varint(number);
  writer.bytes(members);
  return writer.finish();
}

function failure(act: () => unknown): string {
  try {
    act();
    return 'none';
  } catch (error) {
    return error instanceof TransferError ? error.code : String(error);
  }
}

/** One member by `gzip -9n` without a frame, said to be so long. */
function announced(compressedBytes: number): Uint8Array {
  const list = createByteWriter();
  for (const byte of [1, 9, 0, 0, 0]) list.byte(byte);
  list.varint(text.byteLength);
  list.byte(0);
  return reconstructionOf(1, compressedBytes, list.finish());
}

/** So many members, of which none follows. */
function withMembers(members: number): Uint8Array {
  const list = createByteWriter();
  list.varint(members);
  return reconstructionOf(1, 1e6, list.finish());
}

/** A section of corrections, of so many bytes. */
function withSection(bytes: number): Uint8Array {
  const list = createByteWriter();
  for (const byte of [1, 9, 0, 0, 0, 1, 1]) list.byte(byte);
  const tail = createByteWriter();
  tail.varint(bytes);
  return concatBytes([reconstructionOf(1, 1e6, list.finish()), tail.finish()]);
}

test('a reconstruction that cannot be is refused', () => {
  const whole = takeApart(member).reconstruction ?? NUL;
  const put =
    (plain: Uint8Array): (() => unknown) =>
    () =>
      putTogether(whole, plain);
  expect(failure(put(text))).toBe('none');
  expect(failure(put(text.subarray(1)))).toBe('INTEGRITY');
  expect(failure(put(concatBytes([text, NUL])))).toBe('INTEGRITY');
  expect(failure(() => createPutTogether(whole.subarray(0, 12)))).toBe('INTEGRITY');
  expect(failure(() => createPutTogether(new Uint8Array(0)))).toBe('INTEGRITY');
  expect(failure(() => createPutTogether(reconstructionOf(2, 9, new Uint8Array([0]))))).toBe('INTEGRITY');
  // A maker, a segment, a frame that there is not; a member that is cut short.
  for (const fields of [
    [200, 0, 0],
    [9, 3, 0],
    [9, 0, 3],
    [9, 0],
  ]) {
    const bad = reconstructionOf(1, 1e6, new Uint8Array([1, ...fields, 0, text.byteLength & 127, 0]));
    expect(failure(() => putTogether(bad, text))).toBe('INTEGRITY');
  }
});

test('a reconstruction makes no more than it announces', () => {
  expect(failure(() => putTogether(announced(100), text))).toBe('INTEGRITY');
  expect(failure(() => putTogether(announced(1e6), text))).toBe('INTEGRITY');
});

test('limits of a reconstruction', () => {
  expect(failure(() => createPutTogether(withMembers(DEFLATE_MEMBERS_MAX)))).toBe('none');
  expect(failure(() => createPutTogether(withMembers(DEFLATE_MEMBERS_MAX + 1)))).toBe('LIMIT_EXCEEDED');
  expect(failure(() => putTogether(withSection(DEFLATE_SECTION_BYTES_MAX), NUL))).toBe('INTEGRITY');
  expect(failure(() => putTogether(withSection(DEFLATE_SECTION_BYTES_MAX + 1), NUL))).toBe('LIMIT_EXCEEDED');
});
