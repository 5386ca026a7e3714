/** The index as a port: key -> place in a pack, and the state that says how far it covers the packs. Bytes: STORE.md, "Index". */
import { asId, ID_BYTES, type Id } from '../hash.ts';
import type { RecordKind } from './port.ts';
import { kindByte, kindOfByte } from './record.ts';

/** Where a record lies, and how long it is without its header. */
export interface Location {
  readonly pack: number;
  /** Of the record header. */
  readonly offset: number;
  readonly storedLength: number;
  readonly rawLength: number;
}

export interface Counters {
  readonly records: Readonly<Record<RecordKind, number>>;
  /** Raw bytes of all chunks. */
  readonly chunkBytes: number;
}

export interface IndexState {
  readonly storeId: Uint8Array;
  /** The index knows every record before this place. */
  readonly coveredPack: number;
  readonly coveredOffset: number;
  /** Bytes of all packs before `coveredPack`. */
  readonly earlierBytes: number;
  readonly counters: Counters;
}

export interface IndexEntry {
  readonly kind: RecordKind;
  readonly key: Id;
  readonly location: Location;
}

/** All methods throw TransferError; STORE_CORRUPT means that the index is damaged. */
export interface ChunkIndex {
  hasMany(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]>;
  getMany(kind: RecordKind, keys: readonly Id[]): Promise<(Location | undefined)[]>;
  /** The first key that begins with `prefix`. */
  find(kind: RecordKind, prefix: Uint8Array): Promise<Id | undefined>;
  /** All or nothing, and durable when it resolves. Removals happen before the entries. */
  write(
    entries: readonly IndexEntry[],
    removed: readonly { readonly kind: RecordKind; readonly key: Id }[],
    state: IndexState,
  ): Promise<void>;
  /** Undefined where there is none, or it is of another version. */
  state(): Promise<IndexState | undefined>;
  /** At least all that were there at the call, each once. */
  entries(kind: RecordKind): AsyncIterable<IndexEntry>;
  /** Forgets everything, durably. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const INDEX_VERSION = 1;
const LOCATION_BYTES = 16;
const STATE_BYTES = 68;
export const STATE_KEY = Uint8Array.of(0);

export function indexKey(kind: RecordKind, key: Id): Uint8Array {
  const out = new Uint8Array(1 + ID_BYTES);
  out[0] = kindByte(kind);
  out.set(key, 1);
  return out;
}

/** The keys of a kind that begin with `prefix` lie between these two, both included. */
export function prefixRange(kind: RecordKind, prefix: Uint8Array): { readonly gte: Uint8Array; readonly lte: Uint8Array } {
  const gte = new Uint8Array(1 + ID_BYTES);
  const lte = new Uint8Array(1 + ID_BYTES).fill(0xff);
  for (const end of [gte, lte]) {
    end[0] = kindByte(kind);
    end.set(prefix, 1);
  }
  return { gte, lte };
}

export function encodeLocation(location: Location): Uint8Array {
  const out = new Uint8Array(LOCATION_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, location.pack, true);
  view.setUint32(4, location.offset, true);
  view.setUint32(8, location.storedLength, true);
  view.setUint32(12, location.rawLength, true);
  return out;
}

/** Undefined where the bytes are no location. */
export function decodeLocation(bytes: Uint8Array): Location | undefined {
  if (bytes.byteLength !== LOCATION_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, LOCATION_BYTES);
  return {
    pack: view.getUint32(0, true),
    offset: view.getUint32(4, true),
    storedLength: view.getUint32(8, true),
    rawLength: view.getUint32(12, true),
  };
}

/** Undefined where key or value are not those of an entry. */
export function decodeEntry(key: Uint8Array, value: Uint8Array): IndexEntry | undefined {
  if (key.byteLength !== 1 + ID_BYTES) return undefined;
  const kind = kindOfByte(key[0] as number);
  const location = decodeLocation(value);
  return kind === undefined || location === undefined ? undefined : { kind, key: asId(key.slice(1)), location };
}

export function encodeState(state: IndexState): Uint8Array {
  const out = new Uint8Array(STATE_BYTES);
  const view = new DataView(out.buffer);
  const { records, chunkBytes } = state.counters;
  view.setUint16(0, INDEX_VERSION, true);
  view.setUint32(4, state.coveredPack, true);
  view.setUint32(8, state.coveredOffset, true);
  view.setBigUint64(12, BigInt(state.earlierBytes), true);
  out.set(state.storeId, 20);
  view.setBigUint64(36, BigInt(records.chunk), true);
  view.setBigUint64(44, BigInt(records.recipe), true);
  view.setBigUint64(52, BigInt(records.image), true);
  view.setBigUint64(60, BigInt(chunkBytes), true);
  return out;
}

/** Undefined where the bytes are no state of this version. */
export function decodeState(bytes: Uint8Array): IndexState | undefined {
  if (bytes.byteLength !== STATE_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, STATE_BYTES);
  if (view.getUint16(0, true) !== INDEX_VERSION) return undefined;
  const number = (at: number): number => Number(view.getBigUint64(at, true));
  return {
    storeId: bytes.slice(20, 36),
    coveredPack: view.getUint32(4, true),
    coveredOffset: view.getUint32(8, true),
    earlierBytes: number(12),
    counters: { records: { chunk: number(36), recipe: number(44), image: number(52) }, chunkBytes: number(60) },
  };
}
