/** What of an image an engine has already. */
import { utf8 } from '../../shared/bytes.ts';
import type { StoreKind } from '../../shared/engine/image-facts.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { ENGINE_IMAGES_MAX } from '../../shared/limits.ts';
import type { EngineClient } from './engine-client.ts';
import type { DeliveredImage, LoadableImage } from './port.ts';

/** Images asked about at the same time. */
const INSPECTIONS_AT_ONCE = 8;

export interface Inventory {
  /**
   * Digests of the image's layer blobs that need not be sent.
   * @param complete ids of the engine's complete images.
   */
  heldBlobs(
    image: LoadableImage,
    storeKind: StoreKind,
    complete: Iterable<string>,
    delivered: readonly DeliveredImage[],
    signal: AbortSignal | undefined,
  ): Promise<Set<string>>;
}

/** An inventory that remembers the layers of an engine's images from one question to the next. */
export function createInventory(client: EngineClient): Inventory {
  let chainsOfImage = new Map<string, readonly string[]>();

  const chainsHeld = async (complete: readonly string[], signal: AbortSignal | undefined): Promise<Set<string>> => {
    const known = new Map<string, readonly string[]>();
    const queue = complete.slice(0, ENGINE_IMAGES_MAX);
    const inspectNext = async (): Promise<void> => {
      for (let imageId = queue.pop(); imageId !== undefined; imageId = queue.pop()) {
        const chains = chainsOfImage.get(imageId) ?? chainIds((await client.inspect(imageId, signal))?.diffIds ?? []);
        known.set(imageId, chains);
      }
    };
    await Promise.all(Array.from({ length: INSPECTIONS_AT_ONCE }, inspectNext));
    chainsOfImage = known;
    return new Set([...known.values()].flat());
  };

  return {
    heldBlobs: async (image, storeKind, complete, delivered, signal) => {
      if (storeKind === 'containerd') {
        const ids = new Set(complete);
        return new Set(delivered.filter((earlier) => ids.has(earlier.imageId)).flatMap((earlier) => earlier.blobDigests));
      }
      const chains = await chainsHeld([...complete], signal);
      const own = chainIds(image.layers.map((layer) => layer.diffId));
      const missing = new Set(image.layers.filter((_, index) => !chains.has(own[index] as string)).map((layer) => layer.digest));
      // A layer that the image has twice is needed as soon as one of its places is not there.
      return new Set(image.layers.map((layer) => layer.digest).filter((digest) => !missing.has(digest)));
    },
  };
}

/**
 * A graph store knows a layer by its chain: the layer and all below it (OCI image configuration specification 1.0, "Layer ChainID").
 * @returns one id for each layer, lowest first.
 */
export function chainIds(diffIds: readonly string[]): string[] {
  const chains: string[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    chains.push(below === undefined ? diffId : sha256Digest(utf8(`${below} ${diffId}`)));
  }
  return chains;
}
