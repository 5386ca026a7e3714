/**
 * What a `docker save` archive says of itself: its images, their configs and layers. Both layouts are read: the one of Engine < 25
 * (`<id>/layer.tar`) and the OCI one (`blobs/sha256/<hex>`); manifest.json is the guide in both, and stands last or nearly so in
 * what every engine writes. Formats: the Docker image specification v1.2 and the OCI image layout specification 1.0.
 */
import { z } from 'zod';
import { TransferError } from '../errors.ts';
import { sha256Digest } from '../hash.ts';
import { IMAGE_JSON_BYTES_MAX, IMAGES_PER_ARCHIVE_MAX, LAYERS_MAX, REF_LENGTH_MAX } from '../limits.ts';
import { utf8Text } from '../bytes.ts';

/** Gives a member of the archive to read as JSON, links followed; undefined where there is none of that name. */
export type ReadMember = (name: string) => Promise<Uint8Array | undefined>;
/** The name of the member that really holds the bytes (links followed), or undefined. */
export type ResolveMember = (name: string) => string | undefined;

export interface ArchiveLayer {
  readonly diffId: string;
  /** Member that holds the layer, links followed. */
  readonly member: string;
  /** Digest of the layer as stored in the archive, where the OCI layout names it; else its diffID is all that is known. */
  readonly blobDigest: string | undefined;
  readonly mediaType: string | undefined;
}

export interface Descriptor {
  readonly mediaType?: string | undefined;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly platform?: unknown;
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

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
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
const DescriptorSchema = z.object({
  mediaType: z.string().max(255).optional(),
  digest: Digest,
  size: z.number().int().min(0),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.unknown().optional(),
});
const Index = z.object({ manifests: z.array(DescriptorSchema).max(IMAGES_PER_ARCHIVE_MAX) });
const Manifest = z.object({
  config: DescriptorSchema.optional(),
  layers: z.array(DescriptorSchema).max(LAYERS_MAX).optional(),
  manifests: z.array(DescriptorSchema).max(256).optional(),
});

/**
 * @throws TransferError ARCHIVE_INVALID where the archive has no manifest.json, or one that names what is not there.
 */
export async function readArchiveIndex(read: ReadMember, resolve: ResolveMember): Promise<ArchiveIndex> {
  const bytes = await read('manifest.json');
  if (bytes === undefined) throw new TransferError('ARCHIVE_INVALID', 'not an image archive: it has no manifest.json');
  const manifest = parseJson(ManifestFile, bytes, 'manifest.json');
  if (manifest.length === 0) throw new TransferError('ARCHIVE_INVALID', 'manifest.json names no image');
  const indexBytes = await read('index.json');
  const roots = indexBytes === undefined ? [] : parseJson(Index, indexBytes, 'index.json').manifests;
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
    throw new TransferError('ARCHIVE_INVALID', `manifest.json names the config ${entry.Config}, which is not in the archive`);
  const diffIds = parseJson(Config, configBytes, entry.Config).rootfs?.diff_ids ?? [];
  const members = entry.Layers ?? [];
  if (members.length !== diffIds.length)
    throw new TransferError('ARCHIVE_INVALID', `manifest.json names ${members.length} layers, the config ${diffIds.length}`);
  const configDigest = sha256Digest(configBytes);
  const rootAt = reachable.findIndex((reached) => reached.blobs.has(configDigest));
  const root = reachable[rootAt];
  const layers = members.map((name, i): ArchiveLayer => {
    const member = resolve(name);
    if (member === undefined)
      throw new TransferError('ARCHIVE_INVALID', `manifest.json names the layer ${name}, which is not in the archive`);
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

function isManifestType(mediaType: string | undefined): boolean {
  return mediaType === undefined || /\.(?:manifest|index|manifest\.list)\.v[12]\+json$/.test(mediaType);
}

export function blobMember(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}

function blobDigestOf(member: string): string | undefined {
  const match = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(member);
  return match === null ? undefined : `sha256:${match[1]}`;
}

function parseJson<T>(schema: z.ZodType<T>, bytes: Uint8Array, name: string): T {
  if (bytes.byteLength > IMAGE_JSON_BYTES_MAX)
    throw new TransferError('LIMIT_EXCEEDED', `${name} has ${bytes.byteLength} bytes, the limit is ${IMAGE_JSON_BYTES_MAX}`);
  let value: unknown;
  try {
    value = JSON.parse(utf8Text(bytes));
  } catch (error) {
    throw new TransferError('ARCHIVE_INVALID', `${name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new TransferError('ARCHIVE_INVALID', `${name} is not what engines write: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}
