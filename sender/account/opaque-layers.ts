/** Compressed layers that cross as they are. */
import { hex } from '../../shared/hash.ts';
import type { StoredArchive } from '../../shared/image/stored-archive.ts';
import { WRAPPED_BYTES_MIN } from '../../shared/limits.ts';

/**
 * A line for the user where compressed layers were not taken apart.
 * @param opaque ids in hex of the streams that could not be.
 */
export function noteOfOpaque(name: string, archive: StoredArchive, opaque: ReadonlySet<string>): string | undefined {
  const whole = archive.index.images.flatMap((image) =>
    image.layers.filter(({ diffId, blobDigest, member }) => {
      const { stream, bytes = 0 } = archive.member(member) ?? {};
      if (stream !== undefined) return opaque.has(hex(stream));
      return blobDigest !== undefined && blobDigest !== diffId && bytes >= WRAPPED_BYTES_MIN;
    }),
  );
  if (whole.length === 0) return undefined;
  const zstd = whole.filter(({ mediaType }) => mediaType?.endsWith('zstd') === true).length;
  const are = `${whole.length === 1 ? '1 layer is' : `${whole.length} layers are`}${zstd === 0 ? '' : ` (${zstd} by zstd)`}`;
  return `${name}: ${are} compressed in a way that cannot be undone exactly: a change inside costs the whole layer`;
}
