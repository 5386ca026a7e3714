/** The images of an OCI layout that has no manifest.json, as skopeo and buildah write it, in the form in which manifest.json says them. */
import { tryParseReference } from './reference.ts';
import { blobMember, isManifestType, Manifest, parseJson, type Descriptor, type ReadMember, type ResolveMember } from './oci-layout.ts';

export interface ListedImage {
  readonly Config: string;
  readonly RepoTags: string[];
  readonly Layers: string[];
}

/** How the platforms of Node are called in an index. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
/** Indexes in indexes: two levels are all that is made. */
const DEPTH_MAX = 4;

/**
 * One image for each entry of index.json. Of an index of several platforms it is that of this machine, else the first that is there; the
 * others travel with it.
 */
export async function listImages(roots: readonly Descriptor[], read: ReadMember, resolve: ResolveMember): Promise<ListedImage[]> {
  const images: ListedImage[] = [];
  for (const root of roots) {
    const found = await manifestsIn(root, read, resolve, DEPTH_MAX);
    const chosen = found.find(({ descriptor }) => isOwnPlatform(descriptor)) ?? found[0];
    if (chosen !== undefined) images.push({ ...chosen.image, RepoTags: namesOf(root) });
  }
  return images;
}

interface Found {
  readonly descriptor: Descriptor;
  readonly image: Omit<ListedImage, 'RepoTags'>;
}

/** The manifests of images under a descriptor, of those whose config is in the archive. */
async function manifestsIn(descriptor: Descriptor, read: ReadMember, resolve: ResolveMember, depth: number): Promise<Found[]> {
  const name = blobMember(descriptor.digest);
  if (depth === 0 || isAttestation(descriptor) || !isManifestType(descriptor.mediaType) || resolve(name) === undefined) return [];
  const bytes = await read(name);
  if (bytes === undefined) return [];
  const { config, layers = [], manifests } = parseJson(Manifest, bytes, name);
  if (manifests !== undefined) return (await Promise.all(manifests.map((child) => manifestsIn(child, read, resolve, depth - 1)))).flat();
  if (config === undefined || resolve(blobMember(config.digest)) === undefined) return [];
  return [{ descriptor, image: { Config: blobMember(config.digest), Layers: layers.map(({ digest }) => blobMember(digest)) } }];
}

function isAttestation({ annotations }: Descriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] !== undefined;
}

function isOwnPlatform({ platform }: Descriptor): boolean {
  const { os, architecture } = (platform ?? {}) as { os?: unknown; architecture?: unknown };
  return os === process.platform && architecture === (ARCHITECTURES[process.arch] ?? process.arch);
}

/** containerd writes the whole name; others what they were told, which may be a tag alone and is then no name. */
function namesOf({ annotations = {} }: Descriptor): string[] {
  const whole = annotations['io.containerd.image.name'];
  const given = annotations['org.opencontainers.image.ref.name'];
  const name = whole ?? (given?.includes(':') === true ? given : undefined);
  return name !== undefined && tryParseReference(name) !== undefined ? [name] : [];
}
