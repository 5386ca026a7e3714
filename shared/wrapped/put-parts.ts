/** Makes a compressed stream again part by part (deflate's members, zstd's frames): what all methods have alike. */
import { copyBytes } from '../bytes.ts';
import type { PutTogether } from '../deflate/port.ts';
import { impossible } from './section.ts';

/** What of a reconstruction is looked at beside its parts. */
export interface Announced {
  readonly compressedBytes: number;
  readonly plainBytes: number;
  /** What follows the last part. */
  tail(): Uint8Array;
}

/** The parts of a stream, one after the other. Its functions throw as `PutTogether.push` does. */
export interface Parts {
  /** Makes what can be made of the plain bytes so far, up to the part that waits for more. */
  settle(): void;
  /** Whether a part waits. */
  readonly isOpen: boolean;
  /** Plain bytes for the part that waits; they are copied. @returns how many it took. */
  push(plain: Uint8Array): number;
  /** The stream is whole. */
  end(): void;
}

/** @param start gets where the bytes go that are made, in order; it owns them. */
export function putParts(announced: Announced, start: (give: (bytes: Uint8Array) => void) => Parts): PutTogether {
  const { compressedBytes, plainBytes } = announced;
  let out: Uint8Array[] = [];
  let madeBytes = 0;
  const give = (bytes: Uint8Array): void => {
    madeBytes += bytes.byteLength;
    if (madeBytes > compressedBytes) throw impossible('it makes more than it announces');
    if (bytes.byteLength > 0) out.push(bytes);
  };
  const takeOut = (): Uint8Array[] => {
    const made = out;
    out = [];
    return made;
  };
  const parts = start(give);
  return {
    compressedBytes,
    plainBytes,
    push(plain) {
      parts.settle();
      for (let at = 0; at < plain.byteLength;) {
        if (!parts.isOpen) throw impossible('more plain bytes than it announces');
        at += parts.push(plain.subarray(at));
        parts.settle();
      }
      return takeOut();
    },
    end() {
      parts.settle();
      if (parts.isOpen) throw impossible('plain bytes are missing');
      give(copyBytes(announced.tail()));
      if (madeBytes !== compressedBytes) throw impossible('it makes less than it announces');
      parts.end();
      return takeOut();
    },
  };
}
