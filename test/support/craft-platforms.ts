/**
 * An image of two platforms as BuildKit makes them: an index of two manifests with gzip layers, and beside each an attestation of how it
 * was built (https://github.com/moby/buildkit/blob/v0.16.0/docs/attestations/attestation-storage.md).
 */
import { readFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { utf8 } from '../../shared/bytes.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { blobMember } from '../../shared/image/oci-layout.ts';
import { craftEntry, craftTar } from './craft-tar.ts';
import { gnuGzip } from './gzip.ts';

export interface CraftedPlatforms {
  /** As `docker load` takes it. */
  readonly archive: Uint8Array;
  /** Digest of the index: the image's id in a containerd store. */
  readonly indexDigest: string;
  /** Digests of all manifests in the index. */
  readonly manifestDigests: readonly string[];
  readonly configDigest: string;
  readonly diffIds: readonly string[];
}

const TYPE = 'application/vnd.oci.image';

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** How layers are compressed, and what their media type ends with. */
export interface LayerCompression {
  readonly suffix: 'gzip' | 'zstd';
  readonly compress: (tar: Uint8Array) => Uint8Array;
}

const GZIP: LayerCompression = { suffix: 'gzip', compress: (tar) => gnuGzip(tar) };
export const ZSTD: LayerCompression = { suffix: 'zstd', compress: (tar) => zstdCompressSync(tar) };

/** `name` (as `shop:1`), with busybox and one more layer that holds `text` in /version. */
export function craftPlatforms(name: string, text: string, { suffix, compress } = GZIP): CraftedPlatforms {
  const blobs = new Map<string, Uint8Array>();
  const keep = (bytes: Uint8Array, mediaType: string): Described => {
    const digest = sha256Digest(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.byteLength };
  };
  const json = (value: unknown, mediaType: string): Described => keep(utf8(JSON.stringify(value)), mediaType);
  const manifest = (config: Described, layers: readonly Described[]): Described =>
    json({ schemaVersion: 2, mediaType: `${TYPE}.manifest.v1+json`, config, layers }, `${TYPE}.manifest.v1+json`);
  const busybox = craftTar([
    craftEntry({ name: 'bin/', type: '5', mode: '0000755\0' }),
    craftEntry({ name: 'bin/busybox', mode: '0000755\0' }, readFileSync('/bin/busybox')),
  ]);
  const images = ['amd64', 'arm64'].map((architecture) => {
    const tars = [busybox, craftTar([craftEntry({ name: 'version' }, `${text} ${architecture}`.repeat(200))])];
    const diffIds = tars.map((tar) => sha256Digest(tar));
    const config = { architecture, os: 'linux', config: { Cmd: ['/bin/busybox', 'true'], Env: ['PATH=/bin'] }, rootfs: { type: 'layers', diff_ids: diffIds } }; // prettier-ignore
    const described = json(config, `${TYPE}.config.v1+json`);
    const layers = tars.map((tar) => keep(compress(tar), `${TYPE}.layer.v1.tar+${suffix}`));
    return { architecture, diffIds, config: described, layers, manifest: manifest(described, layers) };
  });
  const attestations = images.map((image) => {
    const subject = [{ name, digest: { sha256: image.manifest.digest.slice(7) } }];
    const statement = json({ _type: 'https://in-toto.io/Statement/v0.1', subject, predicateType: 'https://slsa.dev/provenance/v0.2' }, 'application/vnd.in-toto+json'); // prettier-ignore
    const config = json({ architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [statement.digest] } }, `${TYPE}.config.v1+json`); // prettier-ignore
    const annotations = { 'vnd.docker.reference.digest': image.manifest.digest, 'vnd.docker.reference.type': 'attestation-manifest' };
    return { ...manifest(config, [statement]), annotations, platform: { architecture: 'unknown', os: 'unknown' } };
  });
  const manifests = [...images.map(({ architecture, manifest: own }) => ({ ...own, platform: { architecture, os: 'linux' } })), ...attestations]; // prettier-ignore
  const index = json({ schemaVersion: 2, mediaType: `${TYPE}.index.v1+json`, manifests }, `${TYPE}.index.v1+json`);
  const [amd64] = images as [(typeof images)[number], ...unknown[]];
  const annotations = { 'io.containerd.image.name': `docker.io/library/${name}`, 'org.opencontainers.image.ref.name': name.split(':')[1] };
  const entries = [
    craftEntry({ name: 'blobs/', type: '5', mode: '0000755\0' }),
    craftEntry({ name: 'blobs/sha256/', type: '5', mode: '0000755\0' }),
    ...[...blobs].map(([digest, bytes]) => craftEntry({ name: blobMember(digest) }, bytes)),
    craftEntry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests: [{ ...index, annotations }] })),
    craftEntry(
      { name: 'manifest.json' },
      JSON.stringify([
        { Config: blobMember(amd64.config.digest), RepoTags: [name], Layers: amd64.layers.map(({ digest }) => blobMember(digest)) },
      ]),
    ),
    craftEntry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}'),
  ];
  return {
    archive: craftTar(entries),
    indexDigest: index.digest,
    manifestDigests: manifests.map(({ digest }) => digest),
    configDigest: amd64.config.digest,
    diffIds: amd64.diffIds,
  };
}
