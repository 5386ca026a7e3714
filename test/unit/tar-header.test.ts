import { describe, expect, it } from 'vitest';
import { utf8, utf8Text } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { BLOCK_BYTES, encodeHeader, isHeader, parseHeader, TEMPLATE_BYTES } from '../../shared/tar/header.ts';
import { base256, craftHeader, GNU_MAGIC, type CraftedHeader } from '../support/craft-tar.ts';

const LONG = 'usr/share/doc/a-package-with-a-long-name/examples/of-many-kinds/'.repeat(3);

/** Writes the header again from its template; undefined where it has none. */
function rewritten(header: CraftedHeader): Uint8Array | undefined {
  const parsed = parseHeader(craftHeader(header), 0);
  if (parsed?.template === undefined) return undefined;
  const block = new Uint8Array(BLOCK_BYTES).fill(0xaa);
  encodeHeader(parsed.template, parsed, block, 0);
  return block;
}

const exact: [string, CraftedHeader][] = [
  ['POSIX', {}],
  ['GNU', { magic: GNU_MAGIC }],
  ['before POSIX', { magic: '' }],
  ['owner names and devices', { patches: [[265, 'root'], [297, 'wheel'], [329, '0000010\0'], [337, '0000001\0']] }], // prettier-ignore
  ['name of 100 bytes', { name: 'n'.repeat(100) }],
  ['link of 100 bytes', { type: '2', link: 'l'.repeat(100) }],
  ['prefix split late', { prefix: LONG.slice(0, 141), name: LONG.slice(142) }],
  ['prefix split early', { prefix: LONG.slice(0, 104), name: LONG.slice(105) }],
  ['space behind digits', { size: '00000000017 ', mtime: '14512345670 ', mode: '0000644 ', uid: '0000000 ' }],
  ['space and NUL behind digits', { mode: '000644 \0', uid: '000000 \0', gid: '000012 \0' }],
  ['spaces before digits', { mode: '   644 \0', uid: '     0 \0', gid: '    12 \0', size: '         17 ' }],
  ['digits to the end of the field', { uid: '12345670', mtime: '145123456701' }],
  ['size in base 256', { size: base256(2 ** 40, 12) }],
  ['owner in base 256', { patches: [[108, base256(3_000_000, 8)]] }],
  ['time before 1970', { mtime: base256(-3600, 12) }],
  ['empty number fields', { mode: '\0'.repeat(8), uid: '\0'.repeat(8), gid: '\0'.repeat(8), mtime: '\0'.repeat(12) }],
  ['checksum as most old tars', { checksum: (sum) => `${sum.toString(8).padStart(6, ' ')}\0 ` }],
  ['checksum with seven digits', { checksum: (sum) => `${sum.toString(8).padStart(7, '0')}\0` }],
  ['access times where the prefix would be', { magic: GNU_MAGIC, patches: [[345, '14512345670\0'], [357, '14512345671\0']] }], // prettier-ignore
  ['bytes that are not UTF-8', { name: Uint8Array.of(0xff, 0xfe, 0x80) }],
];

const literal: [string, CraftedHeader][] = [
  ['bytes behind the NUL of a name', { patches: [[50, 'x']] }],
  ['bytes behind the NUL of a link', { patches: [[200, 'x']] }],
  ['a prefix where none was needed', { prefix: 'a', name: 'b' }],
  ['a prefix split in the middle', { prefix: LONG.slice(0, 113), name: LONG.slice(114) }],
  ['digits at the left of a field', { mode: '644' }],
  ['no number', { uid: 'nobody' }],
  ['an owner beyond 32 bits', { patches: [[108, base256(2 ** 33, 8)]] }],
  ['a time beyond all limits', { mtime: base256(2 ** 52, 12) }],
  ['a signed checksum', { name: Uint8Array.of(0xff, 0xfe), signed: true }],
];

const none: [string, CraftedHeader][] = [
  ['a wrong checksum', { checksum: () => '0000001\0' }],
  ['no checksum', { checksum: () => '\0'.repeat(8) }],
  ['a size that is no number', { size: 'large' }],
  ['a negative size', { size: base256(-1, 12) }],
  ['a size beyond all limits', { size: base256(2 ** 52, 12) }],
];

describe('tar header', () => {
  it.each(exact)('is written again exactly: %s', (_, header) => {
    expect(rewritten(header)).toEqual(craftHeader(header));
  });

  it.each(literal)('is a header, but kept literally: %s', (_, header) => {
    expect(isHeader(craftHeader(header))).toBe(true);
    expect(rewritten(header)).toBeUndefined();
  });

  it.each(none)('is no header: %s', (_, header) => {
    expect(isHeader(craftHeader(header))).toBe(false);
  });

  it('is not a block of zeros, nor less than a block', () => {
    expect(isHeader(new Uint8Array(512))).toBe(false);
    expect(isHeader(craftHeader().subarray(0, 511))).toBe(false);
  });

  it('gives its fields', () => {
    const block = new Uint8Array(700);
    const header = {
      name: 'b/c',
      prefix: 'a',
      mode: '0100755\0',
      uid: '0001750\0',
      gid: '0000144\0',
      size: 4711,
      mtime: '00000000010\0',
      type: '2',
    };
    block.set(craftHeader({ ...header, link: 'target' }), 100);
    const parsed = parseHeader(block, 100);
    expect(parsed).toMatchObject({ mode: 0o100755, uid: 1000, gid: 100, size: 4711, mtime: 8, typeflag: 0x32 });
    expect([utf8Text(parsed?.name ?? block), utf8Text(parsed?.link ?? block)]).toEqual(['a/b/c', 'target']);
  });

  it('shares a template between rows that differ in their fields', () => {
    const one = parseHeader(craftHeader({ name: 'one', size: 1 }), 0)?.template?.slice();
    const other = parseHeader(craftHeader({ name: LONG.slice(142), prefix: LONG.slice(0, 141), size: 0, mode: '0000755\0' }), 0);
    expect(other?.template).toEqual(one);
  });

  it('refuses fields that do not fit the template', () => {
    const parsed = parseHeader(craftHeader(), 0);
    const template = parsed?.template?.slice() ?? new Uint8Array(0);
    const fields = { name: utf8('file'), link: utf8(''), mode: 0, uid: 0, gid: 0, mtime: 0, size: 0 };
    const block = new Uint8Array(512);
    const broken = [{ size: 8 ** 11 }, { mode: 8 ** 7 }, { mtime: -1 }, { name: new Uint8Array(101) }, { link: new Uint8Array(101) }];
    for (const field of broken) expect(() => encodeHeader(template, { ...fields, ...field }, block, 0)).toThrow(TransferError);
    expect(() => encodeHeader(new Uint8Array(TEMPLATE_BYTES).fill(0xff), fields, block, 0)).toThrow(TransferError);
    encodeHeader(template, fields, block, 0);
    expect(isHeader(block)).toBe(true);
  });
});
