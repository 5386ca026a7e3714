/** Writes a tar as a stream. The one importer of tar-stream. */
import { pack, type Pack } from 'tar-stream';
import { TransferError } from '../../shared/errors.ts';

export interface TarMember {
  /** At most 100 bytes, so that a plain ustar header holds it. */
  readonly name: string;
  readonly bytes: number;
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

const EPOCH = new Date(0);
const BLOCK_BYTES = 512;

/** Length of the tar that `writeTar` makes of the members. */
export function tarBytes(members: readonly TarMember[]): number {
  const bodies = members.map((member) => BLOCK_BYTES + Math.ceil(member.bytes / BLOCK_BYTES) * BLOCK_BYTES);
  return bodies.reduce((sum, bytes) => sum + bytes, 2 * BLOCK_BYTES);
}

/**
 * The members as a tar: the same bytes for the same members, since every time in it is 1970. Members are opened one after the other,
 * as the consumer gets to them; a consumer that stops early closes the open one.
 * @throws TransferError INTEGRITY where a member is not as long as it says, and what `open` throws.
 */
export async function* writeTar(members: readonly TarMember[], signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const archive = pack();
  const feeding = feed(archive, members, signal).catch((error: unknown) => archive.destroy(error as Error));
  try {
    for await (const bytes of archive as AsyncIterable<Uint8Array>) yield bytes;
  } finally {
    archive.destroy();
    await feeding;
  }
}

async function feed(archive: Pack, members: readonly TarMember[], signal: AbortSignal | undefined): Promise<void> {
  for (const member of members) {
    const header = { name: member.name, size: member.bytes, mode: 0o644, mtime: EPOCH };
    const { entry, closed } = openEntry(archive, header);
    let written = 0;
    for await (const bytes of member.open(signal)) {
      written += bytes.byteLength;
      if (written > member.bytes) break;
      if (!entry.write(bytes)) await Promise.race([closed, new Promise<void>((resolve) => void entry.once('drain', resolve))]);
      // The consumer is gone: leaving the loop closes the member.
      if (entry.destroyed) return;
    }
    if (written !== member.bytes) {
      throw new TransferError('INTEGRITY', `${member.name} does not have the ${member.bytes} bytes that it should have`);
    }
    entry.end(null);
    await closed;
    if (archive.destroyed) return;
  }
  archive.finalize();
}

/** `closed` resolves when the entry is complete or given up, which `destroyed` then tells. */
function openEntry(archive: Pack, header: { name: string; size: number; mode: number; mtime: Date }) {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const entry = archive.entry(header, () => resolve());
  // Its errors are those of the archive, where the consumer meets them.
  entry.on('error', () => {});
  return { entry, closed };
}
