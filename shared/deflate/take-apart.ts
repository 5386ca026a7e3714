/** Takes a compressed stream apart: port.ts says what that is, DEFLATE.md what is written down. */
import { concatBytes, copyBytes } from '../bytes.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import type { DeflateFormat, TakeApart } from './port.ts';
import { advance, startStreamParts } from './stream-parts.ts';

/** What of the compressed bytes a reconstruction may take: more is not worth the work. */
const WORTH_SHARE = 1 / 3;
const WORTH_BYTES = 4096;

/**
 * Takes a compressed stream apart. The caller proves the reconstruction before relying on it: put together with the plain bytes, it
 * must give the compressed ones.
 */
export function createTakeApart(format: DeflateFormat = 'any'): TakeApart {
  const kernel = takeKernel();
  const stream = startStreamParts(kernel, format);
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
      stream.held = stream.held.byteLength === 0 ? compressed : concatBytes([stream.held, compressed]);
      advance(stream, false);
      // What is left is few bytes; they outlive the caller's.
      stream.held = copyBytes(stream.held);
      return takePlain();
    },
    end() {
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
