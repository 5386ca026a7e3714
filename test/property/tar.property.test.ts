import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../shared/bytes.ts';
import { BLOCK_BYTES, encodeHeader, parseHeader } from '../../shared/tar/header.ts';
import { readNumber, writeNumber } from '../../shared/tar/number-field.ts';
import { craftHeader } from '../support/craft-tar.ts';

/** A number field of `length` bytes as writers write them, now and then with a byte that does not belong there. */
const numeric = (length: number): fc.Arbitrary<string> =>
  fc
    .record({
      value: fc.nat({ max: 8 ** 6 - 1 }),
      fill: fc.constantFrom('0', ' '),
      ending: fc.constantFrom('\0', ' ', ' \0', '\0 ', '', '\0\0', '  '),
      fault: fc.option(fc.tuple(fc.nat({ max: length - 1 }), fc.constantFrom('0', '7', '8', ' ', '\0')), { freq: 8 }),
    })
    .map(({ value, fill, ending, fault }) => {
      const field = Array.from(value.toString(8).padStart(length - ending.length, fill) + ending);
      if (fault) field[fault[0]] = fault[1];
      return field.join('');
    });

describe('tar number fields', () => {
  it('come back in every format that can hold them', () => {
    const value = fc.oneof(fc.nat({ max: 8 ** 7 }), fc.maxSafeNat(), fc.integer({ min: -(2 ** 31) }));
    fc.assert(
      fc.property(value, fc.nat({ max: 40 }), fc.constantFrom(8, 12), (number, format, width) => {
        const block = new Uint8Array(20).fill(0x39);
        fc.pre(writeNumber(block, 4, width, number, format));
        const read = { value: 0, format: 0 };
        readNumber(block, 4, width, read);
        expect(read.value).toBe(number);
        expect([...block.subarray(0, 4), ...block.subarray(4 + width)]).toEqual(Array.from({ length: 20 - width }, () => 0x39));
      }),
    );
  });
});

describe('tar headers', () => {
  it('with any fields are written again exactly, or have no template', () => {
    const header = fc.record({
      name: fc.uint8Array({ maxLength: 100 }),
      mode: numeric(8),
      uid: numeric(8),
      size: numeric(12),
      mtime: fc.oneof(numeric(12), fc.uint8Array({ minLength: 12, maxLength: 12 })),
      link: fc.string({ maxLength: 30 }).map((text) => utf8(text).subarray(0, 100)),
      prefix: fc.constantFrom('', 'a', 'a/b', 'a'.repeat(155)),
    });
    let exact = 0;
    fc.assert(
      fc.property(header, ({ link, ...fields }) => {
        const block = craftHeader({ ...fields, patches: [[157, link]] });
        const parsed = parseHeader(block, 0);
        if (parsed?.template === undefined) return;
        exact++;
        const again = new Uint8Array(BLOCK_BYTES);
        encodeHeader(parsed.template, parsed, again, 0);
        expect(again).toEqual(block);
      }),
      { numRuns: 2000 },
    );
    expect(exact).toBeGreaterThan(5);
  });

  it('of random bytes have no right checksum', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 600 }), (bytes) => {
        expect(parseHeader(bytes, 0)).toBeUndefined();
      }),
    );
  });
});
