/**
 * Takes a pack away: what it holds that is still needed is appended to the last pack, as it is stored, and the pack is retired once all
 * of that is durable. The rules: STORE.md, "Collecting".
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { TransferError } from '../errors.ts';
import { STORE_PENDING_BYTES_MAX, STORE_PENDING_RECORDS_MAX } from '../limits.ts';
import type { StoreFile } from './files.ts';
import type { StoreInside } from './inside.ts';
import { createKeySet, type KeySet } from './key-set.ts';
import { PACK_HEADER_BYTES, readPackHeader } from './pack-header.ts';
import { scanPack, type ScannedRecord } from './pack-scan.ts';
import type { PackedRecord } from './pack-writer.ts';
import { listPacks, packName, type PackInfo } from './packs.ts';
import { RECORD_KINDS, type RecordKind } from './port.ts';
import { headerTrouble } from './recover.ts';
import { kindOfByte, RECORD_HEADER_BYTES, TOMBSTONE, type RecordHeader } from './record.ts';

export interface RewriteOptions {
  /** The old pack's bytes are overwritten before it is removed. */
  readonly wipe: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Records that are looked up, and of which what is needed is copied, together: that many, or that many bytes of the pack. */
const BATCH_RECORDS_MAX = 1000;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Must run alone of its kind. A failure or an abort leaves the pack, with some of its records moved.
 * @returns undefined, or why the pack had to be left.
 */
export async function rewritePack(inside: StoreInside, info: PackInfo, options: RewriteOptions): Promise<string | undefined> {
  const file = await inside.files.open(join(inside.directory, packName(info.pack)), 'read');
  try {
    const survey = await surveyPack(inside, file, info);
    if (survey.whyLeft !== undefined) return survey.whyLeft;
    const needed = survey.tombstones.size === 0 ? undefined : await findEarlier(inside, info.pack, survey.tombstones);
    const lost = await copyNeeded(inside, file, info, needed, options.signal);
    await inside.commit();
    if (lost > 0 || (survey.isDamaged && (await isNamed(inside, info.pack)))) return `${packName(info.pack)} has damaged records`;
  } finally {
    await file.close();
  }
  await inside.retire(info, options.wipe);
  return undefined;
}

export interface PackSurvey {
  /** Keys that tombstones of this pack are for. */
  readonly tombstones: KeySet;
  readonly tombstoneBytes: number;
  /** Parts of it are no records, or its header is not sound. */
  readonly isDamaged: boolean;
  /** Why it must not be rewritten. */
  readonly whyLeft: string | undefined;
}

/** Looks at the headers in a pack. */
export async function surveyPack({ identity }: StoreInside, file: StoreFile, { pack, size }: PackInfo): Promise<PackSurvey> {
  const tombstones = createKeySet();
  const trouble = headerTrouble(await readPackHeader(file), pack, identity);
  let isDamaged = trouble !== undefined;
  let whyLeft = trouble?.foreign === true ? trouble.what : undefined;
  let tombstoneBytes = 0;
  if (whyLeft !== undefined) return { tombstones, tombstoneBytes, isDamaged, whyLeft };
  for await (const item of scanPack({ file, seed: identity.seed, from: PACK_HEADER_BYTES, to: size, readContent: false })) {
    if (item.type === 'damage') isDamaged = true;
    else if (item.header.kindByte === TOMBSTONE) {
      tombstones.add(item.header.key);
      tombstoneBytes += item.end - item.offset;
    } else if (kindOfByte(item.header.kindByte) === undefined) whyLeft = `${packName(pack)} has records of a later version`;
  }
  return { tombstones, tombstoneBytes, isDamaged, whyLeft };
}

/** Which of these keys have a record in a pack before this one: their tombstones are still needed. */
async function findEarlier(inside: StoreInside, before: number, keys: KeySet): Promise<KeySet> {
  const found = createKeySet();
  for (const { pack, size } of await listPacks(inside.files, inside.directory)) {
    if (pack >= before) continue;
    const file = await inside.files.open(join(inside.directory, packName(pack)), 'read');
    try {
      const scan = scanPack({ file, seed: inside.identity.seed, from: PACK_HEADER_BYTES, to: size, readContent: false });
      for await (const item of scan) {
        if (item.type === 'record' && item.header.kindByte !== TOMBSTONE && keys.has(item.header.key)) found.add(item.header.key);
      }
    } finally {
      await file.close();
    }
  }
  return found;
}

