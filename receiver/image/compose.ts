/**
 * The one shape of archive that every engine loads, with layers left out that it has: an OCI image layout
 * (https://github.com/opencontainers/image-spec/blob/v1.0.2/image-layout.md) that also has Docker's manifest.json. Engines with a graph
 * store read manifest.json and never open a layer that they have; containerd stores and podman read index.json and never ask for
 * a blob that they have.
 */
import { utf8 } from '../../shared/bytes.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { blobMember, type Descriptor } from '../../shared/image/oci-layout.ts';
import type { Blob, LayerBlob, LoadableImage } from './port.ts';
import type { TarMember } from './tar-writer.ts';

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';
const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** The OCI side of an image: what the source had, or a manifest of ours. */
export interface Layout {
  /** The digest is the image's id in a containerd store. */
  readonly root: Descriptor;
  /** Indexes, manifests and attestations: neither config nor layers. */
  readonly blobs: readonly Blob[];
}

/**
 * The layout of the source archive; where it had none, a manifest written as Engine 25 and later write theirs in `docker save`, so that
 * an image gets the same id in a containerd store whichever engine saved it.
 */
export function layoutOf(image: LoadableImage): Layout {
  if (image.original !== undefined) {
    const own = new Set([image.configDigest, ...image.layers.map((layer) => layer.digest)]);
    return { root: image.original.descriptor, blobs: image.original.blobs.filter((blob) => !own.has(blob.digest)) };
  }
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, digest: image.configDigest, size: image.config.byteLength },
    layers: image.layers.map((layer) => ({ mediaType: layerType(layer), digest: layer.digest, size: layer.bytes })),
  });
  return { root: { mediaType: MANIFEST_TYPE, digest: manifest.digest, size: manifest.bytes }, blobs: [manifest] };
}

function layerType(layer: LayerBlob): string {
  return layer.mediaType ?? (layer.digest === layer.diffId ? LAYER_TYPE : `${LAYER_TYPE}+gzip`);
}

/** A name for the image while it is loaded: `REPOSITORY:TAG` on the default registry. */
export interface LoadName {
  readonly repository: string;
  readonly tag: string;
}

/**
 * Members of the archive.
 * @param name what the engine is to call the image, or undefined for no name.
 * @param omitted digests of layer blobs to leave out.
 */
export function composeArchive(
  image: LoadableImage,
  layout: Layout,
  name: LoadName | undefined,
  omitted: ReadonlySet<string>,
): readonly TarMember[] {
  const layers = image.layers.filter((layer) => !omitted.has(layer.digest));
  const config: Blob = bytesBlob(image.config, image.configDigest);
  // An image may have one layer twice; an archive has each blob once.
  const blobs = new Map([config, ...layout.blobs, ...layers].map((blob) => [blob.digest, blob]));
  return [
    bytesMember('oci-layout', utf8(LAYOUT)),
    bytesMember('index.json', json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [named(layout.root, name)] })),
    bytesMember('manifest.json', json([manifestEntry(image, name)])),
    ...[...blobs.values()].map((blob) => ({
      name: blobMember(blob.digest),
      bytes: blob.bytes,
      open: (signal?: AbortSignal) => blob.open(signal),
    })),
  ];
}

/** The names are set as containerd and OCI define them; those that the source archive had are of no use here. */
function named(root: Descriptor, name: LoadName | undefined): Descriptor {
  const { annotations: _sourceNames, ...rest } = root;
  if (name === undefined) return rest;
  const annotations = {
    'io.containerd.image.name': `docker.io/${name.repository}:${name.tag}`,
    'org.opencontainers.image.ref.name': name.tag,
  };
  return { ...rest, annotations };
}

function manifestEntry(image: LoadableImage, name: LoadName | undefined): unknown {
  return {
    Config: blobMember(image.configDigest),
    RepoTags: name === undefined ? [] : [`${name.repository}:${name.tag}`],
    Layers: image.layers.map((layer) => blobMember(layer.digest)),
  };
}

function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

function jsonBlob(value: unknown): Blob {
  const bytes = json(value);
  return bytesBlob(bytes, sha256Digest(bytes));
}

function bytesBlob(bytes: Uint8Array, digest: string): Blob {
  return { digest, ...bytesMember(digest, bytes) };
}

function bytesMember(name: string, bytes: Uint8Array): TarMember {
  return {
    name,
    bytes: bytes.byteLength,
    open: async function* () {
      yield bytes;
    },
  };
}
