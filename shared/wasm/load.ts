/** Finds, compiles and instantiates the modules that build.ts made. */
import { readFileSync } from 'node:fs';

/** Functions take and give plain numbers; addresses are byte offsets into `memory`. */
export interface WasmInstance<Exports> {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
}

const PAGE_BYTES = 64 * 1024;
/** Memories, dead or alive, of this thread since the last collection: V8 does not count them when it decides to collect. A collection costs 20 ms. */
const IDLE_BYTES_MAX = 64 * 1024 * 1024;
const BUSY_BYTES_MAX = 96 * 1024 * 1024;
let bytesMade = 0;
let collect: (() => void) | undefined;
const modules = new Map<string, WebAssembly.Module | undefined>();

/**
 * A new instance of module `name` with a zeroed memory of its own of at least `memoryBytes`; undefined where the module was not
 * built, and the caller takes its plain implementation.
 */
export function createWasmInstance<Exports>(name: string, memoryBytes: number): WasmInstance<Exports> | undefined {
  const module = loadModule(name);
  if (module === undefined) return undefined;
  if (bytesMade + memoryBytes > BUSY_BYTES_MAX) collectMemories();
  const memory = new WebAssembly.Memory({ initial: Math.ceil(memoryBytes / PAGE_BYTES) });
  bytesMade += memory.buffer.byteLength;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, exports: instance.exports as Exports };
}

/** Dead memories of this thread are from now on freed by `collector` when too many have come together. */
export function collectMemoriesWith(collector: () => void): void {
  collect = collector;
}

/** Call between two pieces of work, when memories are dead: frees them where that pays, by default where they have 64 MiB together. */
export function collectIdleMemories(bytesMin = IDLE_BYTES_MAX): void {
  if (bytesMade >= bytesMin) collectMemories();
}

function collectMemories(): void {
  if (bytesMade > 0) collect?.();
  bytesMade = 0;
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
