import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflateAt, inflateOnce } from '../../shared/delta/opened/inflate.ts';

const both = { 'by the stream that is kept': inflateAt, 'by one of its own': inflateOnce };

describe.each(Object.entries(both))('inflates %s', (_, inflate) => {
  it.each([0, 1, 1000, 65_535, 65_536, 65_537, 131_072, 300_000])('%i bytes, with more behind the stream', (length) => {
    const content = Buffer.concat([randomBytes(length / 2), Buffer.alloc(length - Math.floor(length / 2), 'lighterman ')]).subarray(
      0,
      length,
    );
    const deflated = deflateRawSync(content);
    const found = inflate(Buffer.concat([deflated, randomBytes(100)]), Math.max(length, 1));
    expect(found?.bytes).toBe(deflated.byteLength);
    expect(Buffer.from(found?.content ?? []).equals(content)).toBe(true);
    expect(found?.content.buffer.byteLength).toBe(length);
  });

  it('nothing where there is no stream, it is cut short, or holds too much', () => {
    const deflated = deflateRawSync(Buffer.alloc(100_000, 'abc'));
    expect(inflate(new Uint8Array(0), 10)).toBeUndefined();
    expect(inflate(Buffer.from([0xff, 0xff, 0xff]), 10)).toBeUndefined();
    expect(inflate(deflated.subarray(0, -1), 100_000)).toBeUndefined();
    expect(inflate(deflated, 99_999)).toBeUndefined();
    expect(inflate(deflated, 0)).toBeUndefined();
    expect(inflate(deflated, 100_000)?.bytes).toBe(deflated.byteLength);
  });
});

it('says the same of any bytes, one after the other', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 300 }).map((content) => new Uint8Array(deflateRawSync(content))),
  );
  fc.assert(
    fc.property(bytes, fc.nat({ max: 400 }), (some, contentMax) => {
      const found = inflateAt(some, contentMax);
      const expected = inflateOnce(some, contentMax);
      expect(found?.bytes).toBe(expected?.bytes);
      expect(found && [...found.content]).toEqual(expected && [...expected.content]);
    }),
    { numRuns: 500 },
  );
});
