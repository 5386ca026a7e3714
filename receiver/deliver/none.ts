/** `--deliver none`: the store is the destination. */
import type { ImageRecord } from '../catalog/catalog.ts';
import type { Deliver, DeliveredImage, Names } from './port.ts';

export const deliverNowhere: Deliver = (record, { names }) => Promise.resolve({ record, images: storedImages(record, names), notes: [] });

export function storedImages(record: ImageRecord, names: Names): DeliveredImage[] {
  return record.images.flatMap((image, i) => {
    const refs = names[i];
    return refs === undefined ? [] : [{ refs, configDigest: image.configDigest, imageId: image.configDigest, pushed: [] }];
  });
}
