/** What the receiver says that it needs of a stream that was announced. */
import { encodeMessage } from '../../shared/wire/messages.ts';

/** For each fresh chunk whether it is needed, or that the stream is in the store. */
export type Needed = readonly boolean[] | 'held';

/** The `need` frame that says so. */
export function encodeNeed(stream: number, needed: Needed): Uint8Array {
  return encodeMessage('need', needed === 'held' ? [stream, 1, new Uint8Array(0)] : [stream, 0, packBits(needed)]);
}

/** One bit each, the first in the lowest bit of the first byte. */
function packBits(flags: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (const [i, flag] of flags.entries()) if (flag) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  return bits;
}
