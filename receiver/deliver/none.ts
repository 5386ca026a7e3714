/** `--deliver none`: the store is the destination. */
import type { ImageRecord } from '../catalog.ts';
import type { Deliver, DeliveredImage } from './port.ts';

export const deliverNowhere: Deliver = (record, { names }) => Promise.resolve({ record, images: storedImages(record, names), notes: [] });

export function storedImages(record: ImageRecord, names: readonly (readonly string[])[]): DeliveredImage[] {
  return record.images.map((image, i) => ({
    refs: names[i] ?? [],
    configDigest: image.configDigest,
    imageId: image.configDigest,
    pushed: [],
  }));
}
