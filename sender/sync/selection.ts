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
  /** Why the entry means no image: it fails in its place, and holds up no other. */
  readonly missing?: TransferError;
}

export interface Sources {
  /** Images of the engine. */
  readonly list: () => Promise<readonly ListedImage[]>;
  /** Relative paths of archives start here. */
  readonly directory: string;
}

/** Everything that the entries mean, in their order; for an entry that means nothing, or cannot be looked for, one that is missing. */
export async function selectImages(config: SyncConfig, sources: Sources): Promise<SelectedImage[]> {
  const selected: SelectedImage[] = [];
  let listed: Promise<readonly ListedImage[]> | undefined;
  const list = (): Promise<readonly ListedImage[]> => (listed ??= sources.list());
  for (const entry of config.images) {
    try {
      selected.push(...(await selectEntry(entry, { ...sources, list })));
    } catch (error) {
      const [source, as] = 'archives' in entry ? [entry.archives, entry.name] : [entry.repository, entry.name];
      selected.push({ source, as, to: entry.to, missing: TransferError.from(error) });
    }
  }
  return withoutDoubles(selected);
}

/** What two entries mean is shipped once; where two images would get one name at one destination, the later fails: each run would give it to both in turn. */
function withoutDoubles(selected: readonly SelectedImage[]): SelectedImage[] {
  const kept: SelectedImage[] = [];
  for (const image of selected) {
    const same = kept.filter((other) => (other.as ?? other.source) === (image.as ?? image.source) && share(other.to, image.to));
    const other = same.find(({ source }) => source !== image.source);
    const message = `${other?.source} is called ${image.as} over there, too`;
    if (other !== undefined)
      kept.push({ ...image, missing: new TransferError('USAGE', message, { hint: 'give one of them another name' }) });
    else if (!same.some(({ to }) => covers(to, image.to))) kept.push(image);
  }
  return kept;
}

/** Whether a list of destinations has all of another; undefined: all. */
function covers(all: readonly string[] | undefined, some: readonly string[] | undefined): boolean {
  return all === undefined || (some !== undefined && some.every((name) => all.includes(name)));
}

/** Whether two lists of destinations have one in common; undefined: all. */
function share(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === undefined || b === undefined || a.some((name) => b.includes(name));
}

/** What one entry means. @throws TransferError IMAGE_NOT_FOUND where that is nothing, USAGE, and what listing throws. */
export async function selectEntry(entry: SyncConfig['images'][number], { list, directory }: Sources): Promise<SelectedImage[]> {
  return 'archives' in entry ? selectArchives(entry, directory) : selectFromEngine(entry, await list());
}

/** Whether it is a range of versions, as `>=1.2 <3`. */
export function isRange(text: string): boolean {
  return validRange(text) !== null;
}

/** Tags that the patterns and the range let pass, newest first, as many as are asked for. */
export function selectFromEngine(entry: EngineSelection, listed: readonly ListedImage[]): SelectedImage[] {
  const wanted = parseReference(`${entry.repository}:x`);
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
