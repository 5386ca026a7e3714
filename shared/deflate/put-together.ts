/** Makes a compressed stream again from its plain bytes and a reconstruction. */
import { copyBytes } from '../bytes.ts';
import { putParts, type Parts } from '../wrapped/put-parts.ts';
import { createCheck, type Check } from './frame.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { startMemberRebuild, type MemberRebuild } from './member-rebuild.ts';
import type { PutTogether } from './port.ts';
import { readReconstruction, type Member, type ReconstructionReader } from './reconstruction.ts';

/** The member at hand. */
interface OpenMember {
  readonly member: Member;
  readonly check: Check;
  readonly rebuild: MemberRebuild;
}

/** Makes the compressed stream again that `reconstruction` was taken from; it is looked at until the end. Throws as `PutTogether.push` does. */
export function createPutTogether(reconstruction: Uint8Array): PutTogether {
  const reader = readReconstruction(reconstruction);
  return putParts(reader, (give) => members(reader, give));
}

function members(reader: ReconstructionReader, give: (bytes: Uint8Array) => void): Parts {
  const kernel = takeKernel();
  const ports = { corrections: (bytes: number) => reader.corrections(bytes), made: give };
  let open: OpenMember | undefined;
  /** False where there is none left. */
  const startMember = (): boolean => {
    const member = reader.nextMember();
    if (member === undefined) return false;
    give(copyBytes(member.header));
    open = { member, check: createCheck(member.frame), rebuild: startMemberRebuild(kernel, member, ports) };
    return true;
  };
  return {
    get isOpen() {
      return open !== undefined;
    },
    settle() {
      while ((open !== undefined || startMember()) && open?.rebuild.advance() === true) {
        const { member, check } = open;
        give(member.trailer === undefined ? check.trailer() : copyBytes(member.trailer));
        open = undefined;
      }
    },
    push(plain) {
      const { rebuild, check } = open as OpenMember;
      const bytes = rebuild.push(plain);
      check.add(plain.subarray(0, bytes));
      return bytes;
    },
    end: () => giveKernelBack(kernel),
  };
}
