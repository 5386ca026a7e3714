/** What each name has meant over time, as the records of the catalog tell: what a roll-back goes by. */
import { normaliseReference } from '../../shared/image/reference.ts';
import { HISTORY_MAX, HISTORY_TOLD_MAX } from '../../shared/limits.ts';
import type { HistoryEntry, ImageEntry, ImageRecord } from './catalog.ts';
import type { Names } from '../deliver/port.ts';
import { withNames } from './record.ts';

/** One image of a record. */
export interface Meant {
  readonly record: ImageRecord;
  /** Index of the image in the record. */
  readonly index: number;
}

export interface PastMeaning extends Meant, HistoryEntry {}

/** What a name came to mean, oldest first. */
export function historyOf(records: readonly ImageRecord[], name: string): PastMeaning[] {
  return records
    .flatMap((record) =>
      record.images.flatMap(({ history = [] }, index) =>
        history.filter((entry) => entry.name === name).map((entry) => ({ ...entry, record, index })),
      ),
    )
    .toSorted((a, b) => a.at - b.at);
}

/** What a name came to mean as the protocol tells it, the latest of it, and last what waits to be activated. */
export function pastOf(records: readonly ImageRecord[], name: string): [at: number, how: string, by: string, imageId: string][] {
  const asked = normaliseReference(name);
  const staged = stagedUnder(records, asked);
  return [
    ...historyOf(records, asked).map((past): [number, string, string, string] => [past.at, past.how, past.by, idOf(past)]),
    ...(staged === undefined
      ? []
      : [[staged.record.images[staged.index]?.staged?.[asked] ?? 0, '', '', idOf(staged)] as [number, string, string, string]]),
  ].slice(-HISTORY_TOLD_MAX);
}

/**
 * What the name means, and what it meant before that. Whoever goes back leaves behind what came after: going back twice goes two steps,
 * not back and forth.
 */
export function meaningsOf(
  records: readonly ImageRecord[],
  name: string,
): { readonly current: Meant | undefined; readonly before: Meant | undefined } {
  const steps: Meant[] = [];
  for (const { record, index, how } of historyOf(records, name)) {
    const last = steps.findLastIndex((step) => isSame(step, { record, index }));
    if (how === 'rolled-back' && last >= 0) steps.length = last + 1;
    else if (last < 0 || last < steps.length - 1) steps.push({ record, index });
  }
  return { current: steps.at(-1), before: steps.at(-2) };
}

/** The image that was staged last under a name, and is not activated yet. */
export function stagedUnder(records: readonly ImageRecord[], name: string): Meant | undefined {
  const stagedAt = ({ record, index }: Meant): number => record.images[index]?.staged?.[name] ?? 0;
  const found = records
    .flatMap((record) => record.images.map((_, index): Meant => ({ record, index })))
    .filter((meant) => stagedAt(meant) > 0);
  return found.toSorted((a, b) => stagedAt(b) - stagedAt(a))[0];
}

/** The record with these names given to its images, which is remembered, and with none of them waited for any more. */
export function withMeanings(record: ImageRecord, names: Names, { at, how, by }: Omit<HistoryEntry, 'name'>): ImageRecord {
  const named = withNames(record, names, at);
  const images = named.images.map((image, i) => {
    const given = names[i] ?? [];
    const history = [...(image.history ?? []), ...given.map((name) => ({ name, at, how, by }))].slice(-HISTORY_MAX);
    return { ...withoutStaged(image, given), ...(history.length > 0 && { history }) };
  });
  return { ...named, images };
}

/** The record with its images waiting for these names. */
export function withStaged(record: ImageRecord, names: Names, at: number): ImageRecord {
  const images = record.images.map((image, i) => ({
    ...image,
    staged: { ...image.staged, ...Object.fromEntries((names[i] ?? []).map((name) => [name, at])) },
  }));
  return { ...record, images };
}

function withoutStaged({ staged, ...image }: ImageEntry, names: readonly string[]): ImageEntry {
  const left = Object.entries(staged ?? {}).filter(([name]) => !names.includes(name));
  return left.length === 0 ? image : { ...image, staged: Object.fromEntries(left) };
}

function idOf({ record, index }: Meant): string {
  return record.images[index]?.engineImageId ?? record.images[index]?.configDigest ?? '';
}

function isSame(a: Meant, b: Meant): boolean {
  return a.record.archive === b.record.archive && a.index === b.index;
}
