/** The catalog's record of an archive that has just become whole. */
import { TransferError } from '../shared/errors.ts';
import { hex } from '../shared/hash.ts';
import { normaliseReference } from '../shared/image/reference.ts';
import type { StoredArchive } from '../shared/image/stored-archive.ts';
import type { Catalog, ImageEntry, ImageRecord } from './catalog.ts';

/**
 * Keeps what is known of the same archive from before: its names and checks.
 * @param proven SHA-256 digests of streams that were rebuilt and hashed, by the streams' ids in hex.
 */
export function makeRecord(archive: StoredArchive, catalog: Catalog, proven: ReadonlyMap<string, string>, now: number): ImageRecord {
  const { recipe, index } = archive;
  const before = catalog.byArchive(recipe.id);
  if (before !== undefined) return before;
  const streams = new Set<string>();
  const images = index.images.map((image): ImageEntry => ({
    archiveRefs: image.refs.map(normaliseReference),
    names: {},
    configDigest: image.configDigest,
    ...(image.descriptor !== undefined && { manifestDigest: image.descriptor.digest }),
    layers: image.layers.map((layer) => {
      const stream = archive.member(layer.member)?.stream;
      if (stream !== undefined) streams.add(hex(stream));
      return { diffId: layer.diffId, digest: layer.blobDigest ?? layer.diffId, ...(stream !== undefined && { stream: hex(stream) }) };
    }),
  }));
  const verified = images
    .flatMap((image) => image.layers)
    .filter((layer) => layer.stream !== undefined && proven.get(layer.stream) === layer.digest);
  return {
    version: 1,
    archive: hex(recipe.id),
    archiveBytes: recipe.bytes,
    streams: [...streams],
    images,
    storedAt: now,
    deliveredAt: now,
    verified: [...new Set(verified.map((layer) => layer.digest))],
  };
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
export function withNames(record: ImageRecord, names: readonly (readonly string[])[], now: number): ImageRecord {
  const images = record.images.map((image, i) => ({
    ...image,
    names: { ...image.names, ...Object.fromEntries((names[i] ?? []).map((name) => [name, now])) },
  }));
  return { ...record, images, deliveredAt: now };
}
