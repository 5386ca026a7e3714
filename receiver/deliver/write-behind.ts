/** Content on its way into a file: it is written while the next is being made, and the disk takes it as it comes rather than all at the end. */
import type { FileHandle } from 'node:fs/promises';
import { releaseBytes } from '../../shared/bytes.ts';
import { writeFully } from '../../shared/store/files.ts';

/** Pieces that are being written at once. */
const WRITES_MAX = 4;
/** So much is written before the disk is made to take it: a gigabyte that waits in memory slows the system down that has to write it then. */
const SYNC_BYTES = 32 * 1024 * 1024;

/**
 * Writes `pieces`, which it takes over, into a regular file from its start on, and syncs it. Nothing is under way any more when it settles.
 * @param onWritten told how many bytes are in the file so far, ever more of them
 */
export async function writeBehind(
  handle: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
  onWritten: (bytes: number) => void,
): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  const start = <T>(job: Promise<T>): Promise<T> => {
    underWay.add(job);
    const settled = (): boolean => underWay.delete(job);
    // A failure is heard when its turn comes.
    void job.then(settled, settled);
    return job;
  };
  try {
    const writes: { readonly done: Promise<void>; readonly end: number }[] = [];
    const finishFirst = async (): Promise<void> => {
      const { done, end } = writes.shift() as (typeof writes)[number];
      await done;
      onWritten(end);
    };
    let at = 0;
    let unsynced = 0;
    let synced = Promise.resolve();
    for await (const piece of pieces) {
      if (writes.length === WRITES_MAX) await finishFirst();
      const bytes = piece.byteLength;
      writes.push({ done: start(writeFully(handle, [piece], at).then(() => releaseBytes(piece))), end: (at += bytes) });
      unsynced += bytes;
      if (unsynced < SYNC_BYTES) continue;
      unsynced = 0;
      await synced;
      synced = start(handle.datasync());
    }
    while (writes.length > 0) await finishFirst();
    await synced;
    await handle.datasync();
  } finally {
    // The file may be closed and taken away next.
    await Promise.allSettled(underWay);
  }
}
