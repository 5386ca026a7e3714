/** Makes a compressed stream again from its plain bytes and a reconstruction. */
import { copyBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { createCheck, type Check } from './frame.ts';
import { configureKernel, giveKernelBack, takeKernel } from './kernel.ts';
import type { PutTogether } from './port.ts';
import { impossible, readReconstruction, type Member } from './reconstruction.ts';

/** What the kernel says it stopped for. */
const NEEDS_PLAIN = 0;
const OVER = 1;
const FULL = 2;
const NEEDS_CORRECTIONS = 3;
const TOO_MUCH = 5;

/** Makes the compressed stream again that `reconstruction` was taken from; it is looked at until the end. Throws as `PutTogether.push` does. */
export function createPutTogether(reconstruction: Uint8Array): PutTogether {
  const reader = readReconstruction(reconstruction);
  const kernel = takeKernel();
  const { run, memory, compressedAt, plainAt, correctionsAt } = kernel;
  let out: Uint8Array[] = [];
  let madeBytes = 0;
  let member: Member | undefined;
  let check: Check | undefined;
  /** Plain bytes and corrections of the member that the kernel does not have yet. */
  let plainLeft = 0;
  let correctionsLeft = 0;

  const give = (bytes: Uint8Array): void => {
    madeBytes += bytes.byteLength;
    if (madeBytes > reader.compressedBytes) throw impossible('it makes more than it announces');
    if (bytes.byteLength > 0) out.push(bytes);
  };
  const feedCorrections = (): void => {
    const kept = run.keepCorrections();
    const part = reader.corrections(Math.min(correctionsLeft, run.correctionsRoom() - kept));
    if (part.byteLength === 0 && correctionsLeft > 0) throw impossible('corrections are missing');
    memory.set(part, correctionsAt + kept);
    correctionsLeft -= part.byteLength;
    run.addCorrections(part.byteLength, correctionsLeft === 0 ? 1 : 0);
  };
  /** False where there is none left. */
  const startMember = (): boolean => {
    member = reader.nextMember();
    if (member === undefined) return false;
    give(copyBytes(member.header));
    check = createCheck(member.frame);
    if (member.segmentPower > 0 && (member.segmentPower < 16 || member.segmentPower > 30)) throw impossible('segment');
    if (!configureKernel(kernel, member.maker, member.segmentPower)) throw impossible('maker');
    run.makePlainRoom();
    run.startRebuild();
    plainLeft = member.plainBytes;
    correctionsLeft = member.correctionsBytes;
    feedCorrections();
    if (plainLeft === 0) run.endPlain();
    return true;
  };
  /** Goes on as far as the plain bytes in the kernel allow; true at the end of the member. */
  const work = (): boolean => {
    for (;;) {
      const stopped = run.rebuild();
      const made = run.madeBytes();
      if (made > 0) give(memory.slice(compressedAt, compressedAt + made));
      run.clearMade();
      if (stopped === NEEDS_PLAIN) return false;
      if (stopped === OVER) return true;
      if (stopped === NEEDS_CORRECTIONS) feedCorrections();
      else if (stopped === TOO_MUCH) throw new TransferError('LIMIT_EXCEEDED', 'a reconstruction asks for more work than any real one');
      else if (stopped !== FULL) throw impossible('its corrections do not fit the plain bytes');
    }
  };
  /** Members that are complete with what the kernel has, and the start of the next. */
  const finishMembers = (): void => {
    while ((member !== undefined || startMember()) && work()) {
      if (plainLeft > 0 || correctionsLeft > 0 || run.isUsedUp() === 0) throw impossible('something of a member is left over');
      give(member?.trailer === undefined ? (check?.trailer() ?? new Uint8Array(0)) : copyBytes(member.trailer));
      member = undefined;
    }
  };
  const advance = (plain: Uint8Array): Uint8Array[] => {
    let at = 0;
    finishMembers();
    while (at < plain.byteLength) {
      if (member === undefined) throw impossible('more plain bytes than it announces');
      run.makePlainRoom();
      const bytes = Math.min(plain.byteLength - at, plainLeft, run.plainRoom());
      if (bytes === 0) throw impossible('the data ends before the plain bytes');
      const part = plain.subarray(at, at + bytes);
      memory.set(part, plainAt + run.plainEnd());
      check?.add(part);
      run.addPlain(bytes);
      at += bytes;
      plainLeft -= bytes;
      if (plainLeft === 0) run.endPlain();
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
      if (member !== undefined) throw impossible('plain bytes are missing');
      const tail = copyBytes(reader.tail());
      give(tail);
      if (madeBytes !== reader.compressedBytes) throw impossible('it makes less than it announces');
      giveKernelBack(kernel);
      return tail.byteLength > 0 ? [...made, tail] : made;
    },
  };
}
