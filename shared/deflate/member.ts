/** One member that is held in memory: deflated data undone, and made again, without the frame of a whole stream. */
import { concatBytes, copyBytes } from '../bytes.ts';
import { impossible } from '../wrapped/section.ts';
import { type Thoroughness } from './choose-maker.ts';
import type { Kernel } from './kernel.ts';
import type { Maker } from './makers.ts';
import { createMemberAnalysis } from './member-analysis.ts';
import { startMemberRebuild } from './member-rebuild.ts';

/** What it takes, beside the plain bytes, to make deflated data again. */
export interface MemberForm {
  readonly maker: Maker;
  readonly segmentPower: number;
  readonly corrections: Uint8Array;
}

/**
 * The form of `deflated`, which is one whole deflate stream; undefined where it is odd, or takes more than `correctionsMax` bytes of
 * corrections. Not proven.
 * @param likely the form of a member that the same encoder may have made
 */
export function takeMemberApart(
  kernel: Kernel,
  deflated: Uint8Array,
  correctionsMax: number,
  likely: MemberForm | undefined,
  thoroughness: Thoroughness,
): MemberForm | undefined {
  const corrections: Uint8Array[] = [];
  const sinks = { plain: () => {}, corrections: (bytes: Uint8Array) => void corrections.push(copyBytes(bytes)) };
  kernel.run.start();
  kernel.run.limitLooks(MEMBER_LOOKS.first, MEMBER_LOOKS.perByte);
  const analysis = createMemberAnalysis(kernel, likely, sinks, thoroughness);
  for (let at = 0; at < deflated.byteLength;) {
    const piece = deflated.subarray(at, at + PIECE_BYTES);
    at += piece.byteLength;
    analysis.push(piece, at === deflated.byteLength);
    if (analysis.isWrong || analysis.correctionsBytes > correctionsMax) return undefined;
  }
  const { choice, isOver } = analysis;
  if (!isOver || choice === undefined || analysis.rest().byteLength > 0) return undefined;
  return { ...choice, corrections: concatBytes(corrections) };
}

const PIECE_BYTES = 64 * 1024;
/** Places looked at for matches in one member: before its first byte, and for each byte. Few real ones need more; those stay closed. */
const MEMBER_LOOKS = { first: 1 << 24, perByte: 128 } as const;

/**
 * The deflated data that holds `plain`, at most `bytesMax` bytes.
 * @throws TransferError INTEGRITY where the form is not of these bytes, LIMIT_EXCEEDED where it asks for too much work.
 */
export function putMemberTogether(kernel: Kernel, plain: Uint8Array, form: MemberForm, bytesMax: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let made = 0;
  let correctionsAt = 0;
  const task = { ...form, plainBytes: plain.byteLength, correctionsBytes: form.corrections.byteLength };
  const rebuild = startMemberRebuild(kernel, task, {
    corrections(bytes) {
      const part = form.corrections.subarray(correctionsAt, correctionsAt + bytes);
      correctionsAt += part.byteLength;
      return part;
    },
    made(bytes) {
      made += bytes.byteLength;
      if (made > bytesMax) throw impossible('it makes more than there is room for');
      parts.push(bytes);
    },
  });
  let at = 0;
  while (!rebuild.advance()) {
    if (at === plain.byteLength) throw impossible('plain bytes are missing');
    at += rebuild.push(plain.subarray(at));
  }
  return concatBytes(parts);
}
