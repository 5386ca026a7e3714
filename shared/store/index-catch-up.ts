/** Puts records that were found in the packs into the index, in batches that each leave it whole. */
import type { Id } from '../hash.ts';
import type { ChunkIndex, Counters, IndexEntry, Location } from './chunk-index.ts';
import { RECORD_KINDS, type RecordKind } from './port.ts';
import { recordName } from './pack-reader.ts';
import { kindOfByte, TOMBSTONE, type RecordHeader } from './record.ts';

/** Entries that go into the index in one batch. */
const BATCH_RECORDS_MAX = 1000;

/** The place up to which the records were given to `add`. */
export interface Covered {
  readonly coveredPack: number;
  readonly coveredOffset: number;
  readonly earlierBytes: number;
}

export interface IndexCatchUp {
  readonly counters: Counters;
  /** Records given to `add` that this version knows. */
  readonly records: number;
  /** In the order of the packs: a later record of a key replaces the earlier one, a tombstone removes it. */
  add(header: RecordHeader, place: { readonly pack: number; readonly offset: number }): void;
  /** Writes to the index when enough has come together, or all of it with `force`. */
  write(covered: Covered, options?: { readonly force?: boolean }): Promise<void>;
}

interface Change {
  readonly kind: RecordKind;
  readonly key: Id;
  /** Undefined for a record that is gone. */
  readonly location: Location | undefined;
}

export function createIndexCatchUp(index: ChunkIndex, storeId: Uint8Array, from: Counters): IndexCatchUp {
  const counters = { records: { ...from.records }, chunkBytes: from.chunkBytes };
  let changes = new Map<string, Change>();
  let records = 0;

  const count = ({ kind }: Change, location: Location, sign: 1 | -1): void => {
    counters.records[kind] += sign;
    if (kind === 'chunk') counters.chunkBytes += sign * location.rawLength;
  };

  /** What the index has for the changed keys goes out of the counters, what comes goes in. */
  const countAll = async (): Promise<void> => {
    for (const kind of RECORD_KINDS) {
      const ofKind = [...changes.values()].filter((change) => change.kind === kind);
      if (ofKind.length === 0) continue;
      const before = await index.getMany(
        kind,
        ofKind.map(({ key }) => key),
      );
      for (const [at, change] of ofKind.entries()) {
        const old = before[at];
        if (old !== undefined) count(change, old, -1);
        if (change.location !== undefined) count(change, change.location, 1);
      }
    }
  };

  return {
    counters,
    get records() {
      return records;
    },
    add(header, place) {
      const isTombstone = header.kindByte === TOMBSTONE;
      const kind = kindOfByte(isTombstone ? header.goneKindByte : header.kindByte);
      if (kind === undefined) return;
      const { key, storedLength, rawLength } = header;
      records++;
      changes.set(recordName(kind, key), { kind, key, location: isTombstone ? undefined : { ...place, storedLength, rawLength } });
    },
    async write(covered, { force = false } = {}) {
      if (!force && changes.size < BATCH_RECORDS_MAX) return;
      await countAll();
      const entries: IndexEntry[] = [];
      const removed: Change[] = [];
      for (const change of changes.values()) {
        if (change.location === undefined) removed.push(change);
        else entries.push({ kind: change.kind, key: change.key, location: change.location });
      }
      await index.write(entries, removed, { storeId, ...covered, counters });
      changes = new Map();
    },
  };
}
