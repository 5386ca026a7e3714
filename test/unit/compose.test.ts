/** The archive that every engine loads: its members, its bytes, its streaming. */
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeArchive, layoutOf } from '../../receiver/image/compose.ts';
import type { LayerBlob, LoadableImage } from '../../receiver/image/port.ts';
import { tarBytes, writeTar, type TarMember } from '../../receiver/image/tar-writer.ts';
import { utf8 } from '../../shared/bytes.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { runCommand } from '../support/command.ts';
import { collect, readTar } from '../support/tar.ts';

function member(name: string, ...parts: readonly Uint8Array[]): TarMember {
  return {
    name,
    bytes: parts.reduce((sum, part) => sum + part.byteLength, 0),
    open: async function* () {
      yield* parts;
    },
  };
}

function layer(text: string, diffId?: string): LayerBlob {
  const digest = sha256Digest(utf8(text));
  return { ...member('', utf8(text)), digest, diffId: diffId ?? digest, mediaType: undefined };
}

function image(layers: readonly LayerBlob[]): LoadableImage {
  const config = utf8(JSON.stringify({ rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } }));
  return { refs: ['app:1'], config, configDigest: sha256Digest(config), layers };
}

const NAME = { repository: 'a/b', tag: 'c' };
const hexOf = (digest: string): string => digest.slice('sha256:'.length);

async function json(members: readonly TarMember[], name: string): Promise<unknown> {
  const found = members.find((candidate) => candidate.name === name);
  return found === undefined ? undefined : JSON.parse(Buffer.from(await collect(found.open())).toString());
}

describe('layoutOf', () => {
  test('writes the manifest that Engine 26 writes for the same image', () => {
    // What `docker save` of Engine 26.1.5 had in it for an image of three layers.
    const config = {
      ...image([]),
      config: new Uint8Array(1924),
      configDigest: 'sha256:cd4e6a9676536007befbccd9c31d378a5133e32de33275c7af085ecd6b6dff48',
    };
    const sizes = [
      ['5da363460f39cf87838f3d08a31396790208cbb1a6fc53e1b9e870aa3a70eb16', 1_984_512],
      ['c5f020aa21e99307fe25fb191936152174e9e5da351ac1f35e19c84c3e861434', 52_224],
      ['80c7d3c49240fabbae5031bd42b4c83a208401b549d293d596d1e7eb622642c5', 4096],
    ] as const;
    const layers = sizes.map(([hex, bytes]) => ({ ...layer(''), bytes, digest: `sha256:${hex}`, diffId: `sha256:${hex}` }));
    expect(layoutOf({ ...config, layers }).root).toEqual({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: 'sha256:9416617a0b540ccc8d829852e56774348e8e3c2c974e7f9e02e43466af967e82',
      size: 702,
    });
  });

  test('takes a blob that is not its tar for gzip, unless it is told its type', async () => {
    const own = { ...layer('c', sha256Digest(utf8('C'))), mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' };
    const layout = layoutOf(image([layer('a'), layer('b', sha256Digest(utf8('B'))), own]));
    const manifest = JSON.parse(Buffer.from(await collect((layout.blobs[0] as TarMember & { digest: string }).open())).toString()) as {
      layers: { mediaType: string }[];
    };
    const types = manifest.layers.map(({ mediaType }) => mediaType.replace('application/vnd.oci.image.layer.v1.', ''));
    expect(types).toEqual(['tar', 'tar+gzip', 'tar+zstd']);
  });

  test('keeps the layout that the source had, without config and layers', () => {
    const base = image([layer('a')]);
    const manifest = { ...member('', utf8('{}')), digest: sha256Digest(utf8('{}')) };
    const descriptor = {
      digest: manifest.digest,
      size: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      annotations: { a: 'b' },
    };
    const config = { ...member('', base.config), digest: base.configDigest };
    const layout = layoutOf({ ...base, original: { descriptor, blobs: [manifest, config, ...base.layers] } });
    expect(layout).toEqual({ root: descriptor, blobs: [manifest] });
  });
});

describe('composeArchive', () => {
  const layers = [layer('lowest'), layer('middle'), layer('top')];
  const base = image(layers);
  const layout = layoutOf(base);

  test('has what every engine reads, and no omitted layer', async () => {
    const omitted = new Set(layers.slice(0, 2).map(({ digest }) => digest));
    const members = composeArchive(base, layout, NAME, omitted);
    expect(members.map(({ name }) => name)).toEqual([
      'oci-layout',
      'index.json',
      'manifest.json',
      ...[base.configDigest, layout.root.digest, layers[2]?.digest ?? ''].map((digest) => `blobs/sha256/${hexOf(digest)}`),
    ]);
    expect(await json(members, 'manifest.json')).toEqual([
      {
        Config: `blobs/sha256/${hexOf(base.configDigest)}`,
        RepoTags: ['a/b:c'],
        Layers: layers.map(({ digest }) => `blobs/sha256/${hexOf(digest)}`),
      },
    ]);
    expect(await json(members, 'index.json')).toMatchObject({
      manifests: [
        {
          digest: layout.root.digest,
          annotations: { 'io.containerd.image.name': 'docker.io/a/b:c', 'org.opencontainers.image.ref.name': 'c' },
        },
      ],
    });
  });

  test('without a name it says none, whatever the source said', async () => {
    const named = { ...layout, root: { ...layout.root, annotations: { 'io.containerd.image.name': 'docker.io/library/app:1' } } };
    const members = composeArchive(base, named, undefined, new Set());
    expect(await json(members, 'manifest.json')).toMatchObject([{ RepoTags: [] }]);
    expect(await json(members, 'index.json')).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [layout.root],
    });
  });

  test('a layer that the image has twice is in it once', () => {
    const twice = image([layer('a'), layer('b'), layer('a')]);
    const names = composeArchive(twice, layoutOf(twice), NAME, new Set()).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(3 + 2 + 2);
  });

  test('it is a tar with these members, always the same bytes, as long as was said', async () => {
    const members = composeArchive(base, layout, NAME, new Set());
    const first = await collect(writeTar(members));
    expect(first.byteLength).toBe(tarBytes(members));
    expect(Buffer.compare(first, await collect(writeTar(members)))).toBe(0);
    const listed = await runCommand('tar', ['--list', '--verbose', '--utc', '-f', '-'], { input: first });
    const lines = listed.toString().trimEnd().split('\n');
    expect(lines.map((line) => line.split(/\s+/).at(-1))).toEqual(members.map(({ name }) => name));
    expect(lines.every((line) => /^-rw-r--r-- 0\/0 .* 1970-01-01 00:00 /.test(line))).toBe(true);
  });
});

