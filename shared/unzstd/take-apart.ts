/** Takes a zstd stream apart: deflate/port.ts says what that is, ZSTD.md what is written down. */
import { concatBytes, copyBytes } from '../bytes.ts';
import type { TakeApart } from '../deflate/port.ts';
import { endApart, takePlain } from '../wrapped/end-apart.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { advance, startStreamParts } from './stream-parts.ts';

/**
 * Takes a zstd stream apart. The caller proves the reconstruction before relying on it: put together with the plain bytes, it must give
 * the compressed ones.
 */
export function createTakeApart(): TakeApart {
  const kernel = takeKernel();
  const stream = startStreamParts(kernel);
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  /** What was pushed belongs together from here on. */
  const join = (): void => {
    if (waiting.length > 0) stream.held = concatBytes([stream.held, ...waiting]);
    waiting = [];
    waitingBytes = 0;
  };
  return {
    get isHopeless() {
      return stream.isHopeless;
    },
    push(compressed) {
      if (stream.isHopeless) return [];
      stream.compressedBytes += compressed.byteLength;
      waiting.push(copyBytes(compressed));
      waitingBytes += compressed.byteLength;
      if (stream.held.byteLength + waitingBytes < stream.wanted) return [];
      join();
      advance(stream, false);
      return takePlain(stream);
    },
    end() {
      join();
      advance(stream, true);
      giveKernelBack(kernel);
      return endApart(stream);
    },
  };
}
