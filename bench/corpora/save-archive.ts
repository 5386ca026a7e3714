/**
 * Archives as `docker save` writes them, from layer tars and without an engine.
 *
 * - `legacy`: Engine before 25: `<id>/layer.tar`, `<config>.json`, manifest.json, repositories, in the order of their names.
 * - `oci`: Engine 25 and later: an OCI image layout (https://github.com/opencontainers/image-spec, image-layout.md) with manifest.json beside it.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { sha256Digest } from '../../shared/hash.ts';
import { utf8 } from '../../shared/bytes.ts';
import { fileSha256 } from './file-digest.ts';
import { createTarWriter, type TarWriter } from './tar-writer.ts';

export type SaveLayout = 'legacy' | 'oci';

export interface SavedImage {
  /** `name:tag`. */
  readonly ref: string;
  /** Layer tars, uncompressed, the lowest first. */
  readonly layers: readonly string[];
  /** Seconds since the epoch; goes into the config. */
  readonly builtAt: number;
}

interface Layer {
  readonly file: string;
  readonly diffId: string;
}

/** Writes the archive to `path` and gives the digest of the image's config. */
export async function writeSaveArchive(path: string, layout: SaveLayout, image: SavedImage): Promise<string> {
  const layers: Layer[] = [];
  for (const file of image.layers) layers.push({ file, diffId: await fileSha256(file) });
  const config = utf8(JSON.stringify(imageConfig(image, layers)));
  const writer = createTarWriter(path);
  if (layout === 'legacy') addLegacy(writer, image, layers, config);
  else addOci(writer, image, layers, config);
  writer.end();
  return sha256Digest(config);
}

function imageConfig({ builtAt }: SavedImage, layers: readonly Layer[]): unknown {
  const created = new Date(builtAt * 1000).toISOString();
  return {
    architecture: 'amd64',
    os: 'linux',
    created,
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => `sha256:${diffId}`) },
    history: layers.map((_, index) => ({ created, created_by: `layer ${index + 1}` })),
  };
}

function addLegacy(writer: TarWriter, image: SavedImage, layers: readonly Layer[], config: Uint8Array): void {
  // Engines name a layer's folder by a digest over its chain and parent; any digest of the chain will do.
  const ids: string[] = [];
  for (const { diffId } of layers)
    ids.push(
      createHash('sha256')
        .update(`${ids.at(-1) ?? ''} ${diffId}`)
        .digest('hex'),
    );
  const configName = `${digestHex(config)}.json`;
  const { mtime, json } = metadata(writer, image);
  const groups = ids.map((id, index) => ({
    name: id,
    add: () => addLegacyLayer(writer, id, ids[index - 1], layers[index] as Layer, mtime),
  }));
  groups.push({ name: configName, add: () => writer.add({ path: configName, mode: 0o644, mtime, content: { bytes: config } }) });
  for (const group of groups.toSorted((a, b) => (a.name < b.name ? -1 : 1))) group.add();
  const [name, tag] = splitRef(image.ref);
  json('manifest.json', [{ Config: configName, RepoTags: [image.ref], Layers: ids.map((id) => `${id}/layer.tar`) }]);
  json('repositories', { [name]: { [tag]: ids.at(-1) } });
}

function addLegacyLayer(writer: TarWriter, id: string, parent: string | undefined, layer: Layer, mtime: number): void {
  writer.add({ path: `${id}/`, mode: 0o755, mtime, content: 'directory' });
  writer.add({ path: `${id}/VERSION`, mode: 0o644, mtime, content: { bytes: utf8('1.0') } });
  const legacyConfig = { id, ...(parent !== undefined && { parent }), created: '1970-01-01T00:00:00Z', os: 'linux' };
  writer.add({ path: `${id}/json`, mode: 0o644, mtime, content: { bytes: utf8(JSON.stringify(legacyConfig)) } });
  writer.add({ path: `${id}/layer.tar`, mode: 0o644, mtime, content: { file: layer.file } });
}

function addOci(writer: TarWriter, image: SavedImage, layers: readonly Layer[], config: Uint8Array): void {
  const configDigest = digestHex(config);
  const manifest = utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${configDigest}`, size: config.length },
      layers: layers.map(({ file, diffId }) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: `sha256:${diffId}`,
        size: statSync(file).size,
      })),
    }),
  );
  const manifestDigest = digestHex(manifest);
  const blobs = new Map<string, { bytes: Uint8Array } | { file: string }>([
    [configDigest, { bytes: config }],
    [manifestDigest, { bytes: manifest }],
    ...layers.map(({ file, diffId }) => [diffId, { file }] as const),
  ]);
  const { mtime, json } = metadata(writer, image);
  for (const path of ['blobs/', 'blobs/sha256/']) writer.add({ path, mode: 0o755, mtime, content: 'directory' });
  for (const [digest, content] of [...blobs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    writer.add({ path: `blobs/sha256/${digest}`, mode: 0o644, mtime, content });
  }
  const [name, tag] = splitRef(image.ref);
  const annotations = { 'io.containerd.image.name': `docker.io/library/${name}:${tag}`, 'org.opencontainers.image.ref.name': tag };
  const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${manifestDigest}`, size: manifest.length };
  json('index.json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...descriptor, annotations }],
  });
  const paths = layers.map(({ diffId }) => `blobs/sha256/${diffId}`);
  json('manifest.json', [{ Config: `blobs/sha256/${configDigest}`, RepoTags: [image.ref], Layers: paths }]);
  json('oci-layout', { imageLayoutVersion: '1.0.0' });
}

/** The image's own mtime, and how its JSON members are written (mtime 0, as engines do). */
function metadata(writer: TarWriter, image: SavedImage): { mtime: number; json: (path: string, value: unknown) => void } {
  const json = (path: string, value: unknown): void =>
    writer.add({ path, mode: 0o644, mtime: 0, content: { bytes: utf8(JSON.stringify(value)) } });
  return { mtime: image.builtAt, json };
}

function splitRef(ref: string): [name: string, tag: string] {
  const colon = ref.lastIndexOf(':');
  return [ref.slice(0, colon), ref.slice(colon + 1)];
}

function digestHex(bytes: Uint8Array): string {
  return sha256Digest(bytes).slice('sha256:'.length);
}
