/** Whole `docker save` archives written entry by entry, of any layers, so that tests decide every block of them. */
import { posix } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { utf8 } from '../../shared/bytes.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { craftEntry } from './craft-tar.ts';

export interface CraftedImage {
  /** Without one the image has no name. */
  readonly tag?: string;
  /** Layer files as they stand in the archive, lowest first: tars, or gzip or zstd of them. */
  readonly layers: readonly Uint8Array[];
}

export interface CraftedArchive {
  readonly images: readonly CraftedImage[];
  /** `legacy`: Engine before 25. `oci`: Engine 25 and later, and containerd's store. */
  readonly layout: 'legacy' | 'oci';
  /** How the legacy layout says a layer again that it has said before; the OCI layout never has to. */
  readonly again?: 'copy' | 'symbolic link' | 'hard link';
}

/** The entries of the archive, for `craftTar`; others may be put between them. */
export function imageEntries(archive: CraftedArchive): Uint8Array[] {
  return archive.layout === 'legacy' ? legacyEntries(archive) : ociEntries(archive);
}

function configOf({ layers }: CraftedImage): Uint8Array {
  const diffIds = layers.map((layer) =>
    sha256Digest(isGzip(layer) ? gunzipSync(layer) : isZstd(layer) ? zstdDecompressSync(layer) : layer),
  );
  return utf8(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }));
}

function tagsOf({ tag }: CraftedImage): string[] | null {
  return tag === undefined ? null : [tag];
}

function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function hexDigest(bytes: Uint8Array): string {
  return sha256Digest(bytes).slice('sha256:'.length);
}

function legacyEntries({ images, again = 'copy' }: CraftedArchive): Uint8Array[] {
  const entries: Uint8Array[] = [];
  const firstPath = new Map<string, string>();
  const manifest = images.map((image, i) => {
    const config = configOf(image);
    const configName = `${hexDigest(config)}.json`;
    const paths = image.layers.map((layer, j) => {
      const folder = hexDigest(utf8(`image ${i} layer ${j} ${hexDigest(layer)}`));
      const path = `${folder}/layer.tar`;
      const before = firstPath.get(hexDigest(layer));
      entries.push(craftEntry({ name: `${folder}/`, type: '5' }), craftEntry({ name: `${folder}/VERSION` }, '1.0'));
      if (before === undefined || again === 'copy') entries.push(craftEntry({ name: path }, layer));
      else if (again === 'hard link') entries.push(craftEntry({ name: path, type: '1', size: 0, link: before }));
      else entries.push(craftEntry({ name: path, type: '2', size: 0, link: posix.join('..', before) }));
      firstPath.set(hexDigest(layer), before ?? path);
      return path;
    });
    entries.push(craftEntry({ name: configName }, config));
    return { Config: configName, RepoTags: tagsOf(image), Layers: paths };
  });
  entries.push(craftEntry({ name: 'manifest.json' }, JSON.stringify(manifest)));
  return entries;
}

function ociEntries({ images }: CraftedArchive): Uint8Array[] {
  const blobs = new Map<string, Uint8Array>();
  const keep = (bytes: Uint8Array, mediaType: string): { mediaType: string; digest: string; size: number } => {
    blobs.set(hexDigest(bytes), bytes);
    return { mediaType, digest: sha256Digest(bytes), size: bytes.byteLength };
  };
  const type = 'application/vnd.oci.image';
  const roots = images.map((image) => {
    const layers = image.layers.map((layer) =>
      keep(layer, `${type}.layer.v1.tar${isGzip(layer) ? '+gzip' : isZstd(layer) ? '+zstd' : ''}`),
    );
    const config = keep(configOf(image), `${type}.config.v1+json`);
    return { config, layers, root: keep(utf8(JSON.stringify({ schemaVersion: 2, config, layers })), `${type}.manifest.v1+json`) };
  });
  const manifest = roots.map(({ config, layers }, i) => ({
    Config: blobPath(config.digest),
    RepoTags: tagsOf(images[i] as CraftedImage),
    Layers: layers.map(({ digest }) => blobPath(digest)),
  }));
  return [
    craftEntry({ name: 'blobs/', type: '5' }),
    craftEntry({ name: 'blobs/sha256/', type: '5' }),
    ...[...blobs].map(([digest, bytes]) => craftEntry({ name: `blobs/sha256/${digest}` }, bytes)),
    craftEntry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests: roots.map(({ root }) => root) })),
    craftEntry({ name: 'manifest.json' }, JSON.stringify(manifest)),
    craftEntry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}'),
  ];
}

function blobPath(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}
