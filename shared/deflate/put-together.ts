/** Makes a compressed stream again from its plain bytes and a reconstruction. */
import { copyBytes } from '../bytes.ts';
import { impossible } from '../wrapped/section.ts';
import { createCheck, type Check } from './frame.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { startMemberRebuild, type MemberRebuild } from './member-rebuild.ts';
import type { PutTogether } from './port.ts';
import { readReconstruction, type Member } from './reconstruction.ts';

/** The member at hand. */
interface OpenMember {
  readonly member: Member;
  readonly check: Check;
  readonly rebuild: MemberRebuild;
}

/** Makes the compressed stream again that `reconstruction` was taken from; it is looked at until the end. Throws as `PutTogether.push` does. */
export function createPutTogether(reconstruction: Uint8Array): PutTogether {
  const reader = readReconstruction(reconstruction);
  const kernel = takeKernel();
  let out: Uint8Array[] = [];
  let madeBytes = 0;
  let open: OpenMember | undefined;

  const give = (bytes: Uint8Array): void => {
    madeBytes += bytes.byteLength;
    if (madeBytes > reader.compressedBytes) throw impossible('it makes more than it announces');
    if (bytes.byteLength > 0) out.push(bytes);
  };
  const ports = { corrections: (bytes: number) => reader.corrections(bytes), made: give };
  /** False where there is none left. */
  const startMember = (): boolean => {
    const member = reader.nextMember();
    if (member === undefined) return false;
    give(copyBytes(member.header));
    open = { member, check: createCheck(member.frame), rebuild: startMemberRebuild(kernel, member, ports) };
    return true;
  };
  /** Members that are complete with what the kernel has, and the start of the next. */
  const finishMembers = (): void => {
    while ((open !== undefined || startMember()) && open?.rebuild.advance() === true) {
      const { member, check } = open;
      give(member.trailer === undefined ? check.trailer() : copyBytes(member.trailer));
      open = undefined;
    }
  };
  const advance = (plain: Uint8Array): Uint8Array[] => {
    let at = 0;
    finishMembers();
    while (at < plain.byteLength) {
      if (open === undefined) throw impossible('more plain bytes than it announces');
      const bytes = open.rebuild.push(plain.subarray(at));
      open.check.add(plain.subarray(at, at + bytes));
      at += bytes;
      finishMembers();
    }
    const made = out;
    out = [];
    return made;
  };
  return {
    compressedBytes: reader.compressedBytes,
    plainBytes: reader.plainBytes,
    push: advance,
    end() {
      const made = advance(new Uint8Array(0));
      if (open !== undefined) throw impossible('plain bytes are missing');
      const tail = copyBytes(reader.tail());
      give(tail);
      if (madeBytes !== reader.compressedBytes) throw impossible('it makes less than it announces');
      giveKernelBack(kernel);
      return tail.byteLength > 0 ? [...made, tail] : made;
    },
  };
}
