/** What each layer of a shipment cost, by the streams that it crossed in. */
import { hex, type Id } from '../../shared/hash.ts';
import type { StoredArchive } from '../../shared/image/stored-archive.ts';
import type { StreamBytes } from './accounting.ts';

export interface LayerBytes extends StreamBytes {
  /** Name of the image, or of its source where it has none. */
  readonly image: string;
  /** `sha256:...` (diffID) of the layer; `archive` for what is not a layer of its own: config, manifest, the order of the members. */
  readonly layer: string;
  /** The archive's member, where it was read; empty for the archive itself. */
  readonly member: string;
  /**
   * `held`: the receiver had it; `shared`: the same layer stands above in the list; `in archive`: a layer that is neither a tar nor gzip, or a
   * tiny one, whose bytes are among those of the archive.
   */
  readonly state: 'sent' | 'held' | 'shared' | 'in archive';
}

/** What was shipped from one source. */
export interface LayersOfSource {
  readonly image: string;
  /** Undefined where nothing was read, because the receiver held the image. */
  readonly archive: StoredArchive | undefined;
  /** The layers of an image that was not read. */
  readonly diffIds: readonly string[];
}

/** @param bytesOf what a stream cost, undefined where it was not announced. */
export function bytesPerLayer(sources: readonly LayersOfSource[], bytesOf: (id: Id) => StreamBytes | undefined): LayerBytes[] {
  const told = new Set<string>();
  const nothing = { announcement: 0, content: 0, answers: 0 };
  const costOf = (id: Id | undefined): StreamBytes & Pick<LayerBytes, 'state'> => {
    if (id === undefined) return { state: 'in archive', ...nothing };
    const bytes = bytesOf(id);
    if (bytes === undefined) return { state: 'held', ...nothing };
    if (told.has(hex(id))) return { state: 'shared', ...nothing };
    told.add(hex(id));
    return { state: 'sent', ...bytes };
  };
  return sources.flatMap(({ image, archive, diffIds }): LayerBytes[] => {
    if (archive === undefined) return diffIds.map((layer) => ({ image, layer, member: '', state: 'held', ...nothing }));
    const layers = archive.index.images.flatMap((one) => one.layers);
    return [
      ...layers.map(({ diffId, member }) => ({ image, layer: diffId, member, ...costOf(archive.member(member)?.stream) })),
      { image, layer: 'archive', member: '', ...costOf(archive.recipe.id) },
    ];
  });
}
