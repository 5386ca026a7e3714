/** The WebAssembly module that does the work (wasm/assembly/undeflate.ts), with its memory. */
import { createKernels } from '../wasm/kernels.ts';
import { makerSettings, type Maker } from './makers.ts';

export interface KernelExports {
  start(): void;
  limitLooks(first: number, perByte: number): void;
  leftLooks(): number;
  memoryBytes(): number;
  compressedAddress(): number;
  plainAddress(): number;
  correctionsAddress(): number;
  plainEnd(): number;
  startMember(): void;
  makeRoom(): number;
  roomBytes(): number;
  addCompressed(bytes: number, isOver: number): void;
  inflate(): number;
  endPlain(): void;
  configure(
    finder: number,
    hashKind: number,
    good: number,
    lazy: number,
    nice: number,
    looks: number,
    blockRule: number,
    blockSize: number,
    isGo: number,
    segmentBytes: number,
  ): void;
  startTrial(isOver: number): void;
  analyse(correctionsMax: number, plainMax: number): number;
  startMarks(first: number, every: number): void;
  markAhead(): number;
  markBase(): number;
  markPhase(): number;
  markSteps(): number;
  passMark(isTaken: number): void;
  correctionsBytes(): number;
  clearCorrections(): void;
  keepCorrections(): number;
  correctionsRoom(): number;
  addCorrections(bytes: number, isLast: number): void;
  isUsedUp(): number;
  startRebuild(): void;
  startPart(known: number, back: number, segmentLeft: number, phase: number, steps: number, bytes: number): void;
  flushBits(): number;
  addPlain(bytes: number): void;
  plainRoom(): number;
  rebuild(): number;
  madeBytes(): number;
  clearMade(): void;
  makePlainRoom(): void;
}

export interface Kernel {
  readonly run: KernelExports;
  readonly memory: Uint8Array;
  readonly compressedAt: number;
  readonly plainAt: number;
  readonly correctionsAt: number;
}

const kernels = createKernels<KernelExports, Kernel>('undeflate', { memoryBytes: 9 * 1024 * 1024, keptMax: 4 }, (run, memory) => ({
  run,
  memory,
  compressedAt: run.compressedAddress(),
  plainAt: run.plainAddress(),
  correctionsAt: run.correctionsAddress(),
}));
export const { take: takeKernel, giveBack: giveKernelBack } = kernels;

/** Sets the encoder to predict. False where there is none of that number. */
export function configureKernel({ run }: Kernel, maker: Maker, segmentPower: number): boolean {
  const settings = makerSettings(maker);
  if (settings === undefined) return false;
  const { finder, hashKind, good, lazy, nice, looks, blockRule, blockSize, isGo } = settings;
  const segmentBytes = segmentPower === 0 ? 0 : 2 ** segmentPower;
  run.configure(finder, hashKind, good, lazy, nice, looks, blockRule, blockSize, isGo ? 1 : 0, segmentBytes);
  return true;
}
