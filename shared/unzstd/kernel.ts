/** The WebAssembly module that does the work (wasm/assembly/unzstd.ts), with its memory. */
import { TransferError } from '../errors.ts';
import { createWasmInstance } from '../wasm/load.ts';

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

/** As unzstd/layout.ts adds up; looked at when an instance is made. */
const MEMORY_BYTES = 25 * 1024 * 1024;
const KEPT_MAX = 1;
const kept: Kernel[] = [];

/** An instance for one stream; whoever is done with it gives it back. */
export function takeKernel(): Kernel {
  const kernel = kept.pop() ?? createKernel();
  kernel.run.start();
  return kernel;
}

export function giveKernelBack(kernel: Kernel): void {
  if (kept.length < KEPT_MAX) kept.push(kernel);
}

function createKernel(): Kernel {
  const wasm = createWasmInstance<KernelExports>('unzstd', MEMORY_BYTES);
  if (wasm === undefined) throw new TransferError('INTERNAL', 'the module unzstd.wasm was not built');
  const run = wasm.exports;
  if (run.memoryBytes() > MEMORY_BYTES) throw new TransferError('INTERNAL', 'unzstd.wasm needs more memory');
  return { run, memory: new Uint8Array(wasm.memory.buffer) };
}
