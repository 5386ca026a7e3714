/** Versions of one image that differ a little: for what a shipment leans on. */
import { imageEntries } from './craft-image.ts';
import { craftEntry, craftTar } from './craft-tar.ts';
import { seededBytes } from './random.ts';

const bottom = craftTar([craftEntry({ name: 'usr/lib/bottom' }, seededBytes(1, 200_000))]);
const large = seededBytes(2, 400_000);
const same = seededBytes(3, 100_000);

/** The archive of `app:NUMBER`: a layer that all versions have, and one with a large file of which ten bytes in the middle differ. */
export function appVersion(number: number): Uint8Array {
  const changed = large.slice();
  changed.fill(number, 200_000, 200_010);
  const top = craftTar([
    craftEntry({ name: 'srv/large' }, changed),
    craftEntry({ name: 'srv/same' }, same),
    craftEntry({ name: 'srv/version' }, String(number)),
  ]);
  return craftTar(imageEntries({ images: [{ tag: `app:${number}`, layers: [bottom, top] }], layout: 'oci' }));
}
