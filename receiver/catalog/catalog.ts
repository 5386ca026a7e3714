/**
 * What images the store holds: the `image` records, read once at start and kept in memory. One record is one archive that was
 * delivered, with the images in it; where several carry a name, the one that was delivered last under it owns it.
 */
import { z } from 'zod';
import { utf8, utf8Text } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { hex, type Id, idFromHex } from '../../shared/hash.ts';
import { normaliseReference, tryParseReference } from '../../shared/image/reference.ts';
import { PREFIX_BYTES } from '../../shared/wire/messages.ts';
import type { Store } from '../../shared/store/port.ts';

const Hex = z.string().regex(/^[0-9a-f]{64}$/);
const ImageRecordSchema = z.object({
  version: z.literal(1),
  /** Id of the archive's stream. */
  archive: Hex,
  archiveBytes: z.number(),
  /** Ids of the layers' streams, in the order of the archive; before that of a compressed layer, that of its plain bytes; then those of their files. */
  streams: z.array(Hex),
  images: z.array(
    z.object({
      /** Names that the archive itself gives it. */
      archiveRefs: z.array(z.string()),
      /** Names that it was delivered under, with the time of the latest delivery: the newest owner of a name has it. */
      names: z.record(z.string(), z.number()),
      /** Names that it waits for until it is activated, with the time when it was staged. */
      staged: z.record(z.string(), z.number()).optional(),
      /** When it came to mean a name, oldest first, and who had it do so. */
      history: z
        .array(z.object({ name: z.string(), at: z.number(), how: z.enum(['delivered', 'activated', 'rolled-back']), by: z.string() }))
        .optional(),
      configDigest: z.string(),
      /** Digest that a containerd store uses as image id, where the archive names it. */
      manifestDigest: z.string().optional(),
      /** `plain`: the stream of the layer's plain bytes, where `stream` is compressed and was taken apart. */
      layers: z.array(
        z.object({
          diffId: z.string(),
          digest: z.string(),
          stream: Hex.optional(),
          plain: Hex.optional(),
          /** The streams of large compressed files in it, and before each that of its plain bytes. */
          files: z.array(Hex).optional(),
        }),
      ),
      /** Id that the engine gave it when it was loaded. */
      engineImageId: z.string().optional(),
      /** Blobs that a containerd store holds since then. */
      engineBlobs: z.array(z.string()).optional(),
    }),
  ),
  /** Milliseconds since the epoch: the first and the latest delivery. */
  storedAt: z.number(),
  deliveredAt: z.number(),
  /** SHA-256 digests of layers whose bytes were checked against them. */
  verified: z.array(z.string()),
  /** Stays whatever the keep rules and the quota say. */
  pinned: z.boolean().optional(),
});

export type ImageRecord = z.output<typeof ImageRecordSchema>;
export type ImageEntry = ImageRecord['images'][number];
export type HistoryEntry = NonNullable<ImageEntry['history']>[number];

export interface Catalog {
  /** Newest delivery first. */
  records(): readonly ImageRecord[];
  byArchive(id: Uint8Array): ImageRecord | undefined;
  /** By an id as an engine shows it: the config digest or the manifest digest (32 bytes). */
  byImageId(id: Uint8Array): ImageRecord | undefined;
  /** By reference, or by the beginning (at least 6 digits) of an image id. @throws TransferError IMAGE_NOT_FOUND, naming near references. */
  find(name: string): ImageRecord;
  /** Writes the record in place of an earlier one of the same archive; durable after the store's next flush. */
  save(record: ImageRecord): Promise<void>;
  /** The record is to be removed from the store: it is found no more. Only in memory; the caller removes it from the store, too. */
  drop(record: ImageRecord): void;
  /** Takes back a `drop` of what is still in the store, unless it was saved again since. */
  restore(record: ImageRecord): void;
  /**
   * Ids of streams, each once: of the offered layers first, then of the same repository, then of the newest images.
   * @param mayRead whether the asker may know of a record.
   */
  bases(
    ref: string,
    layerPrefixes: readonly Uint8Array[],
    most: number,
    mayRead?: (record: ImageRecord) => boolean,
  ): { streams: Id[]; complete: boolean };
  /** These streams cannot be read, or not all of them: they are named as bases no more, until they are trusted. */
  doubt(streams: readonly Id[]): void;
  /** A stream was proven. */
  trust(stream: Id): void;
  /** False where the image's archive is in doubt. */
  isTrusted(record: ImageRecord): boolean;
  /** True where a layer with this digest was once checked. */
  isVerified(digest: string): boolean;
  /** Keys of image records that could not be read, in hex: these images are not known until they are shipped again. */
  readonly unreadable: readonly string[];
}

/** Streams in doubt, in hex. */
export interface Doubts {
  has(stream: string): boolean;
  add(stream: string): unknown;
  delete(stream: string): unknown;
}

