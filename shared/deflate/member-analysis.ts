/** Takes one member apart: deflated bytes in, plain bytes and corrections out. */
import { chooseMaker, SAMPLE_BYTES, type Choice, type Thoroughness } from './choose-maker.ts';
import { configureKernel, type Kernel, type KernelExports } from './kernel.ts';
import { baseBefore, type Mark } from './marks.ts';

/** What the kernel says it stopped for. */
const OVER = 1;
const FULL = 2;
const AT_MARK = 4;
/** So many are there when the maker is chosen: whatever is tried comes to the end of its sample, however the bytes arrive. */
const CHOICE_BYTES = SAMPLE_BYTES + 72 * 1024;
/** Marks begin behind the sample, which has been followed then, or has not. */
const MARKS_FROM = SAMPLE_BYTES + 1024;
/** Corrections that are gathered before they are taken out of the kernel. */
const CORRECTIONS_STEP = 64 * 1024;

export interface MemberAnalysis {
  /** Takes bytes of `compressed`; returns how many. Fewer than there are: the member is over, or `isWrong`. */
  push(compressed: Uint8Array, isLast: boolean): number;
  /** A copy of the bytes that were taken and are not the member's. */
  rest(): Uint8Array;
  readonly isOver: boolean;
  readonly isWrong: boolean;
  /** Once some of it is known. */
  readonly choice: Choice | undefined;
  readonly plainBytes: number;
  readonly correctionsBytes: number;
}

export interface MemberSinks {
  /** Owns its argument. */
  plain(bytes: Uint8Array): void;
  /** Valid during the call. */
  corrections(bytes: Uint8Array): void;
  /** Where it is given, the member gets marks. */
  readonly marks?: { readonly power: number; add(mark: Mark): void };
}

/** @param likely the choice for the member before */
export function createMemberAnalysis(
  kernel: Kernel,
  likely: Choice | undefined,
  sinks: MemberSinks,
  thoroughness: Thoroughness = 'any',
): MemberAnalysis {
  const { run, memory, compressedAt, plainAt, correctionsAt } = kernel;
  run.makePlainRoom();
  run.startMember();
  let given = run.plainEnd();
  let choice: Choice | undefined;
  let plainBytes = 0;
  let correctionsBytes = 0;
  let isOver = false;
  let isWrong = false;
  // Little at first: a small member gives back what it does not need.
  let feedMax = 1024;

  const takePlain = (): boolean => {
    const end = run.plainEnd();
    if (end === given) return false;
    plainBytes += end - given;
    sinks.plain(memory.slice(plainAt + given, plainAt + end));
    given = end;
    return true;
  };
  const takeCorrections = (): void => {
    const bytes = run.correctionsBytes();
    if (bytes === 0) return;
    correctionsBytes += bytes;
    sinks.corrections(memory.subarray(correctionsAt, correctionsAt + bytes));
    run.clearCorrections();
  };
  /** Goes on until there is nothing to do without more input. */
  const work = (): void => {
    for (;;) {
      const inflated = run.inflate();
      const hasMore = takePlain();
      if (inflated > OVER) {
        isWrong = true;
        return;
      }
      if (choice === undefined) {
        if (inflated !== OVER && plainBytes < CHOICE_BYTES) return;
        choice = startFollowing(kernel, inflated === OVER, likely, thoroughness);
        isWrong = choice === undefined;
        if (choice === undefined) return;
        if (sinks.marks) run.startMarks(Math.max(2 ** sinks.marks.power, MARKS_FROM), 2 ** sinks.marks.power);
      }
      const analysed = run.analyse(CORRECTIONS_STEP, 0);
      takeCorrections();
      if (analysed === AT_MARK) {
        takeMark(run, sinks, plainBytes, correctionsBytes, choice);
        continue;
      }
      isWrong = analysed > FULL;
      isOver = analysed === OVER;
      if (isWrong || isOver) return;
      const room = run.plainRoom();
      run.makePlainRoom();
      given = run.plainEnd();
      if (!hasMore && analysed !== FULL && run.plainRoom() === room) return;
    }
  };
  return {
    push(compressed, isLast) {
      let from = 0;
      for (;;) {
        if (isOver || isWrong) break;
        const waiting = run.makeRoom();
        const bytes = Math.min(compressed.byteLength - from, run.roomBytes() - waiting, feedMax);
        if (bytes === 0 && !(isLast && from === compressed.byteLength)) break;
        feedMax *= 2;
        memory.set(compressed.subarray(from, from + bytes), compressedAt + waiting);
        from += bytes;
        const isInputOver = isLast && from === compressed.byteLength;
        run.addCompressed(bytes, isInputOver ? 1 : 0);
        work();
        if (isInputOver && !isOver) isWrong = true;
      }
      return from;
    },
    rest() {
      const bytes = run.makeRoom();
      return memory.slice(compressedAt, compressedAt + bytes);
    },
    get isOver() {
      return isOver;
    },
    get isWrong() {
      return isWrong;
    },
    get choice() {
      return choice;
    },
    get plainBytes() {
      return plainBytes;
    },
    get correctionsBytes() {
      return correctionsBytes;
    },
  };
}

/** @param plainBytes that are there */
function takeMark(
  run: KernelExports,
  { marks }: MemberSinks,
  plainBytes: number,
  correctionsBytes: number,
  { segmentPower }: Choice,
): void {
  const position = plainBytes - run.markAhead();
  const isUsual = run.markBase() === baseBefore(position, segmentPower);
  if (isUsual) marks?.add({ position, phase: run.markPhase(), correctionsBytes, steps: run.markSteps() });
  run.passMark(isUsual ? 1 : 0);
}

/** Chooses who is followed from the start of the member on; undefined: nobody. */
function startFollowing(kernel: Kernel, isOver: boolean, likely: Choice | undefined, thoroughness: Thoroughness): Choice | undefined {
  const chosen = chooseMaker(kernel, isOver, likely, thoroughness);
  if (chosen === undefined || chosen.isFollowed) return chosen?.choice;
  configureKernel(kernel, chosen.choice.maker, chosen.choice.segmentPower);
  kernel.run.startTrial(isOver ? 1 : 0);
  return chosen.choice;
}
