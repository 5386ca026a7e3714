/** Which of the records that are put have to be written. */
import type { Id } from '../hash.ts';
import { entryName } from './pending.ts';
import { RECORD_KINDS, type RecordKind, type StoreRecord } from './port.ts';

export interface WantedRecord {
  readonly record: StoreRecord;
  /** False for one that takes the place of another. */
  readonly isNew: boolean;
}

/** Leaves out what is known, unless it is to be replaced, or stands twice, of the kinds whose content cannot differ. */
export async function siftRecords(
  records: readonly StoreRecord[],
  replace: boolean,
  holds: (kind: RecordKind, keys: readonly Id[]) => Promise<boolean[]>,
): Promise<WantedRecord[]> {
  const known = new Set<string>();
  for (const kind of RECORD_KINDS) {
    const keys = records.filter((record) => record.kind === kind).map(({ key }) => key);
    const held = await holds(kind, keys);
    for (const [index, key] of keys.entries()) if (held[index] === true) known.add(entryName(kind, key));
  }
  const wanted: WantedRecord[] = [];
  const taken = new Set<string>();
  for (const record of records) {
    const name = entryName(record.kind, record.key);
    const isNew = !known.has(name);
    if (isNew || record.kind === 'image' || (replace && !taken.has(name))) wanted.push({ record, isNew });
    known.add(name);
    taken.add(name);
  }
  return wanted;
}
