/** What an engine says of its images, read from its answers (Docker Engine API 1.41 and later). */
import { normaliseReference, tryParseReference } from '../image/reference.ts';

/** How an engine keeps images: by config (`graph`, also podman) or by manifest (`containerd`). */
export type StoreKind = 'graph' | 'containerd';

/** The part of the answer of `GET /info` that is used. */
export interface EngineInfo {
  readonly ServerVersion?: string;
  readonly DriverStatus?: readonly (readonly string[])[] | null;
}

/** The part of an entry of `GET /images/json` and of `GET /images/{name}/json` that is used; only the former has the time, only the latter layers. */
export interface ImageFacts {
  readonly Id: string;
  /** Seconds since the epoch. */
  readonly Created?: number;
  readonly RepoTags?: readonly string[] | null;
  readonly RootFS?: { readonly Layers?: readonly string[] | null };
}

/** From the answer of `GET /info`: only containerd's store has a driver-type. */
export function storeKindOf(info: EngineInfo): StoreKind {
  return (info.DriverStatus ?? []).some((row) => row[0] === 'driver-type') ? 'containerd' : 'graph';
}

/** `sha256:` before an id of which some engines write only the hex digits. */
export function imageIdOf(id: string): string {
  return id.startsWith('sha256:') ? id : `sha256:${id}`;
}

/** Names in their short form; `<none>:<none>` is no name. */
export function refsOf(tags: readonly string[] | null | undefined): string[] {
  return (tags ?? []).filter((tag) => !tag.startsWith('<none>')).map(normaliseReference);
}

/**
 * A name, digest or id as part of the path of a request; undefined for text that is none of them, which no engine can know and which
 * could mean another request.
 */
export function pathOfImage(name: string): string | undefined {
  const [reference = '', digest, ...rest] = name.split('@');
  const legal =
    tryParseReference(reference) !== undefined && (digest === undefined || /^sha256:[0-9a-f]{64}$/.test(digest)) && rest.length === 0;
  if (!legal) return undefined;
  return name
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}
