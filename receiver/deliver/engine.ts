/** `--deliver engine`: proves every layer, gives the engine what it lacks, tags and pushes. */
import { concatBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { idFromHex, sha256Digest } from '../../shared/hash.ts';
import type { ArchiveImage } from '../../shared/image/archive-index.ts';
import { loadRecipe, openStoredArchive, type StoredArchive } from '../../shared/image/stored-archive.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Catalog, ImageEntry, ImageRecord } from '../catalog/catalog.ts';
import type { Blob, Delivery as SinkDelivery, ImageSink, LoadableImage } from '../image/port.ts';
import { sha256OfStream } from '../catalog/verify.ts';
import type { Deliver, DeliveredImage, DeliverOptions } from './port.ts';

/** @param pushTo `REGISTRY[/PREFIX]` to push to after the load. */
export function deliverToEngine(store: Store, catalog: Catalog, sink: ImageSink, pushTo: string | undefined): Deliver {
  return async (record, options) => {
    const archive = await openStoredArchive(await loadRecipe(store, idFromHex(record.archive)), store);
    const delivered: DeliveredImage[] = [];
    const notes: string[] = [];
    let current = record;
    let alreadyThere = true;
    for (const [i, image] of archive.index.images.entries()) {
      const refs = options.names[i];
      if (refs === undefined) continue;
      current = await proveLayers(current, image, archive, catalog, options);
      const result = await sink.deliver(await loadable(image, refs, archive), {
        ...(options.signal !== undefined && { signal: options.signal }),
        ...(pushTo !== undefined && options.mayPush !== false && { pushTo }),
        ...(options.isRehearsal === true && { onlyLoad: true }),
        delivered: deliveredBefore(catalog),
        onProgress: ({ phase, bytes, bytesTotal }) => options.onProgress?.(phase, bytes, bytesTotal),
      });
      alreadyThere &&= result.alreadyThere;
      current = {
        ...current,
        images: current.images.with(i, {
          ...(current.images[i] as ImageEntry),
          engineImageId: result.imageId,
          engineBlobs: [...result.blobDigests],
        }),
      };
      delivered.push({
        refs,
        configDigest: image.configDigest,
        imageId: result.imageId,
        pushed: result.pushed.map((push) => `${push.ref}@${push.digest}`),
      });
      notes.push(...notesOf(refs, result, options.isDiscreet === true));
      if (pushTo !== undefined && options.mayPush === false)
        notes.push(`${refs[0] ?? result.imageId}: not pushed, for want of the right to`);
    }
    return { record: current, images: delivered, notes, alreadyThere };
  };
}

/** Every layer is hashed once before an engine first sees it: what does not match its digest is never loaded. */
async function proveLayers(
  record: ImageRecord,
  image: ArchiveImage,
  archive: StoredArchive,
  catalog: Catalog,
  options: DeliverOptions,
): Promise<ImageRecord> {
  const verified = new Set(record.verified);
  const total = image.layers.reduce((sum, layer) => sum + (archive.member(layer.member)?.bytes ?? 0), 0);
  let done = 0;
  for (const layer of image.layers) {
    const digest = layer.blobDigest ?? layer.diffId;
    if (!verified.has(digest) && !catalog.isVerified(digest)) {
      const actual = await sha256OfStream(archive.open(layer.member, options.signal));
      if (actual !== digest)
        throw new TransferError(
          'INTEGRITY',
          `the layer ${layer.member} is ${actual}, the image wants ${digest}: the source itself is damaged`,
          { hint: 'nothing was loaded; save the image again at the source' },
        );
    }
    verified.add(digest);
    done += archive.member(layer.member)?.bytes ?? 0;
    options.onProgress?.('rebuild', done, total);
  }
  return { ...record, verified: [...verified] };
}

async function loadable(image: ArchiveImage, refs: readonly string[], archive: StoredArchive): Promise<LoadableImage> {
  const config = await readMember(archive, image.configMember);
  if (sha256Digest(config) !== image.configDigest) throw new TransferError('INTEGRITY', `the config of ${image.configDigest} is damaged`);
  const blob = (digest: string, member: string): Blob => ({
    digest,
    bytes: archive.member(member)?.bytes ?? 0,
    open: (signal) => archive.open(member, signal),
  });
  return {
    refs,
    config,
    configDigest: image.configDigest,
    layers: image.layers.map((layer) => ({
      ...blob(layer.blobDigest ?? layer.diffId, layer.member),
      diffId: layer.diffId,
      mediaType: layer.mediaType,
    })),
    ...(image.descriptor !== undefined && {
      original: { descriptor: image.descriptor, blobs: [...image.blobs].map(([digest, member]) => blob(digest, member)) },
    }),
  };
}

async function readMember(archive: StoredArchive, name: string): Promise<Uint8Array> {
  return concatBytes(await Array.fromAsync(archive.open(name)));
}

function deliveredBefore(catalog: Catalog): { imageId: string; blobDigests: string[] }[] {
  return catalog
    .records()
    .flatMap((record) =>
      record.images.flatMap((image) =>
        image.engineImageId === undefined ? [] : [{ imageId: image.engineImageId, blobDigests: image.engineBlobs ?? [] }],
      ),
    );
}

function notesOf(refs: readonly string[], result: SinkDelivery, isDiscreet: boolean): string[] {
  const name = refs[0] ?? result.imageId;
  const loaded = isDiscreet
    ? `${name}: loaded`
    : result.alreadyThere
      ? `${name}: the engine had it already`
      : `${name}: loaded ${result.loadedLayers} layers, the engine had ${result.omittedLayers}`;
  return [loaded, ...result.replaced.map((old) => `${old.ref} meant ${old.imageId} before`)];
}
