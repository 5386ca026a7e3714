/**
 * The store: an append-only memory of content. The sender's pool and the receiver's store are the same code.
 *
 * Three kinds of record live in it, each found by a 32-byte key:
 *  - `chunk`: content, keyed by the BLAKE3 of its bytes;
 *  - `recipe`: how to rebuild one stream (a layer, an archive), keyed by the BLAKE3 of that stream's bytes;
 *  - `image`: what was delivered under which references, keyed by the BLAKE3 of the archive's bytes. A later record of the
 *    same key replaces the earlier one.
 * Layout, write ordering and recovery of the durable adapter: STORE.md.
 */
import type { Id } from '../hash.ts';

export const RECORD_KINDS = ['chunk', 'recipe', 'image'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export interface StoreRecord {
  readonly kind: RecordKind;
  readonly key: Id;
  /** Raw bytes; the store may compress them at rest. Owned by the store until `put` resolves. */
  readonly bytes: Uint8Array;
}

export interface RecordName {
  readonly kind: RecordKind;
  readonly key: Id;
}

export interface PutOptions {
  readonly replace?: boolean;
  /** Told of each record that was not there before, by its place among the records, once it is there. */
  readonly onNew?: (place: number) => void;
}

export interface StoreStats {
  /** Records by kind. */
  readonly records: Readonly<Record<RecordKind, number>>;
  /** Raw bytes of all chunks, each counted once. */
  readonly chunkBytes: number;
  /** Bytes on disk: packs and index. */
  readonly diskBytes: number;
}

export interface CheckReport {
  readonly recordsRead: number;
  /** Damage found; empty when the store is sound. */
  readonly problems: readonly { readonly kind: RecordKind | 'pack' | 'index'; readonly key: string; readonly what: string }[];
}

/**
 * What a caller knows of a chunk or recipe: that it is needed; that it was needed by something that is no more; or nothing, which may
 * be because it belongs to a shipment that is not finished.
 */
export type Verdict = (name: RecordName) => 'needed' | 'released' | 'unknown';

export interface CollectOptions {
  /**
   * Called once, after the end of the store was noted: records that are put from then on stay. The verdict is asked for every other
   * record, and once more, synchronously, in the moment in which one is removed. Images go only where they are `released`, and before
   * all else.
   */
  readonly mark: () => Promise<Verdict>;
  /** Counts, and changes nothing. */
  readonly dryRun: boolean;
  /** The share of a pack that may be waste; a pack with more is rewritten. 0 to 1. */
  readonly wasteMax: number;
  /** Numbers of packs that are rewritten whatever their waste, because they are damaged. */
  readonly rewrite?: readonly number[] | undefined;
  /** While the packs together have more bytes than this, packs with less waste are rewritten, too. */
  readonly diskBytesMax?: number | undefined;
  /** Unknown records in packs that were written to since then (milliseconds since the epoch) stay. */
  readonly unfinishedSinceMs: number;
  /** Rewrites every pack with any waste, and overwrites the old pack before it is removed. */
  readonly wipe: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface CollectReport {
  /** Records that were removed, and raw bytes of the chunks among them. */
  readonly records: number;
  readonly contentBytes: number;
  /** Bytes of unknown records that stay because they are young. */
  readonly unfinishedBytes: number;
  /** Bytes of the packs that were taken away, less what had to be kept of them. */
  readonly freedBytes: number;
  readonly packs: number;
  /** Bytes of all packs now. */
  readonly diskBytes: number;
  /** Packs that had to be left, and why. */
  readonly left: readonly string[];
}

export interface Store extends AsyncDisposable {
  /** 16 random bytes, made when the store was created: who this store is, for a peer that remembers it. */
  readonly storeId: Uint8Array;

  /** For each key, in order, whether the store has it. Sees what was put and not yet flushed. */
  hasMany(kind: RecordKind, keys: readonly Id[]): Promise<boolean[]>;

  /**
   * For each prefix (1 to 32 bytes) the first key of that kind that begins with it, or undefined. Flushes first.
   * For questions from a peer that names content by the beginning of its key.
   */
  findMany(kind: RecordKind, prefixes: readonly Uint8Array[]): Promise<(Id | undefined)[]>;

  /**
   * Appends records. Known keys of kind `chunk` and `recipe` are skipped; `image` replaces. Resolves when the records can be read
   * back, which is before they are durable.
   * @param options `replace`: known records are written again too, and found from then on in place of the earlier ones, which may be damaged.
   * @returns how many were new.
   * @throws TransferError NO_SPACE when the disk is full; the store stays usable and keeps all earlier records.
   */
  put(records: readonly StoreRecord[], options?: PutOptions): Promise<number>;

  /** Resolves when everything put or removed before the call survives a power cut. Concurrent calls share one sync. */
  flush(): Promise<void>;

  /**
   * Forgets records. They are found no more when it resolves, which is before that is durable; their room comes back with `collect`.
   * @param spare asked for each record that is there, in the moment in which it would go: true leaves it.
   * @returns how many went.
   * @throws TransferError NO_SPACE where there is no room for the tombstones: all are still there, or some are.
   */
  remove(names: readonly RecordName[], spare?: (name: RecordName) => boolean): Promise<number>;

  /**
   * Removes what nobody needs and rewrites packs with waste. One at a time; beside it the store can be used as always.
   * @throws TransferError NO_SPACE where even that needs more room than there is; INTERRUPTED. The store is sound after any failure.
   */
  collect(options: CollectOptions): Promise<CollectReport>;

  /**
   * The verified bytes of each key, in order. A chunk is hashed, every other kind is checked against its checksum.
   * The arrays belong to the caller; they may share buffers with each other, and with nothing else.
   * @throws TransferError INTEGRITY when a record is missing or damaged (message names kind and key).
   */
  getMany(kind: RecordKind, keys: readonly Id[]): Promise<Uint8Array[]>;

  /** As `getMany` of one key, but undefined where the store does not have it. */
  get(kind: RecordKind, key: Id): Promise<Uint8Array | undefined>;

  /** All keys of a kind, in no particular order. */
  keys(kind: RecordKind): AsyncIterable<Id>;

  stats(): Promise<StoreStats>;

  /** Bytes that records of these keys (each named once) take in the store, headers included; what is not there takes none. */
  storedBytes(kind: RecordKind, keys: readonly Id[]): Promise<number>;

  /** Reads every record (`readAll`) or only the index and pack structure, and reports damage without changing anything. */
  check(options?: { readonly readAll?: boolean; readonly signal?: AbortSignal }): Promise<CheckReport>;

  /** Flushes and closes; idempotent. */
  close(): Promise<void>;
}