/** @param doubted where doubts are kept; by default they last as long as the catalog. */
export async function openCatalog(store: Store, doubted: Doubts = new Set<string>()): Promise<Catalog> {
  const byArchive = new Map<string, ImageRecord>();
  const unreadable: string[] = [];
  // Versions of an image name the same layers: one string for each digest.
  const digests = new Map<string, string>();
  for await (const key of store.keys('image')) {
    try {
      const bytes = await store.get('image', key);
      if (bytes !== undefined) byArchive.set(hex(key), parseRecord(bytes, key, digests));
    } catch (error) {
      if (TransferError.from(error).code !== 'INTEGRITY') throw error;
      unreadable.push(hex(key));
    }
  }
  let sorted: ImageRecord[] | undefined;
  const records = (): ImageRecord[] =>
    (sorted ??= [...byArchive.values()].toSorted((a, b) => b.deliveredAt - a.deliveredAt || (a.archive < b.archive ? -1 : 1)));
  const byDigest = (digest: string): ImageRecord | undefined =>
    records().find((record) =>
      record.images.some((image) => image.configDigest === digest || image.manifestDigest === digest || image.engineImageId === digest),
    );

  return {
    records,
    byArchive: (id) => byArchive.get(hex(id)),
    byImageId: (id) => byDigest(`sha256:${hex(id)}`),
    find(name) {
      const ref = normaliseReference(name);
      const found = ownerOf(records(), ref) ?? findById(records(), name);
      if (found === undefined) throw notFound(name, records());
      return found;
    },
    async save(record) {
      byArchive.set(record.archive, record);
      sorted = undefined;
      await store.put([{ kind: 'image', key: idFromHex(record.archive), bytes: utf8(JSON.stringify(record)) }]);
    },
    drop({ archive }) {
      byArchive.delete(archive);
      sorted = undefined;
    },
    restore(record) {
      if (!byArchive.has(record.archive)) byArchive.set(record.archive, record);
      sorted = undefined;
    },
    bases(ref, layerPrefixes, most, mayRead = () => true) {
      const streams = new Set<string>();
      const readable = records().filter(mayRead);
      for (const id of layerStreams(readable, layerPrefixes)) streams.add(id);
      for (const record of byRepository(readable, ref)) for (const id of [...record.streams, record.archive]) streams.add(id);
      const named = [...streams].filter((id) => !doubted.has(id)).slice(0, most);
      return { streams: named.map((id) => idFromHex(id)), complete: named.length === streams.size };
    },
    doubt(streams) {
      for (const id of streams) doubted.add(hex(id));
    },
    trust: (stream) => void doubted.delete(hex(stream)),
    isTrusted: (record) => !doubted.has(record.archive),
    isVerified: (digest) => records().some((record) => record.verified.includes(digest)),
    unreadable,
  };
}

/** @param strings gives equal strings one place in memory. */
function parseRecord(bytes: Uint8Array, key: Id, strings: Map<string, string>): ImageRecord {
  const one = (text: string): string => strings.get(text) ?? (strings.set(text, text), text);
  try {
    return ImageRecordSchema.parse(JSON.parse(utf8Text(bytes), (_, value: unknown) => (typeof value === 'string' ? one(value) : value)));
  } catch (error) {
    throw new TransferError('STORE_CORRUPT', `the image record ${hex(key)} does not parse`, { cause: error });
  }
}

/** When the record was last delivered under a name; 0 for never. */
export function namedAt(record: ImageRecord, ref: string): number {
  return Math.max(0, ...record.images.map((image) => image.names[ref] ?? 0));
}

/** @returns the record that a name means now. */
export function ownerOf(records: readonly ImageRecord[], ref: string): ImageRecord | undefined {
  const [first] = records.filter((record) => namedAt(record, ref) > 0).toSorted((a, b) => namedAt(b, ref) - namedAt(a, ref));
  return first;
}

function findById(records: readonly ImageRecord[], name: string): ImageRecord | undefined {
  const digits = name.replace(/^sha256:/, '');
  if (!/^[0-9a-f]{6,64}$/.test(digits)) return undefined;
  return records.find((record) =>
    record.images.some((image) =>
      [image.configDigest, image.manifestDigest, image.engineImageId].some((digest) => digest?.startsWith(`sha256:${digits}`)),
    ),
  );
}

function layerStreams(records: readonly ImageRecord[], prefixes: readonly Uint8Array[]): string[] {
  if (prefixes.length === 0) return [];
  const found = new Map<string, { readonly streams: Set<string>; readonly files: Set<string> }>();
  for (const record of records)
    for (const image of record.images)
      for (const { diffId, plain, stream, files = [] } of image.layers) {
        const key = diffId.slice('sha256:'.length, 'sha256:'.length + 2 * PREFIX_BYTES);
        const known = found.get(key) ?? { streams: new Set(), files: new Set() };
        for (const id of [plain, stream]) if (id !== undefined) known.streams.add(id);
        for (const id of files) known.files.add(id);
        found.set(key, known);
      }
  const offered = prefixes.flatMap((prefix) => found.get(hex(prefix)) ?? []);
  return [...offered.flatMap(({ streams }) => [...streams]), ...offered.flatMap(({ files }) => [...files])];
}

/** Records of the same repository first; each group newest first. */
function byRepository(records: readonly ImageRecord[], ref: string): ImageRecord[] {
  const repository = tryParseReference(ref)?.repository;
  const same = (record: ImageRecord): boolean =>
    record.images.some((image) => Object.keys(image.names).some((other) => tryParseReference(other)?.repository === repository));
  return [...records.filter(same), ...records.filter((record) => !same(record))];
}

function notFound(name: string, records: readonly ImageRecord[]): TransferError {
  const known = records.flatMap((record) => record.images.flatMap((image) => Object.keys(image.names)));
  const repository = name.split(':')[0] ?? name;
  const near = known.filter((ref) => ref.includes(repository) || repository.includes(ref.split(':')[0] ?? ref)).slice(0, 5);
  const hint = near.length > 0 ? `near names: ${near.join(', ')}` : 'list what is there with `lightermand images`';
  return new TransferError('IMAGE_NOT_FOUND', `the store has no image ${name}`, { hint });
}
