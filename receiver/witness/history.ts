/**
 * What this receiver delivered, failed to deliver or brought back, as a journal beside the store (RECEIPTS.md): `journal.jsonl`, signed
 * with the key in `receipt-key.pem`. To be open only while the store is, whose lock keeps a second writer away.
 */
import { join } from 'node:path';
import type { WireCounters } from '../../shared/channel/port.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { openJournal, type JournalEntry } from '../../shared/journal/journal.ts';
import { openSigningKey } from '../../shared/journal/key.ts';
import type { ImageRecord } from '../catalog/catalog.ts';
import type { DeliveredImage } from '../deliver/port.ts';

/** `unchanged`: the image was held, and there was nothing to do for it. */
export type HistoryEvent = 'delivered' | 'unchanged' | 'failed' | 'restored' | 'staged' | 'activated' | 'rolled-back';

/** What is known of an event; what is left out does not stand in its entry. */
export interface Facts {
  /** Id of the transfer, as both sides' logs have it. */
  readonly transfer?: string | undefined;
  readonly from?: Origin | undefined;
  /** Undefined where the image failed before it was one. */
  readonly record?: ImageRecord | undefined;
  /** For each image of the record what became of it; where there is none yet, `names` says what it is to be called. */
  readonly images?: readonly DeliveredImage[] | undefined;
  readonly names?: readonly (readonly string[])[] | undefined;
  /** Where it was brought back to, as it was said. */
  readonly to?: string | undefined;
  /** Bytes of the archive as `gzip -6` would have them, estimated. */
  readonly gzipBytes?: number | undefined;
  /** Of the conversation so far. */
  readonly wire?: WireCounters | undefined;
  readonly seconds?: number | undefined;
  readonly notes?: readonly string[] | undefined;
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined;
  /** What the sender was given to show. */
  readonly proof?: { readonly subject: string; readonly time: number; readonly signature: string } | undefined;
}

/** Who asked for it. */
export interface Origin {
  /** HOST:PORT. */
  readonly peer: string;
  /** Name and version of the sender's program. */
  readonly agent: string;
  /** `token NAME`, `certificate NAME`, or `anyone`. */
  readonly who: string;
}

export interface History extends AsyncDisposable {
  readonly file: string;
  /** Resolves when the entry is durable. @throws TransferError NO_SPACE, LIMIT_EXCEEDED */
  record(event: HistoryEvent, facts: Facts): Promise<JournalEntry>;
  /** Base64, with the receiver's key. */
  sign(bytes: Uint8Array): string;
  /** PEM. */
  readonly publicKey: string;
}

export function journalFile(store: string): string {
  return join(store, 'journal.jsonl');
}

export function receiptKeyFile(store: string): string {
  return join(store, 'receipt-key.pem');
}

/** Makes key and journal where there is none. @param store directory of the store. @throws TransferError STORE_CORRUPT, PERMISSION */
export async function openHistory(store: string, now: () => number): Promise<History> {
  const key = await openSigningKey(receiptKeyFile(store));
  const file = journalFile(store);
  const journal = await openJournal(file, now, key);
  return {
    file,
    record: (event, facts) => journal.append({ event, ...toEntry(facts) }),
    sign: (bytes) => key.sign(bytes),
    publicKey: key.publicKey,
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}

function toEntry({ record, images, names, transfer, from, to, gzipBytes, wire, seconds, notes = [], error, proof }: Facts): object {
  return {
    transfer,
    from,
    to,
    ...(record !== undefined && { archive: record.archive, archiveBytes: record.archiveBytes }),
    gzipBytes,
    images: record === undefined ? (images?.map(imageOf) ?? names?.map((each) => ({ names: each }))) : imagesOf(record, images, names),
    wire: wire && { sentBytes: wire.sentBytes, receivedBytes: wire.receivedBytes },
    seconds: seconds === undefined ? undefined : Math.round(seconds * 1000) / 1000,
    ...(notes.length > 0 && { notes }),
    error: error && { code: error.code, message: error.message },
    proof: proof && { ...proof, time: new Date(proof.time * 1000).toISOString() },
  };
}

function imageOf({ refs, configDigest, imageId, pushed }: DeliveredImage): object {
  return { names: refs, configDigest, imageId, pushed };
}

function imagesOf(record: ImageRecord, delivered: Facts['images'], names: Facts['names']): object[] {
  return record.images.map((image, i) => ({
    names: delivered?.[i]?.refs ?? names?.[i] ?? [],
    configDigest: image.configDigest,
    manifestDigest: image.manifestDigest,
    imageId: delivered?.[i]?.imageId,
    layers: image.layers.map(({ digest }) => digest),
    pushed: delivered?.[i]?.pushed,
  }));
}
