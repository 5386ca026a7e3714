import { concatBytes, equalBytes } from '../bytes.ts';
import { createDeflater, MAKERS } from '../delta/deflate.ts';
import { findMembers, trailerOf, TRAILER_BYTES } from '../delta/gzip.ts';
import type { DeflateFormat, TakeApart } from './port.ts';

/** Streams beyond this stay closed: this first form takes them apart whole. */
const WHOLE_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Takes a compressed stream apart. The caller proves the reconstruction before relying on it: putting it together with the plain
 * bytes must give the compressed ones.
 */
export function createTakeApart(format: DeflateFormat = 'any'): TakeApart {
  const pieces: Uint8Array[] = [];
  let isHopeless = format !== 'gzip' && format !== 'any';
  let bytes = 0;
  return {
    get isHopeless() {
      return isHopeless;
    },
    push(compressed) {
      if (!isHopeless) pieces.push(compressed.slice());
      bytes += compressed.byteLength;
      if (bytes > WHOLE_BYTES_MAX) isHopeless = true;
      return [];
    },
    end() {
      const whole = concatBytes(pieces);
      const [member] = isHopeless ? [] : findMembers(whole, WHOLE_BYTES_MAX * 4);
      if (member === undefined || member.start !== 0 || member.dataEnd + TRAILER_BYTES !== whole.byteLength) {
        isHopeless = true;
        return { plain: [], reconstruction: undefined };
      }
      const deflater = createDeflater();
      const data = whole.subarray(member.dataStart, member.dataEnd);
      const maker = MAKERS.find((tried) => deflater.makes(member.content, tried, data));
      if (maker === undefined || !equalBytes(trailerOf(member.content), whole.subarray(member.dataEnd))) {
        isHopeless = true;
        return { plain: [member.content], reconstruction: undefined };
      }
      const lengths = new Uint8Array(new Float64Array([whole.byteLength, member.content.byteLength]).buffer);
      return {
        plain: [member.content],
        reconstruction: concatBytes([new Uint8Array([0, maker]), lengths, whole.subarray(0, member.dataStart)]),
      };
    },
  };
}
