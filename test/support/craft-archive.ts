/** Layers and `docker save` archives with everything in them that makes tars hard, by name of the difficulty. */
import { gzipSync } from 'node:zlib';
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { base256, craftEntry, craftHeader, craftTar, GNU_MAGIC, paxRecord } from './craft-tar.ts';
import { seededBytes } from './random.ts';

const LONG = 'usr/share/doc/a-package-with-a-long-name/examples/of-many-kinds/'.repeat(3);
const large = seededBytes(100, 700_000);
const small = seededBytes(101, 3000);

/** An old GNU sparse file with `extensions` blocks of map behind its header. */
function sparse(extensions: number): Uint8Array {
  const header = craftHeader({ name: 'sparse', type: 'S', magic: GNU_MAGIC, size: 3000, patches: [[482, Uint8Array.of(1)]] });
  const maps = Array.from({ length: extensions }, (_, index) => {
    const map = seededBytes(110 + index, 512);
    map[504] = index < extensions - 1 ? 1 : 0;
    return map;
  });
  return concatBytes([header, ...maps, small, new Uint8Array(72)]);
}

/** A plain layer: folders, files small and large, links. */
export const plainLayer: Uint8Array = craftTar(
  [
    craftEntry({ name: 'usr/', type: '5', mode: '0000755\0' }),
    craftEntry({ name: 'usr/small' }, small),
    craftEntry({ name: 'usr/large', mtime: '14512345671\0' }, large),
    craftEntry({ name: 'usr/hard', type: '1', link: 'usr/small' }),
    craftEntry({ name: 'usr/soft', type: '2', link: 'small' }),
    craftEntry({ name: 'usr/empty' }),
  ],
  10_240,
);

export const layers: Readonly<Record<string, Uint8Array>> = {
  plain: plainLayer,
  'GNU long names and links': craftTar([
    craftEntry({ name: '././@LongLink', type: 'L', magic: GNU_MAGIC }, `${LONG.repeat(2)}\0`),
    craftEntry({ name: LONG.slice(0, 100), magic: GNU_MAGIC }, small),
    craftEntry({ name: '././@LongLink', type: 'K', magic: GNU_MAGIC }, `${LONG}\0`),
    craftEntry({ name: 'l', type: '2', link: LONG.slice(0, 100), magic: GNU_MAGIC }),
  ]),
  'PAX names and attributes': craftTar([
    craftEntry({ name: 'pax_global_header', type: 'g' }, paxRecord('comment', 'all of them')),
    craftEntry({ name: 'PaxHeaders/a', type: 'x' }, paxRecord('path', LONG) + paxRecord('SCHILY.xattr.user.a', 'b')),
    craftEntry({ name: 'a' }, small),
    craftEntry({ name: LONG.slice(142), prefix: LONG.slice(0, 141) }, small),
  ]),
  'a PAX size that overrides the header': craftTar([
    craftEntry({ type: 'x' }, paxRecord('size', '3000')),
    concatBytes([craftHeader({ name: 'big', size: 0 }), small, new Uint8Array(72)]),
    craftEntry({ name: 'next' }, 'x'),
  ]),
  'devices, fifos and other types': craftTar([
    craftEntry({ name: 'dev/null', type: '3', patches: [[329, '0000001\0'], [337, '0000003\0']] }), // prettier-ignore
    craftEntry({ name: 'dev/sda', type: '4' }),
    craftEntry({ name: 'run/pipe', type: '6' }),
    craftEntry({ name: 'contiguous', type: '7' }, 'x'),
    craftEntry({ name: 'dump', type: 'D' }, 'Yfile\0\0'),
    craftEntry({ name: 'volume', type: 'V' }),
    craftEntry({ name: 'before-posix', type: '\0', magic: '' }, 'y'),
  ]),
  'old GNU sparse files': craftTar([sparse(1), sparse(3), craftEntry({ name: 'after' }, small)]),
  'PAX 1.0 sparse files': craftTar([
    craftEntry(
      { type: 'x' },
      paxRecord('GNU.sparse.major', '1') + paxRecord('GNU.sparse.minor', '0') + paxRecord('GNU.sparse.realsize', '9999'),
    ),
    craftEntry({ name: 'GNUSparseFile.0/sparse' }, concatBytes([utf8('1\n6999\n3000\n'), new Uint8Array(500), small])),
  ]),
  'numbers in base 256': craftTar([
    craftEntry({ size: base256(3000, 12), patches: [[108, base256(3_000_000, 8)]], mtime: base256(-1, 12) }, small),
  ]),
  'odd headers': craftTar([
    craftEntry({ mode: '644', patches: [[60, 'junk']] }, small),
    craftEntry({ checksum: (sum) => `${sum.toString(8).padStart(6, ' ')}\0 ` }, 'x'),
    craftEntry({ name: Uint8Array.of(0xff, 0xfe), signed: true }, 'y'),
  ]),
  'padding that is not zero': craftTar([
    craftEntry({}, small, 0x55),
    craftEntry({}, 'x', 1),
    craftEntry({ type: 'x' }, paxRecord('a', 'b'), 2),
  ]),
  'many trailing blocks': craftTar([craftEntry({}, small)], 300_000),
  'no end blocks': craftTar([craftEntry({}, small)], 0),
  'one end block, cut short': craftTar([craftEntry({}, small)], 100),
  'content behind the end': concatBytes([plainLayer, large]),
  'a second tar behind the end': concatBytes([plainLayer, plainLayer]),
  'damage in the middle': plainLayer.with(512 * 1 + 150, 0xff),
  'damage late': plainLayer.with(plainLayer.byteLength - 10_240 - 100, 0xff),
  'cut inside a body': plainLayer.subarray(0, 100_000),
  'cut inside padding': plainLayer.subarray(0, 512 * 2 + 3000 + 10),
  'cut inside a header': plainLayer.subarray(0, 700),
  'a single header': craftEntry({ name: 'usr/', type: '5' }),
};

/** Things that are not taken apart, though they stand where layers stand. */
export const opaque: Readonly<Record<string, Uint8Array>> = {
  'a compressed layer that is too small': gzipSync('x'.repeat(5000)),
  'zeros alone': new Uint8Array(10_240),
  nothing: new Uint8Array(0),
  'half a header': plainLayer.subarray(0, 300),
  text: utf8('[{"Config":"c.json","Layers":["layer.tar"]}]\n'),
};

/** The same layer twice, once as a link, under two images; the layout of engines before 25. */
export function craftArchive(layer: Uint8Array): Uint8Array {
  return craftTar([
    craftEntry({ name: 'aa/', type: '5' }),
    craftEntry({ name: 'aa/VERSION' }, '1.0'),
    craftEntry({ name: 'aa/layer.tar' }, layer),
    craftEntry({ name: 'bb/layer.tar', type: '2', link: '../aa/layer.tar' }),
    craftEntry({ name: 'cc/layer.tar' }, layer),
    craftEntry({ name: 'config.json' }, '{}'),
    craftEntry(
      { name: 'manifest.json' },
      '[{"Config":"config.json","Layers":["aa/layer.tar"]},{"Config":"config.json","Layers":["bb/layer.tar"]}]',
    ),
  ]);
}