describe('writeTar', () => {
  test('any members come back', async () => {
    const content = fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(content, { maxLength: 5 }), async (contents) => {
        const members = contents.map((parts, index) => member(`blobs/${index}`, ...parts));
        const bytes = await collect(writeTar(members));
        expect(bytes.byteLength).toBe(tarBytes(members));
        const read = await readTar(writeTar(members));
        expect([...read]).toEqual(contents.map((parts, index) => [`blobs/${index}`, Buffer.concat(parts)]));
      }),
      { numRuns: 50 },
    );
  });

  test.each([-1, 1])('a member that is %i bytes off its size is an error', async (off) => {
    const wrong = { ...member('a', new Uint8Array(1000)), bytes: 1000 + off };
    await expect(collect(writeTar([wrong]))).rejects.toMatchObject({
      code: 'INTEGRITY',
      message: expect.stringContaining('a does not have'),
    });
  });

  test('what a member throws arrives, and the member is closed', async () => {
    const failing: TarMember = {
      name: 'a',
      bytes: 10,
      open: async function* () {
        yield new Uint8Array(5);
        throw new RangeError('the disk is gone');
      },
    };
    await expect(collect(writeTar([member('first', new Uint8Array(700)), failing]))).rejects.toThrow('the disk is gone');
  });

  test('it is read as it is consumed, and a consumer that stops closes the open member', async () => {
    let asked = 0;
    let closed = false;
    const endless: TarMember = {
      name: 'a',
      bytes: 1e12,
      open: async function* () {
        try {
          for (;;) {
            asked++;
            yield new Uint8Array(65_536);
          }
        } finally {
          closed = true;
        }
      },
    };
    let seen = 0;
    const hash = createHash('sha256');
    for await (const bytes of writeTar([endless])) {
      hash.update(bytes);
      seen++;
      if (seen === 100) break;
    }
    expect(closed).toBe(true);
    expect(asked).toBeLessThan(110);
  });
});
