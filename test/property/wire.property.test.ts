import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { asId } from '../../shared/hash.ts';
import {
  decodeSegmentFrame,
  decodeStreamFrame,
  encodeSegmentFrame,
  encodeStreamFrame,
  OWN_STREAM,
  type RunBase,
  type StreamFrame,
} from '../../shared/wire/bulk.ts';
import { METHOD_GZIP } from '../../shared/recipe/recipe.ts';
import { FRAME } from '../../shared/wire/frames.ts';
import { decodeMessage, type MessageName } from '../../shared/wire/messages.ts';
import { createByteReader, createByteWriter } from '../../shared/wire/varint.ts';

const number = fc.maxSafeNat();
const small = fc.nat({ max: 60_000 });
const bytes = fc.uint8Array({ maxLength: 300 });

/** What became of a decoding: a value, or an error; anything but a TransferError is passed on. */
function outcome(decode: () => unknown): 'value' | 'error' {
  try {
    decode();
    return 'value';
  } catch (error) {
    if (error instanceof TransferError) return 'error';
    throw error;
  }
}

describe('wire', () => {
  it('varints come back, whatever surrounds them', () => {
    fc.assert(
      fc.property(fc.array(number), (values) => {
        const writer = createByteWriter(1);
        for (const value of values) writer.varint(value);
        const reader = createByteReader(writer.finish());
        expect(values.map(() => reader.varint('value'))).toEqual(values);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('stream frames come back', () => {
    const base = fc.oneof(
      fc.record({ kind: fc.constant('held' as const), index: fc.nat({ max: 255 }) }),
      fc.record({ kind: fc.constant('sent' as const), stream: small }),
    );
    const frame = fc
      .record({
        stream: small,
        image: small,
        id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        bases: fc.array(base, { maxLength: 12 }),
        askBytes: fc.nat({ max: 32 }),
        asks: fc.nat({ max: 9 }),
        recipe: bytes,
      })
      .map(({ asks, id, ...rest }): StreamFrame => ({
        ...rest,
        id: asId(id),
        skeleton: asks % 3 === 0 ? asId(id) : undefined,
        ...(asks % 3 === 1 && { wrapping: { method: METHOD_GZIP, bytes: rest.stream * 2 ** 20 } }),
        asked: new Uint8Array(rest.askBytes * asks).fill(7),
      }));
    fc.assert(
      fc.property(frame, (value) => {
        expect(decodeStreamFrame(encodeStreamFrame(value))).toEqual(value);
      }),
    );
  });

  it('segment frames come back', () => {
    const range = fc.oneof(
      fc.record({ base: fc.nat({ max: 255 }), row: small, firstChunk: small, chunkCount: small }),
      fc.record({ base: fc.constant(OWN_STREAM), row: fc.constant(0), firstChunk: small, chunkCount: small }),
    );
    const base: fc.Arbitrary<RunBase> = fc.record({ rows: fc.boolean(), ranges: fc.array(range, { maxLength: 5 }) });
    const run = fc.record({ codec: fc.nat({ max: 255 }), chunkCount: small, base, payload: bytes });
    fc.assert(
      fc.property(fc.record({ segment: number, stream: small, runs: fc.array(run, { maxLength: 6 }) }), (value) => {
        expect(decodeSegmentFrame(encodeSegmentFrame(value))).toEqual(value);
      }),
    );
  });

  it('any bytes are a frame or a clear error', () => {
    const messages: MessageName[] = [
      'hello',
      'welcome',
      'offer',
      'answer',
      'need',
      'stored',
      'commit',
      'progress',
      'receipt',
      'failed',
      'error',
    ];
    fc.assert(
      fc.property(bytes, (body) => {
        for (const name of messages) expect(outcome(() => decodeMessage(name, Buffer.from([FRAME[name], ...body])))).toMatch(/value|error/);
        expect(outcome(() => decodeStreamFrame(Buffer.from([FRAME.stream, ...body])))).toMatch(/value|error/);
        expect(outcome(() => decodeSegmentFrame(Buffer.from([FRAME.segment, ...body])))).toMatch(/value|error/);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [
      'an id of 31 bytes',
      () => decodeMessage('offer', Buffer.from([FRAME.offer, 0x96, 0, 0xa0, 0xc4, 31, ...new Uint8Array(31), 0xc4, 0, 0xc4, 0, 1])),
    ],
    ['the wrong type', () => decodeMessage('offer', Buffer.from([FRAME.hello, 0x90]))],
    ['a varint without end', () => decodeSegmentFrame(new Uint8Array(20).fill(0xff))],
    ['more bases than allowed', () => decodeStreamFrame(Buffer.from([FRAME.stream, 0, 0, ...new Uint8Array(32), 0, 0xff, 0x7f]))],
    ['a payload longer than the frame', () => decodeSegmentFrame(Buffer.from([FRAME.segment, 0, 0, 0, 1, 0, 9, 1]))],
  ])('refuses %s', (_name, decode) => {
    expect(decode).toThrow(TransferError);
  });
});
