/**
 * Which of an image's identities are the same at both ends. The digest of its config and the diffIDs of its layers always are; its id and
 * the digest of its manifest depend on how engines know images: a classic store by the config, a containerd store by the manifest or index.
 */

export interface Identity {
  readonly configDigest: string;
  /** Of the manifest or index that led to the image where it came from; absent where there was none. */
  readonly manifestDigest?: string;
  /** What both ends have in common. */
  readonly kept: readonly ('image id' | 'manifest digest' | 'config digest' | 'diffIDs')[];
  /** One line for each identity that changed, with the reason. */
  readonly changed: readonly string[];
}

/** The image where it came from. */
export interface IdentityHere {
  /** As the engine names it; undefined for an archive. */
  readonly imageId: string | undefined;
  /** Of the archive's manifest or index; undefined where it has none, or was not read. */
  readonly manifestDigest: string | undefined;
}

/** The image where it went to. */
export interface IdentityThere {
  readonly configDigest: string;
  /** As the engine names it; the config digest where no engine was involved. */
  readonly imageId: string;
  /** `registry/repository:tag@sha256:...` for each push. */
  readonly pushed: readonly string[];
}

export function compareIdentities(here: IdentityHere, { configDigest, imageId, pushed }: IdentityThere): Identity {
  const manifestDigest = here.manifestDigest ?? (here.imageId === configDigest ? undefined : here.imageId);
  const keepsId = here.imageId === imageId;
  const kept: Identity['kept'] = [
    ...(keepsId ? (['image id'] as const) : []),
    ...(manifestDigest === imageId ? (['manifest digest'] as const) : []),
    'config digest',
    'diffIDs',
  ];
  const changed: string[] = [];
  if (here.imageId !== undefined && !keepsId) changed.push(`image id ${here.imageId} is ${imageId} there: ${reason(imageId, configDigest, manifestDigest)}`); // prettier-ignore
  for (const name of manifestDigest === undefined ? [] : pushed) {
    const [reference = '', digest = ''] = name.split('@');
    if (digest !== manifestDigest) changed.push(`manifest ${manifestDigest} is ${digest} in ${reference}: the engine there writes manifests of its own`); // prettier-ignore
  }
  return { configDigest, ...(manifestDigest !== undefined && { manifestDigest }), kept, changed };
}

function reason(imageId: string, configDigest: string, manifestDigest: string | undefined): string {
  if (imageId === configDigest) return 'over there it is known by its config';
  return manifestDigest === imageId
    ? 'over there it is known by its manifest'
    : 'over there it is known by its manifest, which was made for it';
}
