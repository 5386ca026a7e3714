/** One image as the receiver's catalog has it, for tests that need any. */
import type { ImageRecord } from '../../receiver/catalog/catalog.ts';

export const EXAMPLE_TIME = Date.UTC(2026, 10, 21, 2, 0, 4);

const digest = (byte: string): string => `sha256:${byte.repeat(32)}`;

export const EXAMPLE_RECORD: ImageRecord = {
  version: 1,
  archive: 'a1'.repeat(32),
  archiveBytes: 10_737_664,
  streams: ['b1'.repeat(32)],
  images: [
    {
      archiveRefs: ['shop:2'],
      names: {},
      configDigest: digest('c1'),
      layers: [{ diffId: digest('d1'), digest: digest('d1'), stream: 'b1'.repeat(32) }],
    },
  ],
  storedAt: EXAMPLE_TIME,
  deliveredAt: EXAMPLE_TIME,
  verified: [],
};
