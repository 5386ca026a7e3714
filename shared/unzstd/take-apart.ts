/** Takes a zstd stream apart: deflate/port.ts says what that is, ZSTD.md what is written down. */
import { concatBytes, copyBytes } from '../bytes.ts';
import type { TakeApart } from '../deflate/port.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { advance, startStreamParts } from './stream-parts.ts';

/** What of the compressed bytes a reconstruction may take: more is not worth the work. */
const WORTH_SHARE = 1 / 3;
const WORTH_BYTES = 4096;

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
  const takePlain = (): Uint8Array[] => {
    const { plain } = stream;
    stream.plain = [];
    return plain;
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
      return takePlain();
    },
    end() {
      join();
      advance(stream, true);
      const { held, compressedBytes, plainBytes, writer } = stream;
      const isWhole = !stream.isHopeless && stream.place === 'tail';
      const reconstruction = isWhole ? writer.finish(compressedBytes, plainBytes, held) : undefined;
      giveKernelBack(kernel);
      const isWorth = reconstruction !== undefined && reconstruction.byteLength <= compressedBytes * WORTH_SHARE + WORTH_BYTES;
      stream.isHopeless = !isWorth;
      return { plain: takePlain(), reconstruction: isWorth ? reconstruction : undefined };
    },
  };
}
