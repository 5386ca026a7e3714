/** Makes of a `docker save` archive, small and in memory, what a sink takes. */
import { layoutOf } from '../../receiver/image/compose.ts';
import type { Blob, LayerBlob, LoadableImage } from '../../receiver/image/port.ts';
import { utf8 } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { readArchiveIndex } from '../../shared/image/archive-index.ts';
import { readTar } from './tar.ts';

export interface LoadableOptions {
  /** Its names, in place of those in the archive. */
  readonly refs?: readonly string[];
  /** Called with the digest of each blob that is opened. */
  readonly onOpen?: (digest: string) => void;
}

/** The first image of the archive. */
export async function loadableImage(archive: Uint8Array, options: LoadableOptions = {}): Promise<LoadableImage> {
  const members = await readTar([archive]);
  const memberOf = (name: string): Buffer => {
    const bytes = members.get(name);
    if (bytes === undefined) throw new TransferError('ARCHIVE_INVALID', `no ${name} in the archive`);
    return bytes;
  };
  const blobOf = (bytes: Uint8Array): Blob => {
    const digest = sha256Digest(bytes);
    return {
      digest,
      bytes: bytes.byteLength,
      open: async function* () {
        options.onOpen?.(digest);
        const partBytes = 65_536;
        for (let at = 0; at < bytes.byteLength; at += partBytes) yield bytes.subarray(at, at + partBytes);
      },
    };
  };
  const index = await readArchiveIndex(
    async (name) => members.get(name),
    (name) => (members.has(name) ? name : undefined),
  );
  const [image] = index.images;
  if (image === undefined) throw new TransferError('ARCHIVE_INVALID', 'no image in the archive');
  const layers = image.layers.map((layer): LayerBlob => ({
    ...blobOf(memberOf(layer.member)),
    diffId: layer.diffId,
    mediaType: layer.mediaType,
  }));
  const base = { refs: options.refs ?? image.refs, config: memberOf(image.configMember), configDigest: image.configDigest, layers };
  if (image.descriptor === undefined) return base;
  const blobs = [...image.blobs.values()].map((member) => blobOf(memberOf(member)));
  return { ...base, original: { descriptor: image.descriptor, blobs } };
}

/**
 * The image as BuildKit would have made it: its manifest in an index, beside an attestation of how it was built
 * (https://github.com/moby/buildkit/blob/v0.16.0/docs/attestations/attestation-storage.md).
 */
export function withAttestation(image: LoadableImage): LoadableImage {
  const layout = layoutOf(image);
  const manifestType = 'application/vnd.oci.image.manifest.v1+json';
  const statement = jsonBlob({ _type: 'https://in-toto.io/Statement/v0.1', predicateType: 'https://slsa.dev/provenance/v0.2' });
  const config = jsonBlob({ architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [statement.digest] } });
  const attestation = jsonBlob({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.bytes },
    layers: [{ mediaType: 'application/vnd.in-toto+json', digest: statement.digest, size: statement.bytes }],
  });
  const index = jsonBlob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      { ...layout.root, annotations: undefined, platform: { architecture: 'amd64', os: 'linux' } },
      {
        mediaType: manifestType,
        digest: attestation.digest,
        size: attestation.bytes,
        annotations: { 'vnd.docker.reference.digest': layout.root.digest, 'vnd.docker.reference.type': 'attestation-manifest' },
        platform: { architecture: 'unknown', os: 'unknown' },
      },
    ],
  });
  const descriptor = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: index.digest, size: index.bytes };
  return { ...image, original: { descriptor, blobs: [index, attestation, config, statement, ...layout.blobs] } };
}

function jsonBlob(value: unknown): Blob {
  const bytes = utf8(JSON.stringify(value));
  return {
    digest: sha256Digest(bytes),
    bytes: bytes.byteLength,
    open: async function* () {
      yield bytes;
    },
  };
}
