/** A file as a stream of large pieces in reused memory. */
import { open } from 'node:fs/promises';

const PIECE_BYTES = 1024 * 1024;

/**
 * Reads a file from its start to its end, one piece ahead of the consumer. A piece is valid until the next one is asked for.
 * Errors of the file system are thrown as they are.
 */
export async function* readFilePieces(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Uint8Array, void> {
  await using file = await open(path);
  let current = new Uint8Array(PIECE_BYTES);
  let other = new Uint8Array(PIECE_BYTES);
  let reading = file.read(current);
  try {
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      signal?.throwIfAborted();
      const piece = current.subarray(0, bytesRead);
      [current, other] = [other, current];
      reading = file.read(current);
      // Heard here, so that a failure waits for the consumer to ask for the piece.
      reading.catch(() => undefined);
      yield piece;
    }
  } finally {
    // The file must not be closed, nor the memory let go, under a read that is still under way.
    await reading.catch(() => undefined);
  }
}
