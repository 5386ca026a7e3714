/** Finds, compiles and instantiates the modules that build.ts made. */
import { readFileSync } from 'node:fs';

/** Functions take and give plain numbers; addresses are byte offsets into `memory`. */
export interface WasmInstance<Exports> {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
}

const PAGE_BYTES = 64 * 1024;
let bytesMade = 0;
const modules = new Map<string, WebAssembly.Module | undefined>();

/**
 * A new instance of module `name` with a zeroed memory of its own of at least `memoryBytes`; undefined where the module was not
 * built, and the caller takes its plain implementation.
 */
export function createWasmInstance<Exports>(name: string, memoryBytes: number): WasmInstance<Exports> | undefined {
  const module = loadModule(name);
  if (module === undefined) return undefined;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(memoryBytes / PAGE_BYTES) });
  bytesMade += memory.buffer.byteLength;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, exports: instance.exports as Exports };
}

/** Bytes of all memories that were made in this thread, dead or alive: V8 does not count them when it decides to collect. */
export function wasmBytesMade(): number {
  return bytesMade;
}

function loadModule(name: string): WebAssembly.Module | undefined {
  if (!modules.has(name)) modules.set(name, compile(new URL(`${name}.wasm`, import.meta.url)));
  return modules.get(name);
}

function compile(file: URL): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(readFileSync(file));
  } catch {
    return undefined;
  }
}
