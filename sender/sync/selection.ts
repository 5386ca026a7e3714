/** Which images of an engine, and which archives, an entry of sync.yaml means; and what they are called over there. */
import { glob } from 'node:fs/promises';
import { matchesGlob, resolve } from 'node:path';
import { coerce, compare, satisfies, valid, validRange } from 'semver';
import { TransferError } from '../../shared/errors.ts';
import { formatReference, parseReference, type Reference } from '../../shared/image/reference.ts';
import type { ListedImage } from '../image/port.ts';
import type { ArchiveSelection, EngineSelection, SyncConfig } from './config.ts';

/** One image to be kept in step. */
export interface SelectedImage {
  /** A name for the engine, or the path of an archive. */
  readonly source: string;
  /** The name over there; undefined: as it is called here. */
  readonly as: string | undefined;
  /** Names of destinations; undefined: all. */
  readonly to: readonly string[] | undefined;
  /** The engine has to pull it first. */
  readonly isPulled?: boolean;
}

export interface Sources {
  /** Images of the engine. */
  readonly list: () => Promise<readonly ListedImage[]>;
  /** Relative paths of archives start here. */
  readonly directory: string;
}

/**
 * Everything that the entries mean, in their order.
 * @throws TransferError IMAGE_NOT_FOUND where an entry means nothing, USAGE, and what listing throws.
 */
export async function selectImages(config: SyncConfig, { list, directory }: Sources): Promise<SelectedImage[]> {
  const selected: SelectedImage[] = [];
  let listed: readonly ListedImage[] | undefined;
  for (const entry of config.images) {
    if ('archives' in entry) selected.push(...(await selectArchives(entry, directory)));
    else selected.push(...selectFromEngine(entry, (listed ??= await list())));
  }
  return selected;
}

/** Tags that the patterns and the range let pass, newest first, as many as are asked for. */
export function selectFromEngine(entry: EngineSelection, listed: readonly ListedImage[]): SelectedImage[] {
  const wanted = parseReference(`${entry.repository}:x`);
  if (entry.semver !== undefined && validRange(entry.semver) === null)
    throw new TransferError('USAGE', `"${entry.semver}" is not a range of versions`, { hint: 'want one as ">=1.2 <3", or 1.x' });
  const found = listed
    .map(({ ref, createdAt }) => ({ reference: parseReference(ref), createdAt }))
    .filter(({ reference }) => reference.repository === wanted.repository && reference.registry === wanted.registry)
    .filter(({ reference: { tag } }) => isMeant(tag, entry))
    .toSorted((a, b) => newestFirst(a, b, entry.semver !== undefined));
  if (found.length === 0)
    throw new TransferError(
      'IMAGE_NOT_FOUND',
      `the engine has no image ${entry.repository} that is meant by sync's tags, range and patterns`,
    );
  return found.slice(0, entry.newest).map(({ reference }) => ({
    source: formatReference(reference),
    as: entry.name === undefined ? undefined : renamed(entry.name, reference),
    to: entry.to,
  }));
}

async function selectArchives(entry: ArchiveSelection, directory: string): Promise<SelectedImage[]> {
  const paths = (await Array.fromAsync(glob(entry.archives, { cwd: directory }))).map((path) => resolve(directory, path)).toSorted();
  if (paths.length === 0) throw new TransferError('IMAGE_NOT_FOUND', `no archive matches ${entry.archives}`);
  if (entry.name !== undefined && paths.length > 1)
    throw new TransferError('USAGE', `${entry.archives} means ${paths.length} archives, which one name cannot mean`);
  return paths.map((path) => ({ source: path, as: entry.name, to: entry.to }));
}

/** A tag is a version with or without a `v` in front; `1.2` is 1.2.0. */
function versionOf(tag: string): string | undefined {
  const exact = valid(tag);
  if (exact !== null) return exact;
  return /^v?\d+(?:\.\d+)?$/.test(tag) ? coerce(tag)?.version : undefined;
}

/** Whether the patterns and the range of an entry let a tag pass. */
export function isMeant(tag: string, { tags, semver }: EngineSelection): boolean {
  return (tags?.some((pattern) => matchesGlob(tag, pattern)) ?? true) && (semver === undefined || isInRange(tag, semver));
}

function isInRange(tag: string, range: string): boolean {
  const version = versionOf(tag);
  return version !== undefined && satisfies(version, range);
}

interface Found {
  readonly reference: Reference;
  readonly createdAt: number;
}

/** By version where a range was asked for, else by the time when the image was made; then by name, so that the order is always the same. */
function newestFirst(a: Found, b: Found, byVersion: boolean): number {
  const versions = byVersion ? compare(versionOf(b.reference.tag) ?? '0.0.0', versionOf(a.reference.tag) ?? '0.0.0') : 0;
  return versions || b.createdAt - a.createdAt || (a.reference.tag < b.reference.tag ? 1 : -1);
}

/** The same tag in another repository. */
export function renamed(repository: string, { tag }: Reference): string {
  return formatReference(parseReference(`${repository}:${tag}`));
}
