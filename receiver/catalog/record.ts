/** The catalog's record of an archive that has just become whole. */
import { TransferError } from '../../shared/errors.ts';
import { hex, type Id } from '../../shared/hash.ts';
import { normaliseReference } from '../../shared/image/reference.ts';
import { loadInner, type StoredArchive } from '../../shared/image/stored-archive.ts';
import type { Store } from '../../shared/store/port.ts';
import { namedAt, type Catalog, type ImageEntry, type ImageRecord } from './catalog.ts';
import type { Names } from '../deliver/port.ts';

/**
 * Keeps what is known of the same archive from before: its names and checks.
 * @param proven SHA-256 digests of streams that were rebuilt and hashed, by the streams' ids in hex.
 */
export async function makeRecord(
  archive: StoredArchive,
  store: Store,
  catalog: Catalog,
  proven: ReadonlyMap<string, string>,
  now: number,
): Promise<ImageRecord> {
  const { recipe, index } = archive;
  const before = catalog.byArchive(recipe.id);
  if (before !== undefined) return before;
  const streams = new Set<string>();
  const inner = new Map<string, Inner>();
  for (const { member } of index.images.flatMap((image) => image.layers)) {
    const stream = archive.member(member)?.stream;
    if (stream !== undefined && !inner.has(hex(stream))) inner.set(hex(stream), await innerOf(stream, store));
  }
  const images = index.images.map((image): ImageEntry => ({
    archiveRefs: image.refs.map(normaliseReference),
    names: {},
    configDigest: image.configDigest,
    ...(image.descriptor !== undefined && { manifestDigest: image.descriptor.digest }),
    layers: image.layers.map((layer) => {
      const digests = { diffId: layer.diffId, digest: layer.blobDigest ?? layer.diffId };
      const id = archive.member(layer.member)?.stream;
      if (id === undefined) return digests;
      const stream = hex(id);
      const { plain, files } = inner.get(stream) as Inner;
      if (plain !== undefined) streams.add(plain);
      streams.add(stream);
      return { ...digests, stream, ...(plain !== undefined && { plain }), ...(files.length > 0 && { files }) };
    }),
  }));
  for (const { files } of inner.values()) for (const file of files) streams.add(file);
  const verified = images.flatMap((image) => image.layers.flatMap((layer) => provenDigests(layer, proven)));
  return {
    version: 1,
    archive: hex(recipe.id),
    archiveBytes: recipe.bytes,
    streams: [...streams],
    images,
    storedAt: now,
    deliveredAt: now,
    verified: [...new Set(verified)],
  };
}

/** What a layer's stream leads to, in hex: its plain stream, and those of its files with theirs. */
interface Inner {
  readonly plain: string | undefined;
  readonly files: string[];
}

async function innerOf(layer: Id, store: Store): Promise<Inner> {
  const { plain, files } = await loadInner(store, layer);
  const streams: string[] = [];
  for (const file of files) {
    const inner = await loadInner(store, file);
    if (inner.plain !== undefined) streams.push(hex(inner.plain));
    streams.push(hex(file));
  }
  return { plain: plain && hex(plain), files: streams };
}

/** Those of a layer's two digests that are the SHA-256 of streams that were proven. */
function provenDigests(
  { diffId, digest, stream = '', plain = '' }: ImageEntry['layers'][number],
  proven: ReadonlyMap<string, string>,
): string[] {
  const digests = [proven.get(stream) === digest ? digest : undefined, proven.get(plain) === diffId ? diffId : undefined];
  return digests.filter((one) => one !== undefined);
}

/**
 * The names that each image of the record is to get: the one asked for, or those of the archive where it is empty.
 * @throws TransferError USAGE where the archive holds several images, which one name cannot mean.
 */
export function namesFor(record: ImageRecord, asked: string): readonly (readonly string[])[] {
  if (asked === '') return record.images.map((image) => image.archiveRefs);
  if (record.images.length > 1)
    throw new TransferError('USAGE', `${asked}: the archive holds ${record.images.length} images, one name cannot mean them all`);
  return [[normaliseReference(asked)]];
}

/** The record with these names given to its images now. */
export function withNames(record: ImageRecord, names: Names, now: number): ImageRecord {
  const images = record.images.map((image, i) => ({
    ...image,
    names: { ...image.names, ...Object.fromEntries((names[i] ?? []).map((name) => [name, now])) },
  }));
  return { ...record, images, deliveredAt: now };
}

/** Whether the store has the image already, and these names mean it. */
export function wasKnownAs(record: ImageRecord, names: readonly (readonly string[])[], catalog: Catalog): boolean {
  const known = catalog.byArchive(Buffer.from(record.archive, 'hex'));
  if (known === undefined) return false;
  const others = catalog.records().filter(({ archive }) => archive !== record.archive);
  return names.every((ofImage, i) =>
    ofImage.every(
      (name) => name in (known.images[i]?.names ?? {}) && others.every((other) => namedAt(other, name) <= namedAt(known, name)),
    ),
  );
}
