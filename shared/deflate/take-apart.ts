/** Takes a compressed stream apart: port.ts says what that is, DEFLATE.md what is written down. */
import { concatBytes, copyBytes } from '../bytes.ts';
import { endApart, takePlain } from '../wrapped/end-apart.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { MARK_POWER } from './marks.ts';
import type { DeflateFormat, TakeApart } from './port.ts';
import { advance, startStreamParts } from './stream-parts.ts';

/**
 * Takes a compressed stream apart. The caller proves the reconstruction before relying on it: put together with the plain bytes, it
 * must give the compressed ones.
 * @param markPower marks stand 2 to that power of plain bytes apart
 */
export function createTakeApart(format: DeflateFormat = 'any', markPower = MARK_POWER): TakeApart {
  const kernel = takeKernel();
  const stream = startStreamParts(kernel, format, markPower);
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
      return takePlain(stream);
    },
    end() {
      advance(stream, true);
      giveKernelBack(kernel);
      return endApart(stream);
    },
  };
}
