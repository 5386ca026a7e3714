import { describe, expect, it } from 'vitest';
import { concatBytes, copyBytes, utf8, utf8Text } from '../../shared/bytes.ts';
import { TAR_INLINE_BYTES_MAX } from '../../shared/limits.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NONE, type Row } from '../../shared/recipe/recipe.ts';
import { createTarWalk, type TarEnd } from '../../shared/tar/walk.ts';
import { base256, craftEntry, craftHeader, craftTar, GNU_MAGIC, paxRecord } from '../support/craft-tar.ts';
import { seededBytes } from '../support/random.ts';

interface Walked {
  readonly rows: Row[];
  /** Bodies that came in pieces, in order. */
  readonly bodies: Uint8Array[];
  readonly tail: Uint8Array;
  readonly end: TarEnd;
}

function walk(bytes: Uint8Array, pieceBytes = bytes.byteLength, rowsMax = Infinity): Walked {
  const rows: Row[] = [];
  const bodies: Uint8Array[][] = [];
  const tail: Uint8Array[] = [];
  const walking = createTarWalk({
    template: () => 0,
    acceptsRow: () => rows.length < rowsMax,
    bodyStart: () => void bodies.push([]),
    body: (piece) => void bodies.at(-1)?.push(copyBytes(piece)),
    row: (row) => void rows.push(row),
    tail: (piece) => void tail.push(copyBytes(piece)),
  });
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) walking.write(bytes.subarray(at, at + pieceBytes));
  const end = walking.end();
  return { rows, bodies: bodies.map(concatBytes), tail: concatBytes(tail), end };
}

const names = ({ rows }: Walked): string[] => rows.map(({ name }) => utf8Text(name));
const bodyBytes = ({ rows }: Walked): number[] => rows.map((row) => row.bodyBytes);