/** @returns how many records could not be copied, as they are damaged. */
async function copyNeeded(
  inside: StoreInside,
  file: StoreFile,
  { pack, size }: PackInfo,
  neededTombstones: KeySet | undefined,
  signal: AbortSignal | undefined,
): Promise<number> {
  let lost = 0;
  let batch: ScannedRecord[] = [];
  const copy = async (): Promise<void> => {
    const part = batch;
    batch = [];
    assertRunning(signal, 'collecting');
    if (inside.places.pendingCount >= STORE_PENDING_RECORDS_MAX || inside.writer.unsyncedBytes >= STORE_PENDING_BYTES_MAX)
      await inside.commit();
    lost += await copyBatch(inside, file, pack, part, neededTombstones);
  };
  const scan = scanPack({ file, seed: inside.identity.seed, from: PACK_HEADER_BYTES, to: size, readContent: false });
  for await (const item of scan) {
    if (item.type === 'damage') continue;
    if (batch.length >= BATCH_RECORDS_MAX || (batch.length > 0 && item.end - batch[0]!.offset > BATCH_BYTES_MAX)) await copy();
    batch.push(item);
  }
  if (batch.length > 0) await copy();
  return lost;
}

/** @param batch consecutive records of the pack. */
async function copyBatch(
  inside: StoreInside,
  file: StoreFile,
  pack: number,
  batch: readonly ScannedRecord[],
  neededTombstones: KeySet | undefined,
): Promise<number> {
  const isNeeded = async (records: readonly ScannedRecord[]): Promise<ScannedRecord[]> => {
    const needed = new Set<ScannedRecord>();
    for (const kind of RECORD_KINDS) {
      const ofKind = records.filter(({ header }) => subjectOf(header) === kind);
      const locations = await inside.places.locate(
        kind,
        ofKind.map(({ header }) => header.key),
      );
      for (const [at, record] of ofKind.entries()) {
        const location = locations[at];
        const isTombstone = record.header.kindByte === TOMBSTONE;
        if (isTombstone ? location === undefined && neededTombstones?.has(record.header.key) === true : isAt(location, pack, record))
          needed.add(record);
      }
    }
    return records.filter((record) => needed.has(record));
  };
  const wanted = await isNeeded(batch);
  const first = wanted[0];
  if (first === undefined) return 0;
  const bytes = new Uint8Array(wanted.at(-1)!.end - first.offset);
  await file.read(bytes, first.offset);
  const sound = new Map<ScannedRecord, Uint8Array>();
  for (const record of wanted) {
    const stored = bytes.subarray(record.offset - first.offset + RECORD_HEADER_BYTES, record.end - first.offset);
    if (crc32(stored) === record.header.storedCrc) sound.set(record, stored);
  }
  await inside.serial(async () => {
    // Once more, where nothing else can change it: what was put again, or went, since is not to be copied.
    const still = await isNeeded([...sound.keys()]);
    const packed = still.map(({ header }, at): PackedRecord => ({ ...header, stored: sound.get(still[at]!)! }));
    await inside.writer.append(packed, (from, locations) => {
      for (const [at, location] of locations.entries()) {
        const { header } = still[from + at]!;
        const kind = kindOfByte(header.kindByte);
        if (kind !== undefined) inside.places.add(kind, header.key, location, false);
      }
    });
  });
  return wanted.length - sound.size;
}

/** The kind of the record that a header is about: itself, or the one that is gone. */
function subjectOf({ kindByte, goneKindByte }: RecordHeader): RecordKind | undefined {
  return kindOfByte(kindByte === TOMBSTONE ? goneKindByte : kindByte);
}

function isAt(location: { readonly pack: number; readonly offset: number } | undefined, pack: number, record: ScannedRecord): boolean {
  return location?.pack === pack && location.offset === record.offset;
}

/** Whether the index names the pack. */
async function isNamed({ places }: StoreInside, pack: number): Promise<boolean> {
  for (const kind of RECORD_KINDS) for await (const { location } of places.entries(kind)) if (location.pack === pack) return true;
  return false;
}

/** @throws TransferError INTERRUPTED when aborted. */
export function assertRunning(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw new TransferError('INTERRUPTED', `${what} was interrupted`, { cause: signal.reason });
}
