/** Which of the records that are put have to be written. */
import type { Id } from '../hash.ts';
import { entryName } from './pending.ts';
import { RECORD_KINDS, type RecordKind, type StoreRecord } from './port.ts';

export interface WantedRecord {
  /** Among the records that were put. */
  readonly place: number;
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
  const isKnown: boolean[] = [];
  for (const kind of RECORD_KINDS) {
    const places: number[] = [];
    for (let place = 0; place < records.length; place++) if (records[place]?.kind === kind) places.push(place);
    if (places.length === 0) continue;
    const held = await holds(kind, places.map((place) => (records[place] as StoreRecord).key)); // prettier-ignore
    for (let i = 0; i < places.length; i++) isKnown[places[i] as number] = held[i] === true;
  }
  const wanted: WantedRecord[] = [];
  const taken = new Set<string>();
  for (let place = 0; place < records.length; place++) {
    const record = records[place] as StoreRecord;
    const name = entryName(record.kind, record.key);
    const isTaken = taken.has(name);
    const isNew = isKnown[place] !== true && !isTaken;
    if (isNew || record.kind === 'image' || (replace && !isTaken)) wanted.push({ place, record, isNew });
    taken.add(name);
  }
  return wanted;
}