describe('tar walk', () => {
  it('gives rows, bodies, padding and zeros', () => {
    const content = seededBytes(1, 1000);
    const walked = walk(
      craftTar([craftEntry({ name: 'a' }, content), craftEntry({ name: 'd/', type: '5' }), craftEntry({ name: 'b' }, 'x', 7)], 2048),
    );
    expect(names(walked)).toEqual(['a', 'd/', 'b']);
    expect(walked.rows.map(({ body }) => body)).toEqual([BODY_CHUNKS, BODY_NONE, BODY_CHUNKS]);
    expect(walked.bodies).toEqual([content, utf8('x')]);
    expect(walked.rows.map(({ padding }) => padding)).toEqual([undefined, undefined, new Uint8Array(511).fill(7)]);
    expect(walked.end).toEqual({ zeroTail: 2048, isTruncated: false });
    expect(walked.tail.byteLength).toBe(0);
  });

  it.each([1, 3, 511, 512, 513, 1000])('is the same in pieces of %i bytes', (pieceBytes) => {
    const long = craftEntry({ name: '././@LongLink', type: 'L', magic: GNU_MAGIC }, `${'n/'.repeat(200)}\0`);
    const tar = craftTar(
      [craftEntry({ name: 'a' }, seededBytes(2, 5000)), long, craftEntry({ name: 'n' }, seededBytes(3, 512), 1), utf8('garbage')],
      3000,
    );
    expect(walk(tar, pieceBytes)).toEqual(walk(tar));
  });

  it('keeps the bodies of describing headers inline', () => {
    const record = paxRecord('path', 'p'.repeat(300));
    const walked = walk(
      craftTar([craftEntry({ type: 'g' }, 'global'), craftEntry({ type: 'x' }, record), craftEntry({ name: 'p' }, 'body')]),
    );
    expect(walked.rows.map(({ inline }) => inline && utf8Text(inline))).toEqual(['global', record, undefined]);
    expect(walked.rows[0]?.body).toBe(BODY_INLINE);
  });

  it('streams a describing header that is too large to keep', () => {
    const walked = walk(craftTar([craftEntry({ type: 'x' }, new Uint8Array(TAR_INLINE_BYTES_MAX + 1)), craftEntry({})]));
    expect(walked.rows.map(({ body }) => body)).toEqual([BODY_CHUNKS, BODY_NONE]);
  });

  it('lets a pax size override the header of the next entry, and of no other', () => {
    const pax = craftEntry({ type: 'x' }, paxRecord('mtime', '1.5') + paxRecord('size', '1000'));
    const long = craftEntry({ type: 'L' }, 'name\0');
    const file = craftEntry({ name: 'a', size: 0 }, seededBytes(4, 1000));
    const walked = walk(craftTar([pax, long, file, craftEntry({ name: 'b' }, 'xy')]));
    expect(bodyBytes(walked).slice(2)).toEqual([1000, 2]);
    expect(walked.end.isTruncated).toBe(false);
    expect(walk(craftTar([pax, craftEntry({ name: 'l', type: '2' }), craftEntry({ name: 'b' }, 'xy')])).rows.length).toBe(3);
  });

  it.each([
    'x',
    '99999999999 size=1\n',
    '8 size=1\n',
    ' size=1\n',
    '-1 size=1\n',
    paxRecord('size', '1e3'),
    paxRecord('size', ''),
    paxRecord('size', '9'.repeat(30)),
  ])('does without a pax record that cannot be: %j', (record) => {
    const walked = walk(craftTar([craftEntry({ type: 'x' }, record), craftEntry({ name: 'b' }, 'xy')]));
    expect([bodyBytes(walked)[1], walked.end.isTruncated]).toEqual([2, false]);
  });

  it.each(['1', '2', '3', '4', '5', '6'])('takes no body behind type %s, whatever its size says', (type) => {
    expect(names(walk(craftTar([craftEntry({ type, size: 4711 }), craftEntry({ name: 'next' })])))).toEqual(['file', 'next']);
  });

  it('keeps the extension blocks of sparse files as rows, the body behind the last', () => {
    const header = craftHeader({ name: 'sparse', type: 'S', magic: GNU_MAGIC, size: 700, patches: [[482, Uint8Array.of(1)]] });
    const more = seededBytes(5, 512);
    more[504] = 1;
    const last = seededBytes(6, 512);
    last[504] = 0;
    const content = seededBytes(7, 1024);
    const walked = walk(craftTar([header, more, last, content.fill(0, 700), craftEntry({ name: 'b' }, 'xy')]));
    expect(names(walked)).toEqual(['sparse', 'sparse', 'sparse', 'b']);
    expect(walked.rows.slice(0, 3).map(({ literal }) => literal)).toEqual([header, more, last]);
    expect(bodyBytes(walked)).toEqual([0, 0, 700, 2]);
  });

  it('takes a sparse file without extension blocks as one row', () => {
    const header = { name: 'sparse', type: 'S', magic: GNU_MAGIC };
    expect(bodyBytes(walk(craftTar([craftEntry(header, seededBytes(8, 700)), craftEntry({})])))).toEqual([700, 0]);
  });

  it('reads sizes in base 256', () => {
    expect(bodyBytes(walk(craftTar([craftEntry({ size: base256(600, 12) }, new Uint8Array(600).fill(1))])))).toEqual([600]);
  });

  it('makes what is no header the tail', () => {
    const tar = craftTar([craftEntry({ name: 'a' }, 'x')], 0);
    const rest = seededBytes(9, 2000);
    const walked = walk(concatBytes([tar, rest]));
    expect([names(walked), walked.tail, walked.end]).toEqual([['a'], rest, { zeroTail: 0, isTruncated: false }]);
  });

  it('makes what follows the end blocks the tail, a header too', () => {
    const more = craftEntry({ name: 'b' }, 'y');
    const walked = walk(concatBytes([craftTar([craftEntry({ name: 'a' }, 'x')], 10_240), more]));
    expect([names(walked), walked.tail, walked.end.zeroTail]).toEqual([['a'], more, 10_240]);
  });

  it('takes the rest as tail when no more rows are wanted', () => {
    const tar = craftTar([craftEntry({ name: 'a' }), craftEntry({ name: 'b' }), craftEntry({ name: 'c' })], 1024);
    const walked = walk(tar, 100, 2);
    expect([names(walked), walked.tail]).toEqual([['a', 'b'], tar.subarray(1024)]);
  });

  it('knows where the stream was cut', () => {
    const tar = craftTar([craftEntry({ name: 'a' }, seededBytes(10, 700)), craftEntry({ name: 'b' }, 'xy')]);
    const states = [0, 100, 512, 600, 1212, 1300, 1536, 1600, 2048, 2050, 2100, 2560, 2600, 3584].map((length) => {
      const { rows, tail, end } = walk(tar.subarray(0, length), 99);
      return [
        length,
        rows.length,
        rows.at(-1)?.bodyBytes,
        rows.at(-1)?.padding?.byteLength,
        tail.byteLength,
        end.zeroTail,
        end.isTruncated,
      ];
    });
    expect(states).toEqual([
      [0, 0, undefined, undefined, 0, 0, false],
      [100, 0, undefined, undefined, 100, 0, true],
      [512, 1, 0, 0, 0, 0, true],
      [600, 1, 88, 0, 0, 0, true],
      [1212, 1, 700, 0, 0, 0, true],
      [1300, 1, 700, 88, 0, 0, true],
      [1536, 1, 700, undefined, 0, 0, false],
      [1600, 1, 700, undefined, 64, 0, true],
      [2048, 2, 0, 0, 0, 0, true],
      [2050, 2, 2, 0, 0, 0, true],
      [2100, 2, 2, 50, 0, 0, true],
      [2560, 2, 2, undefined, 0, 0, false],
      [2600, 2, 2, undefined, 0, 40, false],
      [3584, 2, 2, undefined, 0, 1024, false],
    ]);
  });
});
