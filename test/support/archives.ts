/** Small `docker save` archives in memory, from seeded content. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { collect } from './tar.ts';
import { seededBytes } from './random.ts';

/** A tar of regular files, in the order given. */
export async function packTar(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const writer = pack();
  for (const [name, bytes] of Object.entries(files)) writer.entry({ name, mtime: new Date(0) }, Buffer.from(bytes));
  writer.finalize();
  return collect(writer as unknown as AsyncIterable<Uint8Array>);
}

export interface SmallArchive {
  readonly seed: number;
  /** Random bytes of the one file in each layer. */
  readonly layerBytes: readonly number[];
  /** Default `small:SEED`. */
  readonly tag?: string;
  readonly layout?: 'legacy' | 'oci';
}

/** An archive of one image, in the layout of Engine < 25 or in the OCI one. */
export async function smallArchive({ seed, layerBytes, tag = `small:${seed}`, layout = 'legacy' }: SmallArchive): Promise<Uint8Array> {
  const layers = await Promise.all(
    layerBytes.map((length, i) =>
      packTar({ [`srv/file-${i}`]: seededBytes(seed * 100 + i, length), [`srv/text-${i}`]: Buffer.from(`layer ${i}\n`.repeat(50)) }),
    ),
  );
  const diffIds = layers.map((layer) => sha256(layer));
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: diffIds.map((digest) => `sha256:${digest}`) },
    }),
  );
  const configHex = sha256(config);
  if (layout === 'legacy') {
    const manifest = [{ Config: `${configHex}.json`, RepoTags: [tag], Layers: diffIds.map((digest) => `${digest}/layer.tar`) }];
    return packTar({
      ...Object.fromEntries(layers.map((layer, i) => [`${diffIds[i] as string}/layer.tar`, layer])),
      [`${configHex}.json`]: config,
      'manifest.json': Buffer.from(`${JSON.stringify(manifest)}\n`),
    });
  }
  const type = 'application/vnd.oci.image';
  const descriptor = (mediaType: string, bytes: Uint8Array): object => ({
    mediaType,
    digest: `sha256:${sha256(bytes)}`,
    size: bytes.byteLength,
  });
  const ociManifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: descriptor(`${type}.config.v1+json`, config),
      layers: layers.map((layer) => descriptor(`${type}.layer.v1.tar`, layer)),
    }),
  );
  return packTar({
    ...Object.fromEntries(layers.map((layer, i) => [blobPath(diffIds[i] as string), layer])),
    [blobPath(configHex)]: config,
    [blobPath(sha256(ociManifest))]: ociManifest,
    'index.json': Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor(`${type}.manifest.v1+json`, ociManifest)] })),
    'manifest.json': Buffer.from(JSON.stringify([{ Config: blobPath(configHex), RepoTags: [tag], Layers: diffIds.map(blobPath) }])),
    'oci-layout': Buffer.from('{"imageLayoutVersion":"1.0.0"}'),
  });
}

/** An archive of one image whose one layer is compressed. */
export async function gzipArchive(seed: number): Promise<Uint8Array> {
  const plain = await packTar({ 'srv/file': seededBytes(seed, 900), 'srv/text': Buffer.from('a line of a text\n'.repeat(40)) });
  const config = Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(plain)}`] } }));
  const manifest = [{ Config: 'config.json', RepoTags: [`gzip:${seed}`], Layers: ['layer.tar.gz'] }];
  const layer = new Uint8Array(gzipSync(plain, { level: 6 }));
  return packTar({ 'layer.tar.gz': layer, 'config.json': config, 'manifest.json': Buffer.from(JSON.stringify(manifest)) });
}

function blobPath(digest: string): string {
  return `blobs/sha256/${digest}`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
