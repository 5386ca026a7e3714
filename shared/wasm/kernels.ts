/** Instances of a module that work on one stream after the other. */
import { TransferError } from '../errors.ts';
import { createWasmInstance } from './load.ts';

/** Of a module whose memory has a layout of its own. */
interface KernelExports {
  /** Forgets the stream before. */
  start(): void;
  /** What the layout needs. */
  memoryBytes(): number;
}

export interface Kernels<Kernel> {
  /** An instance for one stream; whoever is done with it gives it back. */
  take(this: void): Kernel;
  giveBack(this: void, kernel: Kernel): void;
}

/**
 * @param memoryBytes as the module's layout adds up; looked at when an instance is made.
 * @param keptMax instances that are kept while nobody has them.
 */
export function createKernels<Exports extends KernelExports, Kernel extends { readonly run: Exports }>(
  name: string,
  { memoryBytes, keptMax }: { readonly memoryBytes: number; readonly keptMax: number },
  kernelOf: (run: Exports, memory: Uint8Array) => Kernel,
): Kernels<Kernel> {
  const kept: Kernel[] = [];
  const create = (): Kernel => {
    const wasm = createWasmInstance<Exports>(name, memoryBytes);
    if (wasm === undefined) throw new TransferError('INTERNAL', `the module ${name}.wasm was not built`);
    if (wasm.exports.memoryBytes() > memoryBytes) throw new TransferError('INTERNAL', `${name}.wasm needs more memory`);
    return kernelOf(wasm.exports, new Uint8Array(wasm.memory.buffer));
  };
  return {
    take() {
      const kernel = kept.pop() ?? create();
      kernel.run.start();
      return kernel;
    },
    giveBack(kernel) {
      if (kept.length < keptMax) kept.push(kernel);
    },
  };
}
