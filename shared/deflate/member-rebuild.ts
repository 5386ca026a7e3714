/** Makes the deflated data of one member again, step by step. */
import { TransferError } from '../errors.ts';
import { impossible } from '../wrapped/section.ts';
import { configureKernel, type Kernel } from './kernel.ts';
import type { Maker } from './makers.ts';

/** What the kernel says it stopped for. */
const NEEDS_PLAIN = 0;
const OVER = 1;
const FULL = 2;
const NEEDS_CORRECTIONS = 3;
const TOO_MUCH = 5;

/** What is known of a member beforehand. */
export interface MemberTask {
  readonly maker: Maker;
  readonly segmentPower: number;
  readonly plainBytes: number;
  readonly correctionsBytes: number;
}

export interface MemberPorts {
  /** At most `bytes` bytes of the corrections that come next; none: there are no more. */
  corrections(bytes: number): Uint8Array;
  /** Owns its argument. */
  made(bytes: Uint8Array): void;
}

export interface MemberRebuild {
  /** Goes on as far as the plain bytes allow; true at the end of the member. Throws as `PutTogether.push` does. */
  advance(): boolean;
  /** Takes plain bytes, a copy of them; returns how many. */
  push(plain: Uint8Array): number;
}

/** @throws TransferError INTEGRITY where there is no such maker. */
export function startMemberRebuild(kernel: Kernel, task: MemberTask, ports: MemberPorts): MemberRebuild {
  const { run, memory, compressedAt, plainAt, correctionsAt } = kernel;
  let plainLeft = task.plainBytes;
  let correctionsLeft = task.correctionsBytes;
  const feedCorrections = (): void => {
    const kept = run.keepCorrections();
    const part = ports.corrections(Math.min(correctionsLeft, run.correctionsRoom() - kept));
    if (part.byteLength === 0 && correctionsLeft > 0) throw impossible('corrections are missing');
    memory.set(part, correctionsAt + kept);
    correctionsLeft -= part.byteLength;
    run.addCorrections(part.byteLength, correctionsLeft === 0 ? 1 : 0);
  };
  if (task.segmentPower > 0 && (task.segmentPower < 16 || task.segmentPower > 30)) throw impossible('segment');
  if (!configureKernel(kernel, task.maker, task.segmentPower)) throw impossible('maker');
  run.makePlainRoom();
  run.startRebuild();
  feedCorrections();
  if (plainLeft === 0) run.endPlain();
  return {
    advance() {
      for (;;) {
        const stopped = run.rebuild();
        const made = run.madeBytes();
        if (made > 0) ports.made(memory.slice(compressedAt, compressedAt + made));
        run.clearMade();
        if (stopped === NEEDS_PLAIN) return false;
        if (stopped === OVER) break;
        if (stopped === NEEDS_CORRECTIONS) feedCorrections();
        else if (stopped === TOO_MUCH) throw new TransferError('LIMIT_EXCEEDED', 'a reconstruction asks for more work than any real one');
        else if (stopped !== FULL) throw impossible('its corrections do not fit the plain bytes');
      }
      if (plainLeft > 0 || correctionsLeft > 0 || run.isUsedUp() === 0) throw impossible('something of a member is left over');
      return true;
    },
    push(plain) {
      run.makePlainRoom();
      const bytes = Math.min(plain.byteLength, plainLeft, run.plainRoom());
      if (bytes === 0) throw impossible('the data ends before the plain bytes');
      memory.set(plain.subarray(0, bytes), plainAt + run.plainEnd());
      run.addPlain(bytes);
      plainLeft -= bytes;
      if (plainLeft === 0) run.endPlain();
      return bytes;
    },
  };
}
