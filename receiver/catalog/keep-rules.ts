/** Which images stay when others go: rules by repository and name, as the command line gives them. */
import { matchesPattern } from '../../shared/image/name-pattern.ts';
import { tryParseReference } from '../../shared/image/reference.ts';
import { namedAt, type ImageRecord } from './catalog.ts';

/** An image stays that any of these keeps; a pinned one always does. */
export interface KeepRules {
  /** Of each repository so many, those delivered last. */
  readonly last?: number | undefined;
  /** Delivered in the last so many milliseconds. */
  readonly withinMs?: number | undefined;
  /** With a name that matches: `*` stands for any characters; a pattern without `:` is about the tag, one with it about the whole name. */
  readonly tags: readonly string[];
}

/** Without any rule no image goes. */
export function isEmpty({ last, withinMs, tags }: KeepRules): boolean {
  return last === undefined && withinMs === undefined && tags.length === 0;
}

/** The records that go, oldest delivery first. @param records newest delivery first. */
export function chooseGoing(records: readonly ImageRecord[], rules: KeepRules, now: number): ImageRecord[] {
  if (isEmpty(rules)) return [];
  const patterns = rules.tags.map(namesMeant);
  const owners = ownersOf(records);
  const countOf = new Map<string, number>();
  const isKept = (record: ImageRecord): boolean => {
    let isLast = false;
    for (const repository of repositoriesOf(record)) {
      const count = (countOf.get(repository) ?? 0) + 1;
      countOf.set(repository, count);
      if (count <= (rules.last ?? 0)) isLast = true;
    }
    const isYoung = rules.withinMs !== undefined && now - record.deliveredAt <= rules.withinMs;
    return (
      isLast ||
      isYoung ||
      record.pinned === true ||
      [...currentNames(record, owners), ...stagedNames(record)].some((name) => patterns.some((pattern) => matchesPattern(pattern, name)))
    );
  };
  return records.filter((record) => !isKept(record)).toReversed();
}

/** Who has each name now: the record that was delivered under it last, and of several the first in the list. */
export function ownersOf(records: readonly ImageRecord[]): ReadonlyMap<string, ImageRecord> {
  const owners = new Map<string, ImageRecord>();
  for (const record of records)
    for (const name of namesOf(record)) {
      const owner = owners.get(name);
      if (owner === undefined || namedAt(record, name) > namedAt(owner, name)) owners.set(name, record);
    }
  return owners;
}

/** Names that the record has now. */
export function currentNames(record: ImageRecord, owners: ReadonlyMap<string, ImageRecord>): string[] {
  return namesOf(record).filter((name) => owners.get(name) === record);
}

/** Names that it waits for. */
export function stagedNames(record: ImageRecord): string[] {
  return record.images.flatMap((image) => Object.keys(image.staged ?? {}));
}

/** All names that it was ever delivered under. */
export function namesOf(record: ImageRecord): string[] {
  return [...new Set(record.images.flatMap((image) => Object.keys(image.names)))];
}

/** Registry and repository of its names; one without any counts as of its archive's names, or as of a repository of its own. */
function repositoriesOf(record: ImageRecord): Set<string> {
  const names = [...namesOf(record), ...stagedNames(record)];
  const known = names.length > 0 ? names : record.images.flatMap((image) => image.archiveRefs);
  const repositories = known.flatMap((name) => {
    const reference = tryParseReference(name);
    return reference === undefined ? [] : [`${reference.registry ?? ''}/${reference.repository}`];
  });
  return new Set(repositories.length > 0 ? repositories : [record.archive]);
}

/** As a pattern of image names. */
function namesMeant(text: string): string {
  return text.includes(':') ? text : `*:${text}`;
}
