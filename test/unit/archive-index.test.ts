/** What an OCI layout without manifest.json says of its images. */
import { describe, expect, it } from 'vitest';
import { utf8, utf8Text } from '../../shared/bytes.ts';
import { readArchiveIndex, type ArchiveIndex } from '../../shared/image/archive-index.ts';
import { blobMember } from '../../shared/image/oci-layout.ts';
import { craftPlatforms } from '../support/craft-platforms.ts';
import { readTar } from '../support/tar.ts';

interface Root {
  annotations?: Record<string, string> | undefined;
}

describe('an OCI layout without manifest.json', async () => {
  const crafted = craftPlatforms('wharf:1', 'one');
  const members = new Map(await readTar([crafted.archive]));
  members.delete('manifest.json');

  /** Read with its index changed, and without some blobs. */
  const read = (change: (root: Root) => void = () => {}, without: readonly string[] = []): Promise<ArchiveIndex> => {
    const index = JSON.parse(utf8Text(members.get('index.json') as Uint8Array)) as { manifests: Root[] };
    for (const root of index.manifests) change(root);
    const all = new Map<string, Uint8Array>([...members, ['index.json', utf8(JSON.stringify(index))]]);
    for (const digest of without) all.delete(blobMember(digest));
    return readArchiveIndex(
      (name) => Promise.resolve(all.get(name)),
      (name) => (all.has(name) ? name : undefined),
    );
  };

  it('has one image for an index of platforms, and all that the index leads to', async () => {
    const { layout, images } = await read();
    expect([layout, images.length]).toEqual(['oci', 1]);
    const [image] = images;
    expect(image).toMatchObject({ refs: ['docker.io/library/wharf:1'], descriptor: { digest: crafted.indexDigest } });
    expect(image?.layers.map(({ mediaType, blobDigest, member }) => [mediaType, member === blobMember(blobDigest ?? '')])).toEqual(
      Array.from({ length: 2 }, () => ['application/vnd.oci.image.layer.v1.tar+gzip', true]),
    );
    for (const digest of crafted.manifestDigests) expect(image?.blobs.has(digest)).toBe(true);
  });

  it('has that of another platform where nothing else is there', async () => {
    const [amd64, arm64] = crafted.manifestDigests as [string, string];
    for (const gone of [amd64, arm64]) {
      const { images } = await read(undefined, [gone]);
      expect([images.length, images[0]?.blobs.has(gone)]).toEqual([1, false]);
    }
    await expect(read(undefined, [amd64, arm64])).rejects.toMatchObject({ code: 'ARCHIVE_INVALID', message: expect.stringContaining('index.json names no image') }); // prettier-ignore
  });

  it.each([
    [{ 'org.opencontainers.image.ref.name': 'quay:2' }, ['quay:2']],
    [{ 'org.opencontainers.image.ref.name': 'registry.example:5000/quay:2' }, ['registry.example:5000/quay:2']],
    [{ 'org.opencontainers.image.ref.name': 'latest' }, []],
    [{ 'org.opencontainers.image.ref.name': 'NOT:A:NAME' }, []],
    [undefined, []],
  ])('is named by annotations: %o', async (annotations, refs) => {
    const { images } = await read((root) => (root.annotations = annotations));
    expect(images[0]?.refs).toEqual(refs);
  });

  it('that lacks a layer is refused', async () => {
    const { images } = await read();
    const [layer] = images[0]?.layers ?? [];
    await expect(read(undefined, [layer?.blobDigest ?? ''])).rejects.toMatchObject({ code: 'ARCHIVE_INVALID', message: expect.stringContaining('which is not in the archive') }); // prettier-ignore
  });
});
