/** Makes one part of a member again, from one mark to the next: what a thread does by itself. */
import { concatBytes, releaseBuffers } from '../bytes.ts';
import { impossible } from '../wrapped/section.ts';
import type { Kernel } from './kernel.ts';
import type { Maker } from './makers.ts';
import { startMemberRebuild } from './member-rebuild.ts';

/** Bytes before a part that its matches can reach, and behind it that the choice of its last ones looks at. */
export const PART_KNOWN_BYTES = 32 * 1024;
export const PART_AHEAD_BYTES = 4096;

export interface PartRequest {
  readonly maker: Maker;
  readonly segmentPower: number;
  /** The `known` bytes before the part, the part, and up to `PART_AHEAD_BYTES` behind it: fewer where the member ends. */
  readonly plain: Uint8Array;
  readonly known: number;
  /** Of the part; undefined: it goes on to the member's end. */
  readonly bytes: number | undefined;
  /** Whether the member ends with `plain`. */
  readonly isEnd: boolean;
  /** Where it begins: see Mark. */
  readonly position: number;
  readonly phase: number;
  readonly steps: number;
  /** All of the part's. */
  readonly corrections: Uint8Array;
  /** Bytes that it may make. */
  readonly madeMax: number;
}

export interface PartReply {
  /** The first `phase` bits are 0, and so is what is not used of the last byte. */
  readonly made: Uint8Array;
  /** Bits of the last byte that are used where it goes on with the next part; 0: it does not. */
  readonly bits: number;
}

/**
 * A natural bound: no position is looked at from more often than by two searches of 4,096 places, nor corrected at more. So a part
 * that is within the limits of its member is within these.
 */
const PART_LOOKS = { first: 1 << 24, perByte: 16_384 } as const;

/** @throws TransferError as `PutTogether.push` does */
export function putPartTogether(kernel: Kernel, part: PartRequest): PartReply {
  const { plain, known, corrections, madeMax } = part;
  const made: Uint8Array[] = [];
  let madeBytes = 0;
  let correctionsAt = 0;
  kernel.run.limitLooks(PART_LOOKS.first, PART_LOOKS.perByte);
  const task = {
    ...part,
    plainBytes: plain.byteLength - known,
    correctionsBytes: corrections.byteLength,
    part: { ...part, before: plain.subarray(0, known) },
  };
  const rebuild = startMemberRebuild(kernel, task, {
    corrections(bytes) {
      const next = corrections.subarray(correctionsAt, correctionsAt + bytes);
      correctionsAt += next.byteLength;
      return next;
    },
    made(bytes) {
      madeBytes += bytes.byteLength;
      if (madeBytes > madeMax) throw impossible('it makes more than it announces');
      made.push(bytes);
    },
  });
  let at = known;
  while (!rebuild.advance()) {
    if (at === plain.byteLength) throw impossible('a part does not end where it should');
    at += rebuild.push(plain.subarray(at));
  }
  const bits = rebuild.flush();
  const whole = concatBytes(made);
  releaseBuffers(made);
  return { made: whole, bits };
}
