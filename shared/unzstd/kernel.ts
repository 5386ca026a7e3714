/** The WebAssembly module that does the work (wasm/assembly/unzstd.ts), with its memory. */
import { createKernels } from '../wasm/kernels.ts';

export interface KernelExports {
  start(): void;
  memoryBytes(): number;
  blockAddress(): number;
  madeAddress(): number;
  recordAddress(): number;
  recordRoom(): number;
  plainAddress(): number;
  startFrame(): void;
  generationNow(): number;
  useGeneration(number: number): void;
  takeBlock(bytes: number, isWhole: number): number;
  takenBytes(): number;
  recordFlags(): number;
  recordBytes(): number;
  makeRoom(): void;
  makeBlock(bytes: number, isLast: number, isWhole: number, flags: number, recordBytes: number): number;
  madeBytes(): number;
  frameChecksum(): number;
}

export interface Kernel {
  readonly run: KernelExports;
  readonly memory: Uint8Array;
}

const kernels = createKernels<KernelExports, Kernel>('unzstd', { memoryBytes: 25 * 1024 * 1024, keptMax: 1 }, (run, memory) => ({
  run,
  memory,
}));
export const { take: takeKernel, giveBack: giveKernelBack } = kernels;
