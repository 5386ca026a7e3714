/**
 * What a `docker save` archive says of itself: its images, their configs and layers. Both layouts are read: the one of Engine < 25
 * (`<id>/layer.tar`) and the OCI one (`blobs/sha256/<hex>`); manifest.json is the guide in both, and stands last or nearly so in
 * what every engine writes. Other tools write the OCI one without it. Formats: the Docker image specification v1.2 and the OCI image layout specification 1.0.
 */
import { z } from 'zod';
import { TransferError } from '../errors.ts';
import { sha256Digest } from '../hash.ts';
import { IMAGES_PER_ARCHIVE_MAX, LAYERS_MAX, REF_LENGTH_MAX } from '../limits.ts';
import {
  blobMember,
  Digest,
  Index,
  isManifestType,
  Manifest,
  parseJson,
  type Descriptor,
  type ReadMember,
  type ResolveMember,
} from './oci-layout.ts';
import { listImages } from './oci-images.ts';

export interface ArchiveLayer {
  readonly diffId: string;
  /** Member that holds the layer, links followed. */
  readonly member: string;
  /** Digest of the layer as stored in the archive, where the OCI layout names it; else its diffID is all that is known. */
  readonly blobDigest: string | undefined;
  readonly mediaType: string | undefined;
}

export interface ArchiveImage {
  /** Names as in the archive. */
  readonly refs: readonly string[];
  readonly configDigest: string;
  readonly configMember: string;
  readonly layers: readonly ArchiveLayer[];
  /** The entry of index.json that leads to this image, where there is one: its digest is the image id of a containerd store. */
  readonly descriptor: Descriptor | undefined;
  /** Members that descriptor reaches, digest to member name: indexes, manifests, config, attestations, layers. */
  readonly blobs: ReadonlyMap<string, string>;
}

export interface ArchiveIndex {
  readonly layout: 'legacy' | 'oci';
  readonly images: readonly ArchiveImage[];
}

const MemberName = z.string().min(1).max(1024);
const ManifestFile = z
  .array(
    z.object({
      Config: MemberName,
      RepoTags: z.array(z.string().max(REF_LENGTH_MAX)).max(1024).nullish(),
      Layers: z.array(MemberName).max(LAYERS_MAX).nullish(),
    }),
  )
  .max(IMAGES_PER_ARCHIVE_MAX);
const Config = z.object({ rootfs: z.object({ diff_ids: z.array(Digest).max(LAYERS_MAX).nullish() }).nullish() });
/**
 * @throws TransferError ARCHIVE_INVALID where the archive has neither manifest.json nor index.json, or one that names what is not there.
 */
export async function readArchiveIndex(read: ReadMember, resolve: ResolveMember): Promise<ArchiveIndex> {
  const [bytes, indexBytes] = [await read('manifest.json'), await read('index.json')];
  const roots = indexBytes === undefined ? [] : parseJson(Index, indexBytes, 'index.json').manifests;
  if (bytes === undefined && indexBytes === undefined)
    throw new TransferError('ARCHIVE_INVALID', 'not an image archive: it has no manifest.json and no index.json');
  const manifest = bytes === undefined ? await listImages(roots, read, resolve) : parseJson(ManifestFile, bytes, 'manifest.json');
  const guide = bytes === undefined ? 'index.json' : 'manifest.json';
  if (manifest.length === 0) throw new TransferError('ARCHIVE_INVALID', `${guide} names no image`);
  const reachable = await Promise.all(roots.map((root) => reach(root, read, resolve)));
  const images = await Promise.all(manifest.map((entry) => readImage(entry, roots, reachable, read, resolve)));
  return { layout: indexBytes === undefined ? 'legacy' : 'oci', images };
}

interface Reach {
  readonly blobs: Map<string, string>;
  readonly descriptors: Map<string, Descriptor>;
}

async function readImage(
  entry: z.output<typeof ManifestFile>[number],
  roots: readonly Descriptor[],
  reachable: readonly Reach[],
  read: ReadMember,
  resolve: ResolveMember,
): Promise<ArchiveImage> {
  const configBytes = await read(entry.Config);
  if (configBytes === undefined)
    throw new TransferError('ARCHIVE_INVALID', `the archive names the config ${entry.Config}, which is not in the archive`);
  const diffIds = parseJson(Config, configBytes, entry.Config).rootfs?.diff_ids ?? [];
  const members = entry.Layers ?? [];
  if (members.length !== diffIds.length)
    throw new TransferError('ARCHIVE_INVALID', `the archive names ${members.length} layers, the config ${diffIds.length}`);
  const configDigest = sha256Digest(configBytes);
  const rootAt = reachable.findIndex((reached) => reached.blobs.has(configDigest));
  const root = reachable[rootAt];
  const layers = members.map((name, i): ArchiveLayer => {
    const member = resolve(name);
    if (member === undefined)
      throw new TransferError('ARCHIVE_INVALID', `the archive names the layer ${name}, which is not in the archive`);
    const blobDigest = blobDigestOf(member);
    const mediaType = blobDigest === undefined ? undefined : root?.descriptors.get(blobDigest)?.mediaType;
    return { diffId: diffIds[i] as string, member, blobDigest, mediaType };
  });
  return {
    refs: entry.RepoTags ?? [],
    configDigest,
    configMember: resolve(entry.Config) ?? entry.Config,
    layers,
    descriptor: roots[rootAt],
    blobs: root?.blobs ?? new Map<string, string>(),
  };
}

/** All blobs of the archive that a descriptor leads to, nested indexes included (two levels are all that engines make; four are read). */
async function reach(root: Descriptor, read: ReadMember, resolve: ResolveMember): Promise<Reach> {
  const blobs = new Map<string, string>();
  const descriptors = new Map<string, Descriptor>();
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    const member = resolve(blobMember(descriptor.digest));
    if (member === undefined || blobs.has(descriptor.digest)) return;
    blobs.set(descriptor.digest, member);
    descriptors.set(descriptor.digest, descriptor);
    if (depth === 4 || !isManifestType(descriptor.mediaType)) return;
    const bytes = await read(member);
    if (bytes === undefined) return;
    const manifest = parseJson(Manifest, bytes, member);
    for (const child of [
      ...(manifest.manifests ?? []),
      ...(manifest.config === undefined ? [] : [manifest.config]),
      ...(manifest.layers ?? []),
    ]) {
      await visit(child, depth + 1);
    }
  };
  await visit(root, 0);
  return { blobs, descriptors };
}

function blobDigestOf(member: string): string | undefined {
  const match = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(member);
  return match === null ? undefined : `sha256:${match[1]}`;
}
