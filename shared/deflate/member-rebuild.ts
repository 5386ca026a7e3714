/** Makes the deflated data of one member again, step by step. */
import { TransferError } from '../errors.ts';
import { impossible } from '../wrapped/section.ts';
import { configureKernel, type Kernel } from './kernel.ts';
import type { Maker } from './makers.ts';
import { baseBefore, type Mark } from './marks.ts';

/** What the kernel says it stopped for. */
const NEEDS_PLAIN = 0;
const OVER = 1;
const FULL = 2;
const NEEDS_CORRECTIONS = 3;
const TOO_MUCH = 5;
const PART_OVER = 6;
/** Says that a part goes on to the member's end. */
const TO_THE_END = 2 ** 32 - 1;

/** What is known of a member beforehand. */
export interface MemberTask {
  readonly maker: Maker;
  readonly segmentPower: number;
  readonly plainBytes: number;
  readonly correctionsBytes: number;
  /** Given where this is not all of the member: `plainBytes` are then those behind the part's start that are there. */
  readonly part?: MemberPart;
}

export interface MemberPart extends Pick<Mark, 'position' | 'phase' | 'steps'> {
  /** The plain bytes before it that are known. */
  readonly before: Uint8Array;
  /** Of the part, where a block and the part end; undefined: it goes on to the member's end. */
  readonly bytes: number | undefined;
  /** Whether the member ends with the plain bytes. */
  readonly isEnd: boolean;
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
  /** Behind the end of a part: gives the byte that it shares with the next one, too. Returns how many of its bits are used; 0: there is none. */
  flush(): number;
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
  const { part } = task;
  const isEnd = part?.isEnd ?? true;
  const takeMade = (): void => {
    const made = run.madeBytes();
    if (made > 0) ports.made(memory.slice(compressedAt, compressedAt + made));
    run.clearMade();
  };
  run.makePlainRoom();
  if (part === undefined) run.startRebuild();
  else startPart(kernel, part, task.segmentPower);
  feedCorrections();
  if (plainLeft === 0 && isEnd) run.endPlain();
  return {
    advance() {
      for (;;) {
        const stopped = run.rebuild();
        takeMade();
        if (stopped === NEEDS_PLAIN) return false;
        if (stopped === PART_OVER) return true;
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
      if (plainLeft === 0 && isEnd) run.endPlain();
      return bytes;
    },
    flush() {
      const bits = run.flushBits();
      takeMade();
      return bits;
    },
  };
}

function startPart({ run, memory, plainAt }: Kernel, { before, position, phase, steps, bytes }: MemberPart, segmentPower: number): void {
  memory.set(before, plainAt + run.plainEnd());
  run.addPlain(before.byteLength);
  const segmentBytes = 2 ** segmentPower;
  run.startPart(
    before.byteLength,
    baseBefore(position, segmentPower),
    segmentBytes - (position % segmentBytes),
    phase,
    steps,
    bytes ?? TO_THE_END,
  );
}
